/** Parts of the language that are not used, and parts of the runtime that stay out of places. */
import ts from "typescript";
import { findNodes, isCode, isProduct, isProof, type Rule, type TreeFile } from "./tree.ts";

const noAny: Rule = {
  name: "nothing is typed any",
  find: (tree) =>
    findNodes(
      tree.filter(isCode),
      (node) => node.kind === ts.SyntaxKind.AnyKeyword && "any; say unknown and narrow it",
    ),
  refuses: [
    { "src/x.ts": "export function f(a: any) {}" },
    { "test/x.ts": "const a = b as unknown as any[];" },
  ],
  accepts: [{ "src/x.ts": "// In any case.\nconst any = 'any';" }],
};

const noNonNull: Rule = {
  name: "no value is declared present without a proof",
  find: (tree) =>
    findNodes(tree.filter(isCode), (node) => {
      const isDefinite =
        (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) &&
        node.exclamationToken !== undefined;
      return (ts.isNonNullExpression(node) || isDefinite) && "a non-null mark; use present()";
    }),
  refuses: [
    { "src/x.ts": "const a = list[0]!;" },
    { "src/x.ts": "let a!: string;" },
    { "test/x.ts": "class A { a!: string }" },
  ],
  accepts: [{ "src/x.ts": "const a = !b; const c = a !== b;" }],
};

const noDefaultExport: Rule = {
  name: "no module has a default export",
  find: (tree) =>
    findNodes(tree.filter(isCode), (node) => {
      const isNamedDefault = ts.isExportSpecifier(node) && node.name.text === "default";
      const isDefault =
        ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword || isNamedDefault;
      const isSwitchCase = node.parent !== undefined && ts.isCaseOrDefaultClause(node.parent);
      return isDefault && !isSwitchCase && "a default export; give it its name";
    }),
  refuses: [
    { "src/x.ts": "export default function f() {}" },
    { "src/x.ts": "const a = 1;\nexport default a;" },
    { "src/x.ts": "const a = 1;\nexport { a as default };" },
  ],
  accepts: [{ "src/x.ts": "import ts from 'typescript';\nswitch (a) { default: f(); }" }],
};

const MAY_PRINT = /^(src\/cli|bench|(sdk\/)?test|examples)\/|\.test\.ts$/;

const noConsole: Rule = {
  name: "only the CLI, benchmarks, examples and tests print to the console",
  find: (tree) =>
    findNodes(
      tree.filter((file) => isCode(file) && !MAY_PRINT.test(file.path)),
      (node) => isReference(node) && node.text === "console" && "console; return it or log it",
    ),
  refuses: [{ "src/http/x.ts": "console.log(1);" }, { "src/x.ts": "const { log } = console;" }],
  accepts: [
    { "src/cli/x.ts": "console.log(1);", "bench/main.ts": "console.log(1);" },
    { "src/x.ts": "admin.console.open(); // console.log" },
  ],
};

const BUILT_IN_ERROR = /^(Error|TypeError|RangeError|SyntaxError|AggregateError)$/;

const noPlainError: Rule = {
  name: "only broken invariants throw a plain error, all else has a code of the catalogue",
  find: (tree) =>
    findNodes(
      tree.filter((file) => isCode(file) && !isProof(file) && file.path !== "src/domain/assert.ts"),
      (node) => {
        if (!ts.isNewExpression(node)) return false;
        const name = node.expression.getText();
        return BUILT_IN_ERROR.test(name) && `new ${name}; use TollgateError or assert`;
      },
    ),
  refuses: [
    { "src/engine/x.ts": "throw new Error('no');" },
    { "examples/x.ts": "const e = new TypeError('no');\nthrow e;" },
  ],
  accepts: [
    { "src/domain/assert.ts": "throw new Error('broken');" },
    { "src/x.test.ts": "throw new Error('injected');", "bench/x.ts": "throw new Error('slow');" },
    { "src/x.ts": "throw new TollgateError('internal', 'new Error()');" },
  ],
};

/** An identifier that names a value or type of the scope: not a property, not a key. */
function isReference(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  const isNamed =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent);
  return !(isNamed && parent.name === node);
}

const IMPURE_NAMES = new Set([
  ...["Date", "process", "fetch", "performance", "crypto", "console", "Promise", "Buffer"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "globalThis", "require"],
]);
const IMPURE_PROPERTIES = /^(Math\.random|Temporal\.Now)$/;
const IMPURE_SYNTAX: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.AsyncKeyword, "async"],
  [ts.SyntaxKind.AwaitExpression, "await"],
  [ts.SyntaxKind.AwaitKeyword, "await"],
  [ts.SyntaxKind.MetaProperty, "import.meta"],
]);

function impurityOf(node: ts.Node): string | undefined {
  if (isReference(node) && IMPURE_NAMES.has(node.text)) return node.text;
  if (ts.isPropertyAccessExpression(node) && IMPURE_PROPERTIES.test(node.getText())) {
    return node.getText();
  }
  const isForeign = ts.isStringLiteral(node) && !node.text.startsWith(".");
  if (isForeign && ts.isImportDeclaration(node.parent)) return `import of ${node.text}`;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return "import()";
  }
  return IMPURE_SYNTAX.get(node.kind);
}

const isDomain = (file: TreeFile) => isProduct(file) && file.path.startsWith("src/domain/");

const pureDomain: Rule = {
  name: "the domain has no clock, randomness, I/O or async",
  find: (tree) =>
    findNodes(tree.filter(isDomain), (node) => {
      const impurity = impurityOf(node);
      return impurity && `${impurity} in the domain; take it as an argument`;
    }),
  refuses: [
    "const now = Date.now();",
    "export function f(at: Date) {}",
    "const r = Math.random();",
    "const now = Temporal.Now.instant();",
    "const home = process.env.HOME;",
    "import { readFileSync } from 'node:fs';",
    "import { parse } from 'yaml';",
    "const module = import('./money.ts');",
    "async function f() {}",
    "await f();",
    "for await (const a of b) f(a);",
    "function f(): Promise<void> {}",
    "setTimeout(f, 1);",
    "const here = import.meta.url;",
  ].map((text) => ({ "src/domain/x.ts": text })),
  accepts: [
    {
      "src/domain/x.ts": "// Date\nimport { a } from './a.ts';\nconst b = { process: a.process };",
      "src/domain/x.test.ts": "import test from 'node:test';\nconst now = Date.now();",
      "src/engine/x.ts": "async function f() { await g(Date.now()); }",
    },
  ],
};

const domainTests: Rule = {
  name: "every domain file with behaviour has a test beside it",
  find: (tree) => {
    const paths = new Set(tree.map(({ path }) => path));
    return tree
      .filter((file) => isDomain(file) && findNodes([file], hasBehaviour).length > 0)
      .filter(({ path }) => !paths.has(path.replace(/\.ts$/, ".test.ts")))
      .map(({ path }) => ({ path, line: 1, message: "no test file beside it" }));
  },
  refuses: [
    { "src/domain/x.ts": "export const f = () => 1;", "src/domain/y.test.ts": "" },
    { "src/domain/x.ts": "export class A {}" },
  ],
  accepts: [
    { "src/domain/types.ts": "export interface A { f(): void }\nexport const LIMIT = 1;" },
    { "src/domain/x.ts": "export function f() {}", "src/domain/x.test.ts": "f();" },
  ],
};

function hasBehaviour(node: ts.Node): string | false {
  const isFunction = ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
  return (isFunction || ts.isClassLike(node)) && "behaviour";
}

const PARSES_JSON = "src/domain/parse-json.ts";

const noReviver: Rule = {
  name: "one file alone gives JSON.parse a reviver, which no text but JSON survives",
  find: (tree) =>
    findNodes(
      tree.filter((file) => isCode(file) && file.path !== PARSES_JSON && !isTest(file.path)),
      (node) => {
        if (!ts.isPropertyAccessExpression(node) || node.getText() !== "JSON.parse") return false;
        const { parent } = node;
        const isCalled = ts.isCallExpression(parent) && parent.expression === node;
        const isPlain = isCalled && parent.arguments.length === 1;
        return !isPlain && `JSON.parse with a reviver; use those of ${PARSES_JSON}`;
      },
    ),
  refuses: [
    { "src/x.ts": "const a = JSON.parse(text, (key, value) => value);" },
    { "sdk/src/x.ts": "const parse = JSON.parse as Parse;" },
    { "test/corpus/x.ts": "const a = texts.map(JSON.parse);" },
  ],
  accepts: [
    { [PARSES_JSON]: "const a = JSON.parse(text, revive);" },
    { "src/x.ts": "const a = JSON.parse(text); // JSON.parse(a, b)" },
    { "src/x.test.ts": "assert.deepEqual(a, JSON.parse(text, revive));" },
  ],
};

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

export const LANGUAGE_RULES: readonly Rule[] = [
  noAny,
  noNonNull,
  noDefaultExport,
  noConsole,
  noPlainError,
  noReviver,
  pureDomain,
  domainTests,
];
