/** The documents as tests look at them: fenced blocks, links, headings and tables. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** A fenced block. A word behind its language (`sh run`, `json event`) says what a test does. */
export interface Block {
  /** `README.md:42`, for messages. */
  readonly place: string;
  /** The info string: `sh run`. */
  readonly info: string;
  readonly text: string;
  /** What follows up to the next block: where a table of results may stand. */
  readonly after: string;
}

/** Paths of all documents, relative to the root. */
export function documentPaths(): string[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`);
  const top = readdirSync(ROOT).filter((name) => name.endsWith(".md"));
  return [...top, ...below("docs")].sort();
}

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

const FENCE = /^```([^\n]*)\n([\s\S]*?)^```$/gm;

/** Every fenced block of a document, in order. */
export function blocksOf(path: string): Block[] {
  const text = readDocument(path);
  const found = [...text.matchAll(FENCE)];
  return found.map((match, at) => {
    const end = match.index + match[0].length;
    const line = text.slice(0, match.index).split("\n").length;
    const after = text.slice(end, found[at + 1]?.index ?? text.length);
    return { place: `${path}:${line}`, info: match[1] ?? "", text: match[2] ?? "", after };
  });
}

/** Rows of the tables in a text, without head and rule; cells without their code marks. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const isHead = /^\| *:?-/.test(lines[at + 1] ?? "");
    if (!line.startsWith("|") || isHead || /^\| *:?-/.test(line)) return [];
    const cells = line.split("|").slice(1, -1);
    return [cells.map((cell) => cell.trim().replaceAll("`", ""))];
  });
}

/** The anchor that a heading gets, as on the usual forges. */
function anchorOf(heading: string): string {
  const plain = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "");
  return plain.trim().replaceAll(" ", "-");
}

function anchorsOf(path: string): string[] {
  const text = readDocument(path).replaceAll(FENCE, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) => anchorOf(match[1] ?? ""));
}

/** Links of a document that lead nowhere: no such file, or no such heading in it. */
export function deadLinks(path: string): string[] {
  const text = readDocument(path).replaceAll(FENCE, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => {
    if (/^(https?|mailto):/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, to))) return true;
    return anchor !== undefined && !(to.endsWith(".md") && anchorsOf(to).includes(anchor));
  });
}

const PATH_IN_CODE = /`((?:src|test|bench|bin|examples|docs)\/[\w./-]+)`/g;

/** Paths that a document names in code marks and that do not exist. */
export function missingPaths(path: string): string[] {
  const text = readDocument(path).replaceAll(FENCE, "");
  const named = [...text.matchAll(PATH_IN_CODE)].map((match) => match[1] ?? "");
  return named.filter((name) => !existsSync(join(ROOT, name)));
}
