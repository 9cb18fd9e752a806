/** Finds the files of a dataset by layout: nothing knows a file's name. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Json, type JsonObject, parseJson, parseLines, whyNotJson } from "./number-text.ts";
import { strangeCounts } from "./strange-counts.ts";

/** Something of a file that is not among the runs, and why. */
export interface LeftOut {
  /** Path below the corpus, with the line where one is meant. */
  readonly place: string;
  readonly reason: string;
  /** The whole file cannot be read: whatever it states is judged by nothing. */
  readonly isLost: boolean;
}

const EMPTY = "it is empty";

/** The folder that is read, and what of it was left out. */
export class CorpusFolder {
  readonly path: string;
  readonly #leftOut = new Map<string, LeftOut>();
  readonly #unread = new Set<string>();
  /** Files that a reader looked for. */
  readonly #found = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  /** Each once, in the order in which it was found. */
  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()];
  }

  find(absolute: string): void {
    this.#found.add(absolute);
  }

  /** Tells what of the recorded runs and responses no reader looked for: by whole folders. */
  leaveOutOthers(): void {
    for (const part of ["runs", "responses"]) {
      const files = everyFileBelow(join(this.path, part));
      const byDataset = Map.groupBy(files, (file) => this.#below(file).split("/")[1] ?? "");
      for (const [name, own] of byDataset) this.#leaveOutOthers(`${part}/${name}`, own);
    }
  }

  #leaveOutOthers(place: string, files: readonly string[]): void {
    const others = files.filter((file) => !this.#found.has(file));
    if (others.length < files.length || others.some((file) => this.#below(file) === place)) {
      for (const file of others) this.leaveOut(this.#below(file), "no reader takes such a file");
    } else {
      this.leaveOut(place, `no dataset is named so; files in it: ${files.length}`);
    }
  }

  #below(absolute: string): string {
    return relative(this.path, absolute).split(sep).join("/");
  }

  leaveOut(place: string, reason: string, isLost = false): void {
    // That a file which is empty or lost is no run either says nothing more.
    if (this.#unread.has(place)) return;
    if (isLost || reason === EMPTY) this.#unread.add(place);
    this.#leftOut.set(`${place} ${reason}`, { place, reason, isLost });
  }
}

/** A file below the corpus root; its path is relative, has forward slashes and no `.gz`. */
export interface FoundFile {
  readonly path: string;
  readonly absolute: string;
  readonly leaveOut: (reason: string, line?: number) => void;
  readonly lose: (reason: string) => void;
}

const PACKED = ".gz";

/** Files below root/folder whose names end so, in the order of their paths; none if absent. */
export function filesBelow(
  root: string | CorpusFolder,
  folder: string,
  endings: readonly string[],
): FoundFile[] {
  const corpus = typeof root === "string" ? new CorpusFolder(root) : root;
  return everyFileBelow(join(corpus.path, folder))
    .filter((absolute) => endings.some((ending) => unpackedName(absolute).endsWith(ending)))
    .map((absolute) => foundFile(corpus, absolute))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function everyFileBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function foundFile(corpus: CorpusFolder, absolute: string): FoundFile {
  corpus.find(absolute);
  const path = unpackedName(relative(corpus.path, absolute).split(sep).join("/"));
  return {
    absolute,
    path,
    leaveOut: (reason, line) => {
      corpus.leaveOut(line === undefined ? path : `${path}:${line}`, reason);
    },
    lose: (reason) => corpus.leaveOut(path, reason, true),
  };
}

function unpackedName(name: string): string {
  return name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name;
}

const GZIP = 0x1f8b;
const UNPACKED_MAX_BYTES = 512 * 1024 * 1024;

/** The bytes of a file, unpacked; none where it cannot be read. */
export function bytesOfFile(file: FoundFile): Buffer {
  try {
    const bytes = readFileSync(file.absolute);
    const isPacked = bytes.length > 2 && bytes.readUInt16BE(0) === GZIP;
    return isPacked ? gunzipSync(bytes, { maxOutputLength: UNPACKED_MAX_BYTES }) : bytes;
  } catch (error) {
    file.lose(`it cannot be read: ${(error as Error).message}`);
    return Buffer.alloc(0);
  }
}

/** The text of a file, unpacked and without a byte order mark; "" where it cannot be read. */
export function textOfFile(file: FoundFile): string {
  const bytes = bytesOfFile(file);
  if (bytes.length > UNPACKED_MAX_BYTES) {
    file.lose(`it has ${bytes.length} bytes, more than ${UNPACKED_MAX_BYTES}`);
    return "";
  }
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** The JSON document that a file is. One that is empty, or is no JSON, is told. */
export function documentOf(file: FoundFile): Json | undefined {
  const text = textOfFile(file);
  if (text.trim() === "") {
    file.leaveOut(EMPTY);
    return undefined;
  }
  const document = parseJson(text);
  if (document === undefined) file.lose(whyNotJson(text));
  else for (const strange of strangeCounts(document)) file.leaveOut(strange);
  return document;
}

/** The objects of a file of JSON lines. Torn lines are told; of those, what is whole is kept. */
export function linesOf(file: FoundFile): readonly JsonObject[] {
  const text = textOfFile(file);
  const { values, lineOf, tornLines } = parseLines(text);
  if (text.trim() === "") file.leaveOut(EMPTY);
  else if (values.length === 0) file.lose("none of its lines is a JSON object");
  for (const { line, kept } of tornLines) {
    file.leaveOut(`the line is torn; ${kept} objects of it are whole and kept`, line);
  }
  for (const [position, value] of values.entries()) {
    for (const strange of strangeCounts(value)) file.leaveOut(strange, lineOf[position]);
  }
  return values;
}

/** Name of the folder that holds a file. */
export function folderOf(file: FoundFile): string {
  return file.path.split("/").slice(0, -1).join("/");
}

/** Where a file stands below the folder of its dataset, without its last ending. */
export function nameOf(file: FoundFile): string {
  const [, , ...folders] = folderOf(file).split("/");
  return [...folders, stemOf(file)].join("/");
}

/** File name without its last ending. */
export function stemOf(file: FoundFile): string {
  const name = file.path.split("/").at(-1) ?? file.path;
  const point = name.lastIndexOf(".");
  return point > 0 ? name.slice(0, point) : name;
}
