/**
 * Builds src into dist as JavaScript for the npm package: Node strips types from its own files, but
 * not from those under node_modules. Type errors stop the build, but where TOLLGATE_TYPES_CHECKED
 * says that somebody has looked for them, as `npm test` does. Files that are not TypeScript
 * (SQL, JSON, static pages) are copied to the same place; tests, contract suites and the connector
 * to copy stay behind. The SDK, which the demo's agents work with, comes along as dist/sdk.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = import.meta.dirname;
const from = join(root, "src");
const to = join(root, "dist");
const compiler = join(root, "node_modules/typescript-native/bin/tsc");

const compiled = mkdtempSync(join(tmpdir(), "tollgate-build-"));
process.once("exit", () => rmSync(compiled, { recursive: true, force: true }));

const noCheck = process.env.TOLLGATE_TYPES_CHECKED === "1" ? ["--noCheck"] : [];
const words = [compiler, "-p", join(from, "tsconfig.build.json"), "--outDir", compiled, ...noCheck];
const { status, stdout, stderr, error } = spawnSync(process.execPath, words, { encoding: "utf8" });
if (status !== 0) {
  process.stderr.write(`${stdout}${stderr}${error ?? ""}`);
  process.exit(1);
}

rmSync(to, { recursive: true, force: true });
const ours = filesOf("src");
for (const path of ours) {
  // Seen from dist, the SDK is one folder nearer, and has no src.
  const text = readFileSync(join(compiled, "src", path), "utf8");
  write(path, text.replace(/\.\.\/((?:\.\.\/)+sdk\/)src\//g, "$1"));
}
for (const path of filesOf("sdk/src")) {
  write(join("sdk", path), readFileSync(join(compiled, "sdk/src", path), "utf8"));
}
cpSync(from, to, { recursive: true, filter: (path) => isAsset(path) });
process.stdout.write(`Built ${ours.length} files of src into dist.\n`);

function filesOf(folder: string): string[] {
  const all = readdirSync(join(compiled, folder), { recursive: true, encoding: "utf8" });
  return all.filter((path) => path.endsWith(".js"));
}

function write(path: string, text: string): void {
  const shipped = join(to, path);
  mkdirSync(dirname(shipped), { recursive: true });
  writeFileSync(shipped, text);
}

/** Folders pass, so that their files are asked for. */
function isAsset(path: string): boolean {
  return !/\.ts$|\.md$|\/tsconfig(\.build)?\.json$|\/fixtures$/.test(path);
}
