/**
 * Builds src into dist as JavaScript for the npm package: Node strips types from its own files, but
 * not from those under node_modules. Type errors stop the build, but where TOLLGATE_TYPES_CHECKED
 * says that somebody has looked for them, as `npm test` does. Files that are not TypeScript
 * (SQL, JSON, static pages) are copied to the same place; tests, contract suites and the connector
 * to copy stay behind. The SDK, which the demo's agents work with, comes along as dist/sdk.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const root = import.meta.dirname;
const from = join(root, "src");
const to = join(root, "dist");

const noCheck = process.env.TOLLGATE_TYPES_CHECKED === "1";
const config = ts.getParsedCommandLineOfConfigFile(
  join(root, "tsconfig.json"),
  { noEmit: false, rootDir: root, outDir: to, removeComments: true, noCheck },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: stop },
);
const sources = (config?.fileNames ?? []).filter((path) => isShipped(path));

const program = ts.createProgram(sources, config?.options ?? {});
const problems = ts.getPreEmitDiagnostics(program);
if (problems.length > 0) stop(...problems);

rmSync(to, { recursive: true, force: true });
program.emit(undefined, (path, text) => {
  const isOfSdk = path.startsWith(join(to, "sdk/"));
  const shipped = isOfSdk ? path.replace(join(to, "sdk/src/"), join(to, "sdk/")) : fromSrc(path);
  mkdirSync(dirname(shipped), { recursive: true });
  // Seen from dist, the SDK is one folder nearer, and has no src.
  writeFileSync(shipped, isOfSdk ? text : text.replace(/\.\.\/((?:\.\.\/)+sdk\/)src\//g, "$1"));
});
cpSync(from, to, { recursive: true, filter: (path) => isAsset(path) });
process.stdout.write(`Built ${sources.length} files of src into dist.\n`);

function fromSrc(path: string): string {
  return path.replace(join(to, "src/"), join(to, "/"));
}

function isShipped(path: string): boolean {
  return path.startsWith(join(from, "/")) && !/(\.test|-contract)\.ts$|\/_template\//.test(path);
}

/** Folders pass, so that their files are asked for. */
function isAsset(path: string): boolean {
  return !/\.ts$|\.md$|\/tsconfig\.json$|\/fixtures$/.test(path);
}

function stop(...problems: ts.Diagnostic[]): never {
  process.stderr.write(
    ts.formatDiagnostics(problems, {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => root,
      getNewLine: () => "\n",
    }),
  );
  process.exit(1);
}
