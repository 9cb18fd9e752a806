/** What benches share that run servers: starting them, sending rounds, and the sums of it. */
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import type { Round, RoundAnswer } from "./load-process.ts";

/** A server under load. */
export interface Target {
  readonly child: ChildProcess;
  readonly url: string;
  /** Null: it needs none. */
  readonly key: string | null;
}

/** Starts a script that prints `URL KEY` when it is ready, kept compiled as the launcher has it. */
export async function startServer(script: string, args: readonly string[]): Promise<Target> {
  const path = join(import.meta.dirname, script);
  const kept = join(import.meta.dirname, "../node_modules/.cache/tollgate");
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: kept },
  });
  const [data] = await once(child.stdout, "data");
  const [url = "", key = null] = String(data).trim().split(" ");
  return { child, url, key };
}

/** Starts a process that sends rounds: the same ones every time, or by a seed of their own. */
export function startLoad(seed?: number): ChildProcess {
  const args = seed === undefined ? [] : [String(seed)];
  return fork(join(import.meta.dirname, "load-process.ts"), args, { stdio: "inherit" });
}

/** Sends a round and waits for its end. Throws where an answer was not what it must be. */
export async function sendRound(
  load: ChildProcess,
  { url, key }: Target,
  round: Omit<Round, "url" | "key" | "perSecond"> & { readonly perSecond?: number },
): Promise<RoundAnswer> {
  const { perSecond = null, ...rest } = round;
  const whole: Round = { url, key, perSecond, ...rest };
  load.send(whole);
  const [answer] = (await once(load, "message")) as [RoundAnswer];
  const failures = Object.entries(answer.failures);
  if (failures.length > 0) throw new Error(`wrong answers: ${JSON.stringify(failures)}`);
  return answer;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A number with so many decimal places. */
export function rounded(value: number, places = 0): number {
  return Number(value.toFixed(places));
}

/** Milliseconds between two ticks of the kernel's accounts. */
const TICK_MS = 10;
const USER_FIELD = 11;

/** Processor time that a process has taken, all threads, in ms; null where nobody tells. */
export function cpuMsOf({ pid }: ChildProcess): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return TICK_MS * (Number(fields[USER_FIELD]) + Number(fields[USER_FIELD + 1]));
  } catch {
    return null;
  }
}

/** The process that started one of this machine. Throws where nobody tells. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Percentiles of so many reads over one connection, one after the other, in milliseconds. */
export async function readTimes(
  target: Target,
  pathOf: (turn: number) => string,
  count: number,
): Promise<{ readonly p50Ms: number; readonly p99Ms: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const startedMs = performance.now();
    await readOnce(target, pathOf(turn), agent);
    times.push(performance.now() - startedMs);
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function readOnce({ url, key }: Target, path: string, agent: Agent): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    const request = get(url + path, { agent, headers }, (response) => {
      response.resume();
      response.once("end", () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`${path} answered ${response.statusCode}`)),
      );
    });
    request.once("error", reject);
  });
}

/** Where and of what it was measured. */
export function aboutThis() {
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
  return { machine, commit: commit() };
}

function commit(): string | null {
  try {
    const options = { cwd: import.meta.dirname, encoding: "utf8" } as const;
    const stdio: ("ignore" | "pipe")[] = ["ignore", "pipe", "ignore"];
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { ...options, stdio }).trim();
  } catch {
    return null;
  }
}
