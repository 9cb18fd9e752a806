/** What a module offers is used and explained. */
import ts from "typescript";
import { type Import, importsOf } from "./imports.ts";
import {
  findingAt,
  isProduct,
  isProof,
  isSdk,
  nodesOf,
  type Rule,
  syntaxOf,
  type TreeFile,
} from "./tree.ts";

interface Exported {
  readonly name: string;
  readonly node: ts.Statement;
  readonly isType: boolean;
}

/** Declarations that a file exports, lists (`export { a }`) aside. */
function exportsOf(file: TreeFile): Exported[] {
  return syntaxOf(file).statements.flatMap((node) => {
    const isExported =
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    return namesOf(node).map((name) => ({ name, node, isType }));
  });
}

function namesOf(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.map(({ name }) => name.getText());
  }
  const name = ts.isDeclarationStatement(node) ? node.name : undefined;
  return name === undefined ? [] : [name.getText()];
}

function takes(entry: Import, file: TreeFile, name: string): boolean {
  const isOther = entry.from.path !== file.path;
  const isTaken = entry.names.includes(name) || entry.names.includes("*");
  return isOther && entry.target === file.path && isTaken;
}

/**
 * The domain may offer what only tests take so far, and the composition its parts, because tests
 * compose the product with other clocks and stores. Elsewhere a test is no reason to export.
 */
function isUse(taker: TreeFile, file: TreeFile): boolean {
  const isMeasured = taker.path.startsWith("bench/");
  const isOffered = file.path.startsWith("src/domain/") || file.path === "src/compose.ts";
  return !isProof(taker) || isMeasured || isOffered;
}

/** A type that stands in its own module's signatures is part of them. */
function isNamedInside(file: TreeFile, name: string): boolean {
  const uses = nodesOf(file).filter((node) => ts.isIdentifier(node) && node.text === name);
  return uses.length > 1;
}

/** What ships: of the SDK, `index.ts` is its offer and takes the rest. */
const isShipped = (file: TreeFile) => isProduct(file) || isSdk(file);

const noUnusedExports: Rule = {
  name: "every export of src is used by the product, or in the domain at least by a test",
  find: (tree) => {
    const imports = importsOf(tree);
    return tree.filter(isShipped).flatMap((file) =>
      exportsOf(file).flatMap(({ name, node, isType }) => {
        const takers = imports.filter((entry) => takes(entry, file, name));
        if (takers.some(({ from }) => isUse(from, file))) return [];
        if (isType && isNamedInside(file, name)) return [];
        const by = takers.length === 0 ? "nothing" : "only tests";
        return [findingAt(file, node, `${name} is used by ${by}`)];
      }),
    );
  },
  refuses: [
    { "src/domain/a.ts": "export const a = 1;" },
    { "src/domain/a.ts": "export const a = 1;\nexport const b = a;", "x.ts": "import 'y';" },
    {
      "src/engine/a.ts": "export function a() {}",
      "src/engine/a.test.ts": "import { a } from './a.ts';",
    },
    {
      "src/engine/a.ts": "export interface A {}",
      "src/b.ts": "import { b } from './engine/a.ts';",
    },
    {
      "sdk/src/a.ts": "export const a = 1;",
      "sdk/test/a.test.ts": "import {a} from '../src/a.ts';",
    },
    {
      "src/engine/a.ts": "export const a = 1;\nexport const b = a;",
      "src/x.ts": "const { a } = await import('./engine/a.ts');",
    },
  ],
  accepts: [
    {
      "src/domain/a.ts": "export class A {}",
      "src/domain/a.test.ts": "import { A } from './a.ts';",
    },
    { "src/store/a.ts": "export const a = 1;", "src/x.ts": "import * as all from './store/a.ts';" },
    { "src/http/a.ts": "export const a = 1;", "src/x.ts": "const m = import('./http/a.ts');" },
    {
      "src/x.ts": "export interface A {}\nexport const a: A = {};",
      "y.ts": "import {a} from './src/x.ts';",
    },
    { "src/x.ts": "export const a = 1;", "bench/y.ts": "import { a as b } from '../src/x.ts';" },
    { "sdk/src/a.ts": "export const a = 1;", "sdk/src/index.ts": "export { a } from './a.ts';" },
  ],
};

function isDocumentable(node: ts.Statement): boolean {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isVariableStatement(node)
  );
}

function isDocumented(node: ts.Statement): boolean {
  return ts.getJSDocCommentsAndTags(node).length > 0;
}

/** Declarations without a blank line between them are one group under one comment. */
function sharesComment(node: ts.Statement): boolean {
  const source = node.getSourceFile();
  const before = source.statements[source.statements.indexOf(node) - 1];
  if (before === undefined) return false;
  const gap = source.text.slice(before.end, node.getStart());
  return /^\r?\n$/.test(gap) && (isDocumented(before) || sharesComment(before));
}

const documented: Rule = {
  name: "every exported function, class, interface and constant says what it is for",
  find: (tree) =>
    tree.filter(isShipped).flatMap((file) =>
      exportsOf(file)
        .filter(({ node }) => isDocumentable(node) && !isDocumented(node) && !sharesComment(node))
        .map(({ name, node }) => findingAt(file, node, `${name} has no doc comment`)),
    ),
  refuses: [
    { "src/x.ts": "export function f() {}" },
    { "src/x.ts": "// Not a doc comment.\nexport const a = 1;" },
    { "src/x.ts": "/** The file. */\nimport a from 'a';\n\nexport interface A {}" },
    { "src/x.ts": "/** A. */\nexport const a = 1;\n\nexport class B {}" },
    { "sdk/src/x.ts": "export function f() {}" },
  ],
  accepts: [
    { "src/x.ts": "/** A. */\nexport const a = 1;\nexport const b = 2;\nexport const c = 3;" },
    { "src/x.ts": "/** F. */\nexport function f() {}\nfunction g() {}\nexport type T = 1;" },
    { "src/x.test.ts": "export function f() {}", "test/x.ts": "export const a = 1;" },
  ],
};

export const EXPORT_RULES: readonly Rule[] = [noUnusedExports, documented];
