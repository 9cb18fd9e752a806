import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answering } from "../recorded-session-contract.ts";
import { DAY_MS, START_MS } from "../sample-line-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import {
  EVENTS,
  HOUR_MS,
  lineOf,
  recording,
  targetOf,
  USAGES,
} from "./sample-chargebee-contract.ts";

const END_MS = START_MS + DAY_MS;
const KEYS = ["a", "b", "c"];

async function classes(answers: Answering, nowMs?: number): Promise<readonly string[]> {
  const lines = KEYS.map((key) => lineOf(EVENTS, { key: `key-${key}` }));
  const { session } = recording(EVENTS, answers, nowMs);
  const outcomes = await chargebeeConnector.send(lines, session);
  return outcomes.map((one) => one.class);
}

test("of a batch, only what failed is refused", async () => {
  const failed = (message: string) => ({ deduplication_id: "key-b", usage_timestamp: 1, message });
  const answer = (...events: readonly object[]): Answering => {
    return () => ({ batch_id: "batch_1", failed_events: events });
  };
  assert.deepEqual(await classes(answer()), ["accepted", "accepted", "accepted"]);
  const refused = ["accepted", "permanent_data", "accepted"];
  assert.deepEqual(await classes(answer(failed("properties are wrong"))), refused);
  const old = ["accepted", "closed_period", "accepted"];
  assert.deepEqual(await classes(answer(failed("not within the last 12 hours"))), old);
  const unknown = ["unknown_outcome", "unknown_outcome", "unknown_outcome"];
  assert.deepEqual(await classes(answer({ index: 1 })), unknown, "nobody knows which");
  assert.deepEqual(await classes(() => ({ status: 202, headers: {}, body: "?" })), unknown);
});

test("lines are sent and read by what they are, whatever the settings are now", async () => {
  const lines = [lineOf(EVENTS, { key: "event" }), lineOf(USAGES, { key: "usage" })];
  const answers: Answering = ({ url }) =>
    url.includes("/usage_summary")
      ? { list: [{ usage_summary: { aggregated_value: "1", aggregated_from: START_MS / 1000 } }] }
      : { list: [{ usage: { quantity: "0.5" } }] };
  const { session, requests } = recording(USAGES, answers);
  const outcomes = await chargebeeConnector.send(lines, session);
  assert.deepEqual(
    outcomes.map((one) => one.class),
    ["accepted", "accepted"],
  );
  assert.deepEqual(
    requests.map(({ url }) => new URL(url).hostname),
    ["acme-test.ingest.chargebee.com", "acme-test.chargebee.com"],
  );
  assert.equal(await chargebeeConnector.total?.(lines, session), "1.5");
});

test("an event that is nearly twelve hours old does not leave", async () => {
  const late = ["closed_period", "closed_period", "closed_period"];
  const { session, requests } = recording(EVENTS, () => ({}), END_MS + 11 * HOUR_MS + 1);
  const outcomes = await chargebeeConnector.send([lineOf(EVENTS)], session);
  assert.deepEqual([outcomes[0]?.class, requests.length], ["closed_period", 0]);
  assert.deepEqual(await classes(() => ({}), END_MS + 12 * HOUR_MS), late);
});

test("batches keep to 10,000 events of a minute and 500 of a request", () => {
  for (const [perSecond, count] of [["1", 166] as const, ["2", 83] as const]) {
    const target = targetOf("usage", { api: "events", perSecond });
    assert.equal(chargebeeConnector.capability(target).batchMaxCount, count);
    assert.ok(count * Number(perSecond) * 60 <= 10_000);
  }
});

test("an event of more than 1 KB, or of half minutes, is told as missing", () => {
  const window = { startMs: START_MS, endMs: END_MS + 30_000 };
  assert.throws(() => lineOf(EVENTS, { window }), { code: "target.invalid" });
  assert.throws(() => lineOf(EVENTS, { key: "k".repeat(1_000) }), { code: "target.invalid" });
});

test("a sum that reaches beyond its window says nothing of it", async () => {
  const row = { aggregated_value: "3.5", aggregated_from: START_MS / 1000 };
  const sums = (to: number): Answering => {
    return () => ({ list: [{ usage_summary: { ...row, aggregated_to: to / 1000 } }] });
  };
  const double = () => ({
    list: [
      { usage_summary: { ...row, aggregated_value: "0.30000000000000004", aggregated_to: 1 } },
    ],
  });
  const total = async (answers: Answering) =>
    chargebeeConnector.total?.([lineOf(EVENTS)], recording(EVENTS, answers).session);
  assert.equal(await total(sums(START_MS + HOUR_MS)), "3.5");
  assert.equal(await total(sums(END_MS + 1_000)), null);
  assert.equal(await total(double), "0.3", "a sum of doubles");
});
