/**
 * The load generator's process. It makes the bodies of a round before it is timed, and continues
 * one workload over all rounds, so that what it sent can be compared with what the store says.
 */
import { sendLoad } from "./load.ts";
import { Workload } from "./workload.ts";

/** One round: so many requests of so many events over so many connections. */
export interface Round {
  readonly url: string;
  readonly path: string;
  readonly key: string | null;
  readonly requests: number;
  readonly eventsPerRequest: number;
  readonly connections: number;
  /** Which workload goes on: the limit server's is not the product's. */
  readonly workload: "limit" | "product";
}

const SEED = 20_261_123;
const START_MS = Date.parse("2026-11-01T00:00:00Z");
const workloads = { limit: new Workload(SEED, START_MS), product: new Workload(SEED, START_MS) };

process.on("message", async (round: Round) => {
  const workload = workloads[round.workload];
  const bodies = Array.from({ length: round.requests }, () =>
    Buffer.from(workload.batch(round.eventsPerRequest)),
  );
  const { url, path, key, connections } = round;
  const result = await sendLoad({ url, path, key, bodies, connections });
  const { steps, duplicates, inputTokens, outputTokens } = workload.sent;
  const sent = {
    steps,
    duplicates,
    inputTokens: `${inputTokens}`,
    outputTokens: `${outputTokens}`,
  };
  process.send?.({ ...result, sent });
});
