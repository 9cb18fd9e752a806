/**
 * Holds of the design's bars: one model call a request, for runs of 500 customers, or for as many
 * runs of one hot customer. What was allowed is settled by its steps later.
 */
import type { Post } from "./load.ts";
import { seededRandom } from "./workload.ts";

const RUNS = 500;
const EVENTS_PER_REQUEST = 100;
const HOT_CUSTOMER = "customer-hot";

/** Whose runs ask: each of another customer, or all of one. */
export type RunsOf = "spread" | "hot";

interface Asked {
  readonly run: string;
  readonly id: string;
}

/** Budgets of the bars: one of cost for each run, one of charge for each customer and month. */
export const BENCH_BUDGETS = {
  "run-cost": { each: "run", measure: "cost", limit: "1000000" },
  "customer-charge": {
    each: "customer",
    measure: "charge",
    currency: "USD",
    per: "month",
    limit: "10000000",
  },
} as const;

/** Makes requests about holds and remembers what is to be settled. */
export class HoldWorkload {
  readonly #random: () => number;
  #unsettled: Asked[] = [];
  #asked = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Bodies of events that open every run. */
  openings(): string[] {
    const events = (["spread", "hot"] as const).flatMap((runs) =>
      Array.from({ length: RUNS }, (_, at) => ({
        type: "run.opened",
        id: "opened",
        source: "bench",
        run: runOf(runs, at),
        customer: runs === "hot" ? HOT_CUSTOMER : `customer-${at}`,
        agent: "support",
        occurredAt: new Date().toISOString(),
      })),
    );
    return inBatches(events);
  }

  /** Asks for one call of a model, of a run in turn. */
  ask(runs: RunsOf, isSettled: boolean): Post {
    const { run, body } = this.askOf(runs, isSettled);
    return { path: `/v1/runs/${run}/holds`, body: Buffer.from(JSON.stringify(body)) };
  }

  /** The same as a document, with the run that it is for. */
  askOf(runs: RunsOf, isSettled: boolean) {
    const run = runOf(runs, this.#asked % RUNS);
    this.#asked += 1;
    const id = `${this.#hex(8)}-${this.#hex(4)}-4${this.#hex(3)}-a${this.#hex(3)}-${this.#hex(12)}`;
    const model = { kind: "model", provider: "openai", model: "gpt-5" };
    const most = { inputTokens: 200 + this.#pick(4_000), maxOutputTokens: 20 + this.#pick(600) };
    if (isSettled) this.#unsettled.push({ run, id });
    return { run, body: { holds: [{ source: "bench", id, ...model, ...most }] } };
  }

  /** Bodies of the steps of everything that was asked for since the last time. */
  settlements(): string[] {
    const steps = this.#unsettled.map(({ run, id }) => ({
      ...{ id, source: "bench", run, occurredAt: new Date().toISOString() },
      ...{ kind: "model", provider: "openai", model: "gpt-5" },
      usage: { input_uncached: 100 + this.#pick(100), output_text: this.#pick(20) },
    }));
    this.#unsettled = [];
    return inBatches(steps);
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #hex(length: number): string {
    return this.#pick(16 ** length)
      .toString(16)
      .padStart(length, "0");
  }
}

function runOf(runs: RunsOf, at: number): string {
  return `${runs}-${String(at).padStart(3, "0")}`;
}

function inBatches(events: readonly object[]): string[] {
  const bodies: string[] = [];
  for (let from = 0; from < events.length; from += EVENTS_PER_REQUEST) {
    bodies.push(JSON.stringify(events.slice(from, from + EVENTS_PER_REQUEST)));
  }
  return bodies;
}
