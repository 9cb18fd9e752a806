/** How long and wide things may be. */
import ts from "typescript";
import { findNodes, isCode, type Rule } from "./tree.ts";

const FILE_MAX_LINES = 400;
const OVERVIEW_MAX_LINES = 200;
const FUNCTION_MAX_LINES = 70;
const LINE_MAX_COLUMNS = 100;
const PARAMETERS_MAX_COUNT = 3;

const lines = (count: number, line: string) => `${line}\n`.repeat(count);

const fileLength: Rule = {
  name: `no file is longer than ${FILE_MAX_LINES} lines`,
  find: (tree) =>
    tree.filter(isCode).flatMap(({ path, text }) => {
      const count = text.trimEnd().split("\n").length;
      const message = `${count} lines; split it at a seam of its subject`;
      return count > FILE_MAX_LINES ? [{ path, line: FILE_MAX_LINES + 1, message }] : [];
    }),
  refuses: [{ "src/domain/long.ts": lines(401, "// Long.") }],
  accepts: [{ "src/domain/full.ts": lines(400, "// Full."), "docs/x.md": lines(500, "Text.") }],
};

const OVERVIEW = "ARCHITECTURE.md";

const overviewLength: Rule = {
  name: `the overview of the architecture has at most ${OVERVIEW_MAX_LINES} lines`,
  find: (tree) =>
    tree.flatMap(({ path, text }) => {
      const count = text.trimEnd().split("\n").length;
      const message = `${count} lines; say it where the code is, or in docs`;
      const isLong = path === OVERVIEW && count > OVERVIEW_MAX_LINES;
      return isLong ? [{ path, line: OVERVIEW_MAX_LINES + 1, message }] : [];
    }),
  refuses: [{ [OVERVIEW]: lines(OVERVIEW_MAX_LINES + 1, "Text.") }],
  accepts: [{ [OVERVIEW]: lines(OVERVIEW_MAX_LINES, "Text."), "docs/x.md": lines(201, "Text.") }],
};

const functionLength: Rule = {
  name: `no function is longer than ${FUNCTION_MAX_LINES} lines`,
  find: (tree) =>
    findNodes(tree.filter(isCode), (node) => {
      if (!isFunctionWithBody(node) || listsTests(node)) return false;
      const source = node.getSourceFile();
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const count = source.getLineAndCharacterOfPosition(node.end).line - first + 1;
      return count > FUNCTION_MAX_LINES && `a function of ${count} lines`;
    }),
  refuses: [
    { "src/x.ts": `function f() {\n${lines(69, "g();")}}` },
    { "src/x.ts": `const f = () => {\n${lines(69, "g();")}};` },
    { "src/x.ts": `class A {\nf() {\n${lines(69, "g();")}}\n}` },
    { "test/x.test.ts": `test("x", () => {\n${lines(69, "g();")}});` },
  ],
  accepts: [
    { "src/x.ts": `function f() {\n${lines(68, "g();")}}` },
    { "test/x.test.ts": `describe("x", () => {\n${lines(90, 'test("y", () => {});')}});` },
  ],
};

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/** A list of tests is as long as the subject has tests; each test has its own length. */
function listsTests(node: ts.FunctionLikeDeclaration): boolean {
  if (node.body === undefined || !ts.isBlock(node.body)) return false;
  return node.body.statements.some(
    (statement) =>
      ts.isExpressionStatement(statement) &&
      ts.isCallExpression(statement.expression) &&
      /^(describe|test|it)\b/.test(statement.expression.expression.getText()),
  );
}

const lineWidth: Rule = {
  name: `no line is wider than ${LINE_MAX_COLUMNS} columns`,
  find: (tree) =>
    tree
      .filter((file) => isCode(file) || /\.(sql|sh)$/.test(file.path))
      .flatMap(({ path, text }) =>
        text.split("\n").flatMap((line, index) => {
          const columns = [...line].length;
          const message = `${columns} columns`;
          return columns > LINE_MAX_COLUMNS ? [{ path, line: index + 1, message }] : [];
        }),
      ),
  refuses: [{ "src/x.ts": "x".repeat(101) }, { "src/x.sql": `--\n-- ${"x".repeat(98)}` }],
  accepts: [{ "src/x.ts": "é".repeat(100), "README.md": "x".repeat(200) }],
};

const parameterCount: Rule = {
  name: `no function takes more than ${PARAMETERS_MAX_COUNT} positional parameters`,
  find: (tree) =>
    findNodes(tree.filter(isCode), (node) => {
      if (!ts.isFunctionLike(node)) return false;
      const parameters = node.parameters.filter(({ name }) => name.getText() !== "this");
      const count = parameters.length;
      return count > PARAMETERS_MAX_COUNT && `${count} parameters; name them in one object`;
    }),
  refuses: [
    { "src/x.ts": "export function f(a: A, b: B, c: C, d: D) {}" },
    { "src/x.ts": "interface Port { f(a: A, b: B, c: C, d?: D): void }" },
    { "src/x.ts": "type F = (a: A, b: B, c: C, ...d: D[]) => void;" },
    { "test/x.ts": "const f = (a, b, c, d) => a;" },
  ],
  accepts: [{ "src/x.ts": "function f(this: T, a: A, b: B, { c, d, e }: C) {}" }],
};

export const SIZE_RULES: readonly Rule[] = [
  fileLength,
  overviewLength,
  functionLength,
  lineWidth,
  parameterCount,
];
