/**
 * The load generator's process. It makes the bodies of a round before it is timed, and continues
 * its workloads over all rounds, so that what it sent can be compared with what the store says.
 */
import { HoldWorkload, type RunsOf } from "./hold-workload.ts";
import { type LoadResult, type Post, sendLoad } from "./load.ts";
import { Workload } from "./workload.ts";

/** What a round sends. */
export type Content =
  /** Events of the workload of this name: each server has one of its own. */
  | { readonly of: "events"; readonly workload: string; readonly eventsPerRequest: number }
  /** The openings of all runs that holds are asked for. */
  | { readonly of: "openings" }
  /** Holds, one a request. */
  | { readonly of: "holds"; readonly runs: RunsOf }
  /** The steps of all holds that were allowed so far and not settled. */
  | { readonly of: "settlements" };

/** One round. */
export interface Round {
  readonly url: string;
  /** Null: a server that needs no key. */
  readonly key: string | null;
  readonly content: Content;
  readonly requests: number;
  readonly connections: number;
  readonly perSecond: number | null;
}

/** What a round came to, and what was sent since the start. */
export interface RoundAnswer extends LoadResult {
  readonly sent: {
    readonly steps: number;
    readonly duplicates: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
  };
}

/** Others where a database goes on that was filled before. */
const SEED = Number(process.argv[2] ?? 20_261_123);
/** Seeds of workloads of one customer stand apart from the others. */
const HOT_SEEDS = 1_000;
const START_MS = Date.parse("2026-11-01T00:00:00Z");
/** Runs that outlast every round. */
const LONG_RUN_STEPS = 1_000_000;
const EVENTS = "/v1/events";
const workloads = new Map<string, Workload>();
const holds = new HoldWorkload(SEED);

function workloadOf(name: string): Workload {
  // Events of two nodes of one database differ: their names end in a number of their own.
  const number = Number(/\d+$/.exec(name)?.[0] ?? 0);
  const isHot = name.startsWith("hot-");
  const seed = SEED + number + (isHot ? HOT_SEEDS : 0);
  const customers = isHot ? { customers: 1 } : {};
  const runs = name === "long" ? { stepsPerRun: LONG_RUN_STEPS } : {};
  const options = { startMs: START_MS, ...customers, ...runs };
  const known = workloads.get(name) ?? new Workload(seed, options);
  workloads.set(name, known);
  return known;
}

function postsOf({ content, requests, key }: Round): readonly Post[] {
  const times = (make: () => Post) => Array.from({ length: requests }, make);
  const events = (text: string): Post => ({ path: EVENTS, body: Buffer.from(text) });
  switch (content.of) {
    case "events": {
      const workload = workloadOf(content.workload);
      return times(() => events(workload.batch(content.eventsPerRequest)));
    }
    case "openings":
      return holds.openings().map(events);
    case "holds":
      // Who has no key is the limit: what it got need not be settled.
      return times(() => holds.ask(content.runs, key !== null));
    case "settlements":
      return holds.settlements().map(events);
  }
}

process.on("message", async (round: Round) => {
  const { url, key, connections, perSecond, content } = round;
  const mustSay = content.of === "holds" && key !== null ? '"decision":"allow"' : null;
  const posts = postsOf(round);
  const result = await sendLoad({ url, key, posts, connections, perSecond, mustSay });
  const sent = content.of === "events" ? workloadOf(content.workload).sent : null;
  const { steps = 0, duplicates = 0, inputTokens = 0n, outputTokens = 0n } = sent ?? {};
  const told = { steps, duplicates };
  const tokens = { inputTokens: `${inputTokens}`, outputTokens: `${outputTokens}` };
  const answer: RoundAnswer = { ...result, sent: { ...told, ...tokens } };
  process.send?.(answer);
});
