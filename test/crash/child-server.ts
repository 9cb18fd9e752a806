/** Starts servers as processes of their own, and ends them the hard way or the soft one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { QUICK_START } from "../quick-start.ts";

export const SERVER_ENTRY = fileURLToPath(new URL("./server.ts", import.meta.url));

/** How a child process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildServer {
  readonly pid: number;
  readonly url: string;
  /** Null but at the first start of a folder. */
  readonly adminKey: string | null;
  /** From the start of the process until it listens, recovery included. */
  readonly startMs: number;
  /** What it wrote to stderr. */
  errors(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ending>;
}

/** The server refused to start; its word for it. */
export class Refused extends Error {}

export interface StartPlan {
  readonly dataDir: string;
  /** (Default: FULL, as the product has it.) */
  readonly synchronous?: "FULL" | "NORMAL";
  /** Words before `node`, such as a tracer with its options. (Default: none.) */
  readonly under?: readonly string[];
  /** How far its clock is ahead of the machine's. (Default: 0.) */
  readonly aheadMs?: number;
  /** Variables beside those of this process. (Default: none.) */
  readonly environment?: Readonly<Record<string, string>>;
}

function spawnServer(plan: StartPlan) {
  const { dataDir, synchronous = "FULL", under = [], aheadMs = 0, environment = {} } = plan;
  const program = [process.execPath, ...QUICK_START, SERVER_ENTRY];
  const words = [...program, dataDir, synchronous, String(aheadMs)];
  const [command = "", ...args] = [...under, ...words];
  const env = { ...process.env, ...environment };
  return spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** Starts a server process and kills it while it starts, or soon after. */
export async function killWhileStarting(plan: StartPlan, afterMs: number): Promise<void> {
  const child = spawnServer(plan);
  const ended = once(child, "exit");
  await sleep(afterMs);
  child.kill("SIGKILL");
  await ended;
}

/** Starts a server process and waits until it listens. */
export async function startChild(plan: StartPlan): Promise<ChildServer> {
  const startedMs = performance.now();
  const child = spawnServer(plan);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }) as Ending);
  const first = await Promise.race([firstLine(child), ended.then(() => "{}")]);
  const { url, adminKey, refused } = JSON.parse(first) as Record<string, string | null>;
  if (typeof url !== "string") throw new Refused(refused ?? `it ended: ${errors}`);
  return {
    pid: child.pid ?? 0,
    url,
    adminKey: adminKey ?? null,
    startMs: performance.now() - startedMs,
    errors: () => errors,
    ended,
    end: async (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) return "{}";
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return line;
}
