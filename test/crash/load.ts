/** Sends a world's events, and holds every answer against what was acknowledged before. */
import assert from "node:assert/strict";
import type { Answer, HttpClient } from "./http-client.ts";
import type { SentEvent, World } from "./world.ts";

interface IngestAnswer {
  readonly results: readonly { readonly status: string; readonly error?: unknown }[];
}

/** Statuses by which the server takes responsibility for an event. */
const KEPT = ["accepted", "superseded", "duplicate", "stale", "duplicate_call", "suspended"];
/** Statuses by which an event starts to count. */
const COUNTS_NOW = ["accepted", "superseded"];

/** Sends one request. Rejects where no whole answer comes; nothing is acknowledged then. */
export async function send(
  client: HttpClient,
  batch: readonly SentEvent[],
): Promise<Answer<IngestAnswer & { readonly code?: string }>> {
  const known = batch.map((sent) => sent.isAcknowledged);
  const events = batch.map((sent) => sent.event);
  const answer = await client.post<IngestAnswer>("/v1/events", events);
  const { status, body } = answer;
  if (status !== 200) return answer;
  assert.equal(body.results.length, batch.length, "one result an event");
  for (const [index, sent] of batch.entries()) {
    const result = body.results[index];
    const about = `${JSON.stringify(sent.event)} was answered ${JSON.stringify(result)}`;
    assert.ok(result !== undefined && KEPT.includes(result.status), about);
    const countsAgain = known[index] === true && COUNTS_NOW.includes(result.status);
    assert.ok(!countsAgain, `${about}, having been acknowledged before`);
    sent.isAcknowledged = true;
  }
  return answer;
}

/** How a load went: requests by status, and those that got no answer. */
export interface LoadReport {
  readonly statuses: Map<number, number>;
  cutOff: number;
}

/** How to send. */
interface Load {
  readonly connections: number;
  readonly isOver: () => boolean;
  /** Told of each answer with its status. */
  readonly onAnswer?: (status: number) => void;
}

/** Sends request after request on each connection until `isOver` says so or the server is gone. */
export async function sendMany(
  client: HttpClient,
  world: World,
  { connections, isOver, onAnswer }: Load,
): Promise<LoadReport> {
  const report: LoadReport = { statuses: new Map(), cutOff: 0 };
  const sender = async (): Promise<void> => {
    while (!isOver()) {
      try {
        const { status } = await send(client, world.request());
        report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1);
        onAnswer?.(status);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        report.cutOff += 1;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  return report;
}

const RESEND_BATCH = 200;

/** Sends all that nobody acknowledged, and the latest of what somebody did. */
export async function resend(client: HttpClient, world: World, again: number): Promise<void> {
  const acknowledged = world.events.filter((sent) => sent.isAcknowledged).slice(-again);
  const all = [...acknowledged, ...world.unacknowledged()];
  for (let from = 0; from < all.length; from += RESEND_BATCH) {
    const { status } = await send(client, all.slice(from, from + RESEND_BATCH));
    assert.equal(status, 200, "what is sent again is taken");
  }
}
