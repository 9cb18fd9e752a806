/** Which file imports what: read from the syntax, types and dynamic imports included. */
import { posix } from "node:path";
import ts from "typescript";
import { isCode, lineOf, nodesOf, type Tree, type TreeFile } from "./tree.ts";

export interface Import {
  readonly from: TreeFile;
  readonly line: number;
  /** As written: `./a.ts`, `node:fs`, `fastify`. */
  readonly specifier: string;
  /** Path in the tree of a relative import; null for a package. */
  readonly target: string | null;
  readonly isTypeOnly: boolean;
  /** Names taken; `*` where all are. */
  readonly names: readonly string[];
}

export function importsOf(tree: Tree): Import[] {
  return tree.filter(isCode).flatMap((file) => nodesOf(file).flatMap((node) => read(file, node)));
}

function read(from: TreeFile, node: ts.Node): Import[] {
  const literal = specifierOf(node);
  if (literal === undefined || !ts.isStringLiteralLike(literal)) return [];
  const specifier = literal.text;
  const isRelative = specifier.startsWith(".");
  const target = isRelative ? posix.join(posix.dirname(from.path), specifier) : null;
  const line = lineOf(from, literal.getStart());
  return [{ from, line, specifier, target, isTypeOnly: isTypeOnly(node), names: namesOf(node) }];
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return node.argument.literal;
  const isDynamic =
    ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isDynamic ? node.arguments[0] : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) {
    return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  }
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly);
}

function namesOf(node: ts.Node): string[] {
  if (ts.isCallExpression(node)) return namesAwaited(node);
  const clause = ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings
    : ts.isExportDeclaration(node)
      ? node.exportClause
      : undefined;
  if (clause === undefined) return ts.isImportDeclaration(node) ? [] : ["*"];
  if (!ts.isNamedImports(clause) && !ts.isNamedExports(clause)) return ["*"];
  return clause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

/** Of `const { a, b: c } = await import("x")`, a and b; all names where it stands elsewhere. */
function namesAwaited(call: ts.CallExpression): string[] {
  const declaration = ts.isAwaitExpression(call.parent) ? call.parent.parent : undefined;
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return ["*"];
  if (!ts.isObjectBindingPattern(declaration.name)) return ["*"];
  const { elements } = declaration.name;
  return elements.map(({ name, propertyName }) => (propertyName ?? name).getText());
}
