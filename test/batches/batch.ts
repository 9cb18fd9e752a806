/**
 * Test files that need no process of their own: pure ones, and those whose servers and folders are
 * theirs alone. To start a process and load the product takes longer than most of them run, so
 * `npm test` loads them a folder at a time. Each still runs alone: `node --test FILE`.
 */
import { globSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Folders that are run so, by the batch that runs them. */
export const BATCHES = {
  domain: ["src/domain"],
  engine: ["src/engine"],
  edges: ["src/cli", "src/http", "src/ingest"],
  sdk: ["sdk"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Test files of these folders, in one order. */
export function testFilesOf(folders: readonly string[]): string[] {
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`);
  return globSync(patterns, { exclude: ["**/node_modules/**"] })
    .map((file) => file.replaceAll("\\", "/"))
    .sort();
}

/** Loads a batch's files, whose tests this process runs. */
export async function loadBatch(name: keyof typeof BATCHES): Promise<void> {
  for (const file of testFilesOf(BATCHES[name])) await import(pathToFileURL(file).href);
}
