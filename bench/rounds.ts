/**
 * Rounds of requests, ours and the limit's in turns: what disturbs the machine meanwhile disturbs
 * both.
 */
import type { ChildProcess } from "node:child_process";
import type { LoadResult } from "./load.ts";
import type { RoundAnswer } from "./load-process.ts";
import * as measured from "./measured.ts";

const { median, rounded } = measured;

/** Rounds of one size; the median of several counts. */
export interface Shape {
  readonly eventsPerRequest: number;
  readonly connections: number;
  readonly requests: number;
}

/** Many events a request. */
export const BATCHES: Shape = { eventsPerRequest: 100, connections: 16, requests: 600 };
/** One event a request. */
export const SINGLES: Shape = { eventsPerRequest: 1, connections: 64, requests: 15_000 };
/** Steps to have, not to measure. */
export const FILL: Shape = { eventsPerRequest: 1_000, connections: 8, requests: 100 };
/** So many rounds each. */
const ROUNDS = 5;

/** What a server is sent: its workload is of the same name. */
type Name = "limit" | "product" | "budgeted" | "long";

/** The servers of a bench, each of which gets a workload of its own, and who sends it. */
export type Against<Named extends Name> = Readonly<Record<Named, measured.Target>> & {
  readonly load: ChildProcess;
};

/** One round: resolves with how it went, and with what was sent since the first. */
export function round<Named extends Name>(
  against: Against<Named>,
  workload: Named,
  shape: Shape,
): Promise<RoundAnswer> {
  const { eventsPerRequest, connections, requests } = shape;
  const content = { of: "events", workload, eventsPerRequest } as const;
  return measured.sendRound(against.load, against[workload], { content, connections, requests });
}

/** The limit and a server in turns; the median of several rounds. */
export async function inTurns<Named extends Name>(
  against: Against<Named | "limit">,
  name: Named,
  { shape, label }: { readonly shape: Shape; readonly label: string },
) {
  const { child } = against[name];
  const limits: number[] = [];
  const ours: number[] = [];
  const ratios: number[] = [];
  const p50: number[] = [];
  const p99: number[] = [];
  const cpu: number[] = [];
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`${label}: round ${turn} of ${ROUNDS}\n`);
    const bare = rateOf(await round(against, "limit", shape), shape);
    const cpuMs = measured.cpuMsOf(child);
    const answer = await round(against, name, shape);
    const rate = rateOf(answer, shape);
    limits.push(bare);
    ours.push(rate);
    ratios.push(rate / bare);
    p50.push(answer.p50Ms);
    p99.push(answer.p99Ms);
    const took = (measured.cpuMsOf(child) ?? 0) - (cpuMs ?? 0);
    cpu.push((1_000 * took) / (shape.requests * shape.eventsPerRequest));
  }
  return {
    limit: Math.round(median(limits)),
    ours: Math.round(median(ours)),
    ratio: rounded(median(ratios), 4),
    p50Ms: rounded(median(p50), 2),
    p99Ms: rounded(median(p99), 2),
    /** 0 where the system does not tell. */
    cpuMicros: rounded(median(cpu), 1),
  };
}

function rateOf(answer: LoadResult, { eventsPerRequest }: Shape): number {
  return (answer.requests * eventsPerRequest) / answer.seconds;
}

/** Sends until a server has so many steps. */
export async function fill<Named extends Name>(
  against: Against<Named>,
  name: Named,
  steps: number,
): Promise<RoundAnswer> {
  let answer = await round(against, name, { ...FILL, requests: 1 });
  while (answer.sent.steps < steps) {
    answer = await round(against, name, FILL);
    const share = Math.min(100, Math.floor((100 * answer.sent.steps) / steps));
    process.stderr.write(`filling: ${answer.sent.steps} of ${steps} steps (${share} %)\n`);
  }
  return answer;
}
