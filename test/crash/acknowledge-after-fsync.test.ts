/**
 * The kernel's own word that an acknowledgement follows the disk: every system call of a server
 * under load is traced. The same trace with synchronous=NORMAL must be found wanting, or the test
 * would prove nothing. (A kill cannot tell the two apart: the page cache survives it.)
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { applyCrashCard } from "./card.ts";
import { type Ending, startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import { type Finding, judgeTrace } from "./system-calls.ts";

const REQUESTS = process.env.TOLLGATE_TEST_FULL === undefined ? 120 : 1_000;
const CONNECTIONS = { "in turn": 1, "at once": 6 };
type Load = keyof typeof CONNECTIONS;
const isCi = process.env.CI !== undefined;

/** Whole pages are printed, so that events are found in them. */
const PRINTED_BYTES = 8_192;
const CALLS = "write,pwrite64,writev,pwritev,sendto,sendmsg,fsync,fdatasync";

/**
 * The kernel stops the server at these calls alone; it would else at every one. -D: the server is
 * our own child and gets our signals, not the tracer's.
 */
const TRACED = ["-D", "-f", "--seccomp-bpf", "-e", `trace=${CALLS}`, "-e", "signal=none"];

function tracerWorks(): boolean {
  try {
    execFileSync("strace", [...TRACED, "-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Why there is no trace to be had; undefined where there is one. Only CI installs anything. */
function whyUntraced(): string | undefined {
  if (process.platform !== "linux") return "system calls are traced on Linux only";
  if (tracerWorks()) return undefined;
  if (isCi && process.getuid?.() === 0) {
    for (const words of [["update"], ["install", "-y", "--no-install-recommends", "strace"]]) {
      execFileSync("apt-get", words, { stdio: "ignore" });
    }
  }
  return tracerWorks() ? undefined : "strace is not installed, or tracing is not permitted here";
}

let made = 0;

function eventsOf(count: number): object[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return {
      id: `ack-${String(made).padStart(6, "0")}z`,
      run: `run-${made % 17}`,
      customer: "acme",
      occurredAt: new Date().toISOString(),
      kind: "model",
      provider: "openai",
      model: "gpt-5",
      usage: { input_uncached: 100, output_text: 10 },
    };
  });
}

async function sendAll(client: HttpClient, load: Load): Promise<void> {
  let left = REQUESTS;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status } = await client.post<unknown>("/v1/events", eventsOf(1 + (left % 4)));
      assert.equal(status, 200);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS[load] }, sender));
}

const TRACE_END_MAX_MS = 10_000;

/** The tracer writes on for a moment after the traced process has ended. */
async function wholeTrace(path: string, pid: number): Promise<string> {
  const end = new RegExp(`^${pid} +\\+\\+\\+ (exited|killed)`, "m");
  for (let waitedMs = 0; waitedMs < TRACE_END_MAX_MS; waitedMs += 50) {
    const trace = readFileSync(path, "latin1");
    if (end.test(trace)) return trace;
    await sleep(50);
  }
  return assert.fail("the trace has no end");
}

async function traceOf(synchronous: "FULL" | "NORMAL", load: Load): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-trace-"));
  const file = join(folder, "trace.txt");
  const under = ["strace", ...TRACED, "-y", "-q", "-s", String(PRINTED_BYTES), "-o", file];
  try {
    const server = await startChild({ dataDir: join(folder, "data"), synchronous, under });
    const key = server.adminKey ?? "";
    await applyCrashCard(server.url, key);
    const client = new HttpClient(server.url, key);
    await sendAll(client, load);
    client.close();
    const ending: Ending = await server.end("SIGTERM");
    assert.equal(ending.code, 0);
    return judgeTrace(await wholeTrace(file, server.pid), load);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const untraced = whyUntraced();
if (isCi) assert.equal(untraced, undefined, "in CI the trace must be had");
const skip = untraced ?? false;

for (const load of ["in turn", "at once"] as const) {
  const name = `every acknowledgement follows an fdatasync that covers it, requests ${load}`;
  test(name, { skip }, async (t) => {
    const found = await traceOf("FULL", load);
    t.diagnostic(JSON.stringify({ ...found, violations: found.violations.length }));
    assert.equal(found.acknowledgements, REQUESTS);
    assert.deepEqual(found.violations.slice(0, 5), []);
  });

  test(`with synchronous=NORMAL they come before it, requests ${load}`, { skip }, async (t) => {
    const found = await traceOf("NORMAL", load);
    t.diagnostic(JSON.stringify({ ...found, violations: found.violations.length }));
    assert.equal(found.acknowledgements, REQUESTS);
    assert.ok(found.violations.length >= REQUESTS / 2, "most came before the disk");
  });
}
