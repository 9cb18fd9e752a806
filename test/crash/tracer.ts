/** Servers under strace: what they ask of the kernel, in the order in which they ask it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChildServer, type StartPlan, startChild } from "./child-server.ts";

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

/** What tests that need a trace say to be left out; false where there is one. Fails so in CI. */
export function skipUntraced(): string | false {
  const untraced = whyUntraced();
  if (isCi) assert.equal(untraced, undefined, "in CI the trace must be had");
  return untraced ?? false;
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

/** The trace of a server on a fresh folder, from its start to its orderly end behind the work. */
export async function traceOf(
  plan: Pick<StartPlan, "synchronous" | "environment">,
  work: (server: ChildServer, key: string) => Promise<void>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-trace-"));
  const file = join(folder, "trace.txt");
  const under = ["strace", ...TRACED, "-y", "-q", "-s", String(PRINTED_BYTES), "-o", file];
  let server: ChildServer | undefined;
  try {
    server = await startChild({ ...plan, dataDir: join(folder, "data"), under });
    await work(server, server.adminKey ?? "");
    assert.equal((await server.end("SIGTERM")).code, 0);
    return await wholeTrace(file, server.pid);
  } finally {
    await server?.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
