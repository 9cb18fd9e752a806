#!/usr/bin/env node
/**
 * Starts Tollgate on any Node from 20 on. Tollgate itself runs on Node 26 (node:sqlite, Temporal);
 * on an older one this file hands over to the Node 26 that npm installed beside Tollgate as the
 * optional dependency for this platform. Plain JavaScript, because Node 20 has to read it.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 26;

const root = new URL("../", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) {
  keepCompiled();
  await import(cliModule().href);
} else {
  const binary = findNode();
  if (binary === undefined) fail(missingNode());
  else handOver(binary);
}

/**
 * Hundreds of modules are read at a start. Kept compiled they cost half as much; and those of a
 * checkout are TypeScript, which takes a compiler of 15 MiB in every thread that meets one anew, so
 * this file, which is none, has it done before the first. Threads of their own go by the
 * environment. The folder is inside Tollgate's own, never the shared temporary one: who may write
 * there could change Tollgate anyhow. Where it cannot be written nothing is kept, and nothing else
 * changes.
 */
function keepCompiled() {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/tollgate", root));
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
}

/** A checkout has sources, which are never stale; the npm package has only their build. */
function cliModule() {
  const source = new URL("src/cli/main.ts", root);
  return existsSync(source) ? source : new URL("dist/cli/main.js", root);
}

/** Path of the Node 26 binary, or undefined where npm left the platform package out. */
function findNode() {
  const { optionalDependencies } = readJson(new URL("package.json", root));
  const require = module.createRequire(import.meta.url);
  for (const name of platformPackages().filter((each) => each in optionalDependencies)) {
    try {
      const manifest = require.resolve(`${name}/package.json`);
      return join(dirname(manifest), readJson(manifest).bin.node);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

/** The names under which Node's binary is published for this machine. */
function platformPackages() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  return [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
}

/** Runs this very file under the other Node: same arguments, same streams, same end. */
function handOver(binary) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(binary, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  const relay = (signal) => child.kill(signal);
  // A terminal sends Ctrl-C to both processes; passing it on would count as pressing it twice.
  const ignore = () => {};
  process.on("SIGINT", process.stdin.isTTY ? ignore : relay);
  process.on("SIGTERM", relay);
  process.on("SIGHUP", relay);
  child.on("error", (error) => fail(`Node ${NODE_MAJOR} at ${binary} does not start: ${error}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function missingNode() {
  return [
    `Tollgate needs Node ${NODE_MAJOR}; this is ${process.version}, and the package that brings`,
    `Node ${NODE_MAJOR} for ${process.platform}-${process.arch} is not installed.`,
    `Install Tollgate without --omit=optional, or run it with Node ${NODE_MAJOR} or newer.`,
  ].join("\n");
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
