/** Finds the files of a dataset by layout: nothing knows a file's name. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** A file below the corpus root; its path is relative and has forward slashes. */
export interface FoundFile {
  readonly path: string;
  readonly absolute: string;
}

/** Files below root/folder whose names end so, in the order of their paths; none if absent. */
export function filesBelow(root: string, folder: string, endings: readonly string[]): FoundFile[] {
  const from = join(root, folder);
  if (!statSync(from, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((absolute) => ({ absolute, path: relative(root, absolute).split(sep).join("/") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function textOfFile(file: FoundFile): string {
  return readFileSync(file.absolute, "utf8");
}

/** Name of the folder that holds a file. */
export function folderOf(file: FoundFile): string {
  return file.path.split("/").slice(0, -1).join("/");
}

/** File name without its last ending. */
export function stemOf(file: FoundFile): string {
  const name = file.path.split("/").at(-1) ?? file.path;
  const point = name.lastIndexOf(".");
  return point > 0 ? name.slice(0, point) : name;
}
