/** The repository as text: what the rules of tidy.test.ts look at. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One file. Paths are relative to the root and have forward slashes. */
export interface TreeFile {
  readonly path: string;
  readonly text: string;
}

export type Tree = readonly TreeFile[];

/** A place that breaks a rule. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Paths and their texts: a repository small enough to write down in a test. */
export type Snippet = Readonly<Record<string, string>>;

export interface Rule {
  /** A sentence that is true of a tidy tree: the name of the test. */
  readonly name: string;
  readonly find: (tree: Tree) => Finding[];
  /** Trees in which the rule must find something, so that it cannot be vacuous. */
  readonly refuses: readonly Snippet[];
  /** Trees that look suspicious and are fine. */
  readonly accepts: readonly Snippet[];
}

/** What .gitignore leaves out, and git itself. */
const IGNORED = /^(\.git|node_modules|dist|coverage|tollgate-data|\.tollgate|tmp)$|\.tgz$/;

export function readTree(root: string, folder = ""): TreeFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.test(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return readTree(root, path);
    if (!entry.isFile()) return [];
    const text = readFileSync(join(root, path), "utf8");
    return text.includes("\u0000") ? [] : [{ path, text }];
  });
}

export function treeOf(snippet: Snippet): Tree {
  return Object.entries(snippet).map(([path, text]) => ({ path, text }));
}

export function isCode({ path }: TreeFile): boolean {
  return /\.(ts|js|mjs)$/.test(path);
}

/** Code that only proves: tests, benchmarks, contract suites, and the connector to copy. */
export function isProof({ path }: TreeFile): boolean {
  return (
    /^(sdk\/)?(test|bench)\//.test(path) ||
    /(\.test|-contract)\.ts$/.test(path) ||
    path.includes("/_template/")
  );
}

/** Code of src that ships. */
export function isProduct(file: TreeFile): boolean {
  return file.path.startsWith("src/") && isCode(file) && !isProof(file);
}

/** Code of the SDK that ships, in a package of its own. */
export function isSdk(file: TreeFile): boolean {
  return file.path.startsWith("sdk/src/") && isCode(file) && !isProof(file);
}

const parsed = new WeakMap<TreeFile, ts.SourceFile>();

export function syntaxOf(file: TreeFile): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  parsed.set(file, source);
  return source;
}

/** Every node of a file, parents first. */
export function nodesOf(file: TreeFile): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(syntaxOf(file));
  return nodes;
}

export function lineOf(file: TreeFile, position: number): number {
  return syntaxOf(file).getLineAndCharacterOfPosition(position).line + 1;
}

export function findingAt(file: TreeFile, node: ts.Node, message: string): Finding {
  return { path: file.path, line: lineOf(file, node.getStart()), message };
}

/** Findings for each node of the files for which `judge` has a complaint. */
export function findNodes(
  files: readonly TreeFile[],
  judge: (node: ts.Node, file: TreeFile) => string | false | undefined,
): Finding[] {
  return files.flatMap((file) =>
    nodesOf(file).flatMap((node) => {
      const complaint = judge(node, file);
      return complaint ? [findingAt(file, node, complaint)] : [];
    }),
  );
}

/** Findings for each match of a global pattern in the files. */
export function findText(files: readonly TreeFile[], pattern: RegExp, message: string): Finding[] {
  return files.flatMap((file) =>
    file.text.split("\n").flatMap((line, index) =>
      [...line.matchAll(pattern)].map(([match]) => ({
        path: file.path,
        line: index + 1,
        message: `${message}: ${match.trim()}`,
      })),
    ),
  );
}
