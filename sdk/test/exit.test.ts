/** The end of a process: what it recorded gets through, or is told to be lost. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Tollgate } from "../src/index.ts";
import { TollgateStandIn } from "./scripted-tollgate.ts";

const APP = join(import.meta.dirname, "exiting-app.ts");

function start(url: string, end: string): ChildProcess {
  return spawn(process.execPath, [APP, url, end], { stdio: ["ignore", "pipe", "inherit"] });
}

async function ended(
  child: ChildProcess,
): Promise<{ code: unknown; signal: unknown; told: string }> {
  const told = child.stdout === null ? "" : text(child.stdout);
  const [code, signal] = await once(child, "close");
  return { code, signal, told: await told };
}

test("a process that has nothing more to do sends what it recorded", async (t) => {
  const server = await TollgateStandIn.start();
  t.after(() => server.close());
  // The first two tries fail, and the process still does not leave.
  server.failures.push(503, 500);
  const { code } = await ended(start(server.url, "idle"));
  assert.equal(code, 0);
  assert.equal(server.steps.length, 20);
  assert.equal(server.events.at(-1)?.type, "run.closed");
});

test("a process that is told to end sends first, and ends by the signal", async (t) => {
  const server = await TollgateStandIn.start();
  t.after(() => server.close());
  const child = start(server.url, "signal");
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.stdout);
  await once(child.stdout, "data");
  const end = ended(child);
  child.kill("SIGTERM");
  assert.equal((await end).signal, "SIGTERM");
  assert.equal(server.steps.length, 20);
});

test("many Tollgates listen to the process once, and not after they are closed", async () => {
  const counts = () => ["beforeExit", "exit", "SIGUSR2"].map((name) => process.listenerCount(name));
  const before = counts();
  const options = { url: "http://127.0.0.1:9", key: "k", flushOnSignals: ["SIGUSR2"] };
  const many = Array.from({ length: 20 }, () => new Tollgate(options));
  assert.deepEqual(
    counts(),
    before.map((count) => count + 1),
  );
  for (const tollgate of many) await tollgate.close();
  assert.deepEqual(counts(), before);
});

test("what a process cannot send any more it tells to be lost", async () => {
  const { code, told } = await ended(start("http://127.0.0.1:9", "exit"));
  assert.equal(code, 0);
  const problem = JSON.parse(told.trim().split("\n").at(-1) ?? "{}");
  assert.equal(problem.kind, "dropped");
  assert.equal(problem.events.length, 22);
});
