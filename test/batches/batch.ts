/**
 * `npm test` runs its files a folder at a time, in one process: to start a process, load the
 * product and have its code compiled takes longer than most of them run. Each file is a suite of
 * the batch: what it starts before its tests, it ends after them. Each still runs alone:
 * `node --test FILE`.
 *
 * A file that needs a process of its own stands in a folder that is no batch's.
 */
import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe } from "node:test";

/** Folders that are run so, by the batch that runs them. */
export const BATCHES = {
  connectors: ["src/connectors"],
  databases: ["src/store/postgres"],
  domain: ["src/domain"],
  e2e: ["test/e2e"],
  edges: ["src/cli", "src/http", "src/ingest"],
  engine: ["src/engine"],
  faults: ["test/faults"],
  nodes: ["test/nodes"],
  rating: ["test/corpus", "test/policies", "test/rating", "test/retention", "test/security"],
  sdk: ["sdk"],
  stores: ["src/store"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Test files of these folders in one order, without those of a folder below that has a batch. */
export function testFilesOf(folders: readonly string[]): string[] {
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`);
  const below = Object.values(BATCHES)
    .flat()
    .filter((other) => folders.some((folder) => other.startsWith(`${folder}/`)));
  const others = below.map((folder) => `${folder}/**`);
  return globSync(patterns, { exclude: ["**/node_modules/**", ...others] })
    .map((file) => file.replaceAll("\\", "/"))
    .sort();
}

/** Makes a suite of each of a batch's files. None may wait (`await`) while it is loaded. */
export function loadBatch(name: keyof typeof BATCHES): void {
  const require = createRequire(import.meta.url);
  for (const file of testFilesOf(BATCHES[name])) {
    describe(file, () => {
      require(join(process.cwd(), file));
    });
  }
}
