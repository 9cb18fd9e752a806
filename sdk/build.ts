/**
 * Builds src into dist as JavaScript with declarations, for runtimes that strip no types. Type
 * errors stop the build; tests stay behind, the licence comes along.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const root = import.meta.dirname;
const dist = join(root, "dist");

const config = ts.getParsedCommandLineOfConfigFile(
  join(root, "tsconfig.json"),
  { noEmit: false, declaration: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => stop(problem) },
);
const program = ts.createProgram(config?.fileNames ?? [], config?.options ?? {});
const problems = ts.getPreEmitDiagnostics(program);
if (problems.length > 0) stop(...problems);

rmSync(dist, { recursive: true, force: true });
program.emit(undefined, (path, text) => {
  const isDeclaration = path.endsWith(".d.ts");
  // The compiler rewrites the extensions of imports in code, and not in declarations.
  const shipped = isDeclaration
    ? text.replaceAll(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1")
    : text;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, shipped);
});
copyFileSync(join(root, "../LICENSE"), join(dist, "LICENSE"));

function stop(...found: ts.Diagnostic[]): never {
  const host = { getCanonicalFileName: (path: string) => path, getNewLine: () => "\n" };
  const text = ts.formatDiagnostics(found, { ...host, getCurrentDirectory: () => root });
  process.stderr.write(text);
  process.exit(1);
}
