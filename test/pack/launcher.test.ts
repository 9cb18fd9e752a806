/**
 * bin/tollgate.js in a package of its own: a CLI that says what it was given, and a "Node 26" that
 * is the Node of this test. An older Node is played by a preload that states another version.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

const CLI = `
if (process.argv[2] === "wait") {
  process.on("SIGTERM", () => process.exit(9));
  setInterval(() => {}, 1000);
  console.log("waiting");
} else {
  console.log(JSON.stringify({ args: process.argv.slice(2), version: process.versions.node }));
  process.exitCode = Number(process.argv[2] ?? 0);
}
`;

const OLD_NODE = `Object.defineProperty(process, "versions", { value: { node: "20.0.0" } });`;

const folder = mkdtempSync(join(tmpdir(), "tollgate-launcher-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes a package with the launcher in it; says where the launcher is. */
function packageWith(name: string, platformPackage: string | null): string {
  const root = join(folder, name);
  const optionalDependencies = platformPackage === null ? {} : { [platformPackage]: "26.10.0" };
  write(root, "package.json", JSON.stringify({ type: "module", optionalDependencies }));
  write(root, "dist/cli/main.js", CLI);
  write(root, "old.mjs", OLD_NODE);
  if (platformPackage !== null) {
    const installed = join(root, "node_modules", platformPackage);
    write(installed, "package.json", JSON.stringify({ bin: { node: "bin/node" } }));
    mkdirSync(join(installed, "bin"));
    symlinkSync(process.execPath, join(installed, "bin/node"));
  }
  mkdirSync(join(root, "bin"));
  copyFileSync(new URL("../../bin/tollgate.js", import.meta.url), join(root, "bin/tollgate.js"));
  return root;
}

function write(root: string, path: string, text: string): void {
  const target = join(root, path);
  mkdirSync(join(target, ".."), { recursive: true });
  writeFileSync(target, text);
}

function launch(root: string, age: "old" | "new", args: readonly string[]): ChildProcess {
  const preload = age === "old" ? ["--import", join(root, "old.mjs")] : [];
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return spawn(process.execPath, [...preload, join(root, "bin/tollgate.js"), ...args], { env });
}

async function run(root: string, age: "old" | "new", args: readonly string[]) {
  const child = launch(root, age, args);
  let output = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  let complaint = "";
  child.stderr?.on("data", (chunk) => {
    complaint += chunk;
  });
  const [exitCode] = await once(child, "close");
  return { exitCode, output, complaint };
}

const here = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

describe("the launcher", () => {
  test("a new Node runs the CLI itself, with its arguments", async () => {
    const { exitCode, output } = await run(packageWith("new", null), "new", ["3", "two words"]);
    assert.deepEqual(JSON.parse(output).args, ["3", "two words"]);
    assert.equal(exitCode, 3);
  });

  test("an old Node hands arguments and exit code to the Node beside Tollgate", async () => {
    const { exitCode, output } = await run(packageWith("old", here), "old", ["7", "--flag=a b"]);
    const { args, version } = JSON.parse(output);
    assert.deepEqual(args, ["7", "--flag=a b"]);
    assert.equal(version, process.versions.node);
    assert.equal(exitCode, 7);
  });

  test("the other name of a platform package is found too", async () => {
    const name = here.replace("node-", "node-bin-");
    const { exitCode } = await run(packageWith("renamed", name), "old", ["0"]);
    assert.equal(exitCode, 0);
  });

  test("a signal to the launcher ends the server that it started", async () => {
    const child = launch(packageWith("signal", here), "old", ["wait"]);
    assert.ok(child.stdout);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    const [exitCode] = await once(child, "close");
    assert.equal(exitCode, 9);
  });

  test("a checkout runs its sources, however old its last build is", async () => {
    const root = packageWith("checkout", null);
    write(root, "src/cli/main.ts", `console.log("source" satisfies string);`);
    assert.equal((await run(root, "new", [])).output, "source\n");
  });

  test("what it starts is kept compiled inside Tollgate, for its threads as well", async () => {
    const root = packageWith("kept", null);
    write(root, "src/thread.ts", `console.log("thread" satisfies string);`);
    const thread = `new Worker(new URL("../thread.ts", import.meta.url));`;
    write(root, "src/cli/main.ts", `import { Worker } from "node:worker_threads"; ${thread}`);
    const { output } = await run(root, "new", []);
    assert.equal(output, "thread\n");
    const [version = ""] = readdirSync(join(root, "node_modules/.cache/tollgate"));
    const kept = readdirSync(join(root, "node_modules/.cache/tollgate", version));
    // Of both modules the JavaScript and what V8 makes of it.
    assert.equal(kept.length, 4);
  });

  test("without a Node 26 the message says what to do", async () => {
    const { exitCode, output, complaint } = await run(packageWith("bare", null), "old", []);
    assert.equal(exitCode, 1);
    assert.equal(output, "");
    assert.match(complaint, /needs Node 26; this is v/);
    assert.match(complaint, /Install Tollgate without --omit=optional/);
    assert.doesNotMatch(complaint, /\bat .*tollgate\.js:/);
  });
});
