/**
 * `npm run test:full [-- PART…]`: every test with the case counts of a long run, or the parts of
 * them that are named. Whatever no part claims is `rest`, so that all parts together are all tests.
 * The beginning of a path names what begins so: `npm run test:full -- src/store/as-of`.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { pathToFileURL } from "node:url";

const ALL = ["src/**/*.test.ts", "sdk/**/*.test.ts", "test/**/*.test.ts"];
/** A file has a process of its own here, and the code is checked before. */
const NOT_HERE = ["test/batches/**", "test/checked/**", "**/node_modules/**"];

/** Parts by the beginnings of the paths that they claim; the first that matches has a file. */
const PARTS: readonly (readonly [name: string, beginnings: readonly string[]])[] = [
  [
    "pricing",
    [
      ...["src/domain/money/", "src/domain/cost/", "src/domain/rating/", "src/domain/period/"],
      ...["src/domain/credit/", "test/rating/", "src/store/rerating", "src/store/closing-twice"],
      "src/store/as-of",
    ],
  ],
  ["stores", ["src/store/"]],
  ["crash", ["test/crash/"]],
  ["nodes", ["test/nodes/", "test/retention/"]],
  ["faults", ["test/faults/"]],
];

/** The part that a test file belongs to. */
export function partOf(file: string): string {
  const found = PARTS.find(([, beginnings]) => beginnings.some((one) => file.startsWith(one)));
  return found?.[0] ?? "rest";
}

/** Files of these parts or paths, of all where none is named. Throws where a name has no file. */
export function filesOf(names: readonly string[]): string[] {
  const files = globSync(ALL, { exclude: NOT_HERE }).map((file) => file.replaceAll("\\", "/"));
  const isOf = (name: string) => (file: string) => partOf(file) === name || file.startsWith(name);
  const unknown = names.find((name) => !files.some(isOf(name)));
  if (unknown !== undefined) {
    const known = [...PARTS.map(([name]) => name), "rest"].join(", ");
    throw new Error(`"${unknown}" is none of: ${known}; nor does a test's path begin so`);
  }
  const isWanted = (file: string) => names.length === 0 || names.some((name) => isOf(name)(file));
  return files.filter(isWanted).sort();
}

function main(names: readonly string[]): number {
  const options = ["--import", "./test/preload.ts", "--test", "--test-concurrency=2"];
  const words = [...options, "--test-reporter=spec", ...filesOf(names)];
  const env = { ...process.env, TOLLGATE_TEST_FULL: "1" };
  return spawnSync(process.execPath, words, { stdio: "inherit", env }).status ?? 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = main(process.argv.slice(2));
}
