import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { mapProviderUsage } from "../provider-response/map.ts";
import { contentDigest } from "./content-digest.ts";
import { EventPacker, EventUnpacker } from "./packed-events.ts";
import { readBodyItems } from "./read-items.ts";
import { withUsageMaps } from "./usage-maps-contract.ts";

const context = { digest: { content: contentDigest }, mapProviderUsage };

const id = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const quantity = fc.oneof(
  fc.nat(5_000),
  fc.constantFrom("0.5", "123456789.123456789", "1000000000000000", 9_007_199_254_740_991, -1),
);
const bucket = fc.constantFrom("input_uncached", "cache_read", "output_text", "seconds", "a_unit");
const label = fc.constantFrom("plan", "region", "2", "10");
const sent = {
  id,
  run: fc.constantFrom("r1", "r2", "läuft"),
  source: some(fc.constantFrom("sdk", "proxy")),
  occurredAt: fc.constantFrom("2026-11-10T10:00:00Z", "2026-11-10T10:00:00.123Z", "never"),
};
const step = fc.record({
  ...sent,
  customer: some(fc.constantFrom("acme", "globex")),
  agent: some(id),
  parentRun: some(id),
  parentStep: some(id),
  callId: some(id),
  hold: some(id),
  arguments: some(fc.dictionary(label, fc.nat(9))),
  kind: fc.constantFrom("model", "tool", "compute", "nothing"),
  status: some(fc.constantFrom("ok", "error", "aborted", "blocked")),
  completeness: some(fc.constantFrom("partial", "estimated", "exact")),
  attempt: some(fc.integer({ min: 1, max: 1_000 })),
  payer: some(fc.constantFrom("us", "customer")),
  role: some(fc.constantFrom("bill", "shadow")),
  model: some(fc.constantFrom("gpt-5", "claude-sonnet-4-5")),
  tool: some(id),
  tier: some(fc.constantFrom("batch", "standard")),
  usage: some(fc.dictionary(bucket, quantity, { maxKeys: 4 })),
  labels: some(fc.dictionary(label, fc.string({ maxLength: 8, unit: "grapheme" }))),
});
const called = fc.record({
  ...sent,
  kind: fc.constant("model"),
  usageFormat: fc.constant("openai.chat"),
  providerUsage: fc.constant({ prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 }),
});
const other = fc.oneof(
  fc.record({ ...sent, type: fc.constant("run.closed") }),
  fc.record({ ...sent, type: fc.constant("step.voided"), target: fc.record({ id }) }),
  fc.record({ ...sent, type: fc.constant("outcome.recorded"), outcome: id }),
  fc.record({ ...sent, type: fc.constant("run.opened"), labels: some(fc.dictionary(label, id)) }),
);
const body = fc.array(fc.oneof(step, called, other, fc.constant(7)), { maxLength: 12 });

describe("events that cross to another thread", () => {
  test("come out as they went in, body after body", () => {
    const packer = new EventPacker();
    const unpacker = new EventUnpacker();
    fc.assert(
      fc.property(body, (events) => {
        const read = readBodyItems(JSON.stringify(events), "json", context);
        const crossed = structuredClone(packer.pack(read));
        assert.deepEqual(withUsageMaps(unpacker.unpack(crossed)), read);
      }),
      { numRuns: 300 },
    );
  });

  test("name a text that repeats once, until the dictionary has grown large", () => {
    const packer = new EventPacker({ maxEntries: 20 });
    const unpacker = new EventUnpacker();
    const namedCounts: number[] = [];
    let anew = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      const run = `r${Math.floor(turn / 2)}`;
      const event = { id: `e${turn}`, run, occurredAt: "2026-11-10T10:00:00Z", kind: "tool" };
      const read = readBodyItems(JSON.stringify([event]), "json", context);
      const packed = packer.pack(read);
      namedCounts.push(packed.named.length);
      if (packed.beginsAnew) anew += 1;
      assert.deepEqual(withUsageMaps(unpacker.unpack(packed)), read);
    }
    assert.deepEqual(namedCounts.slice(0, 4), [3, 0, 1, 0], "run, source and tier, then runs");
    assert.ok(anew > 0, "it began anew");
  });

  test("share one object where they state the same labels, and nobody can change it", () => {
    const packer = new EventPacker();
    const unpacker = new EventUnpacker();
    const event = {
      run: "r",
      occurredAt: "2026-11-10T10:00:00Z",
      kind: "tool",
      labels: { a: "b" },
    };
    const text = JSON.stringify(["e1", "e2"].map((own) => ({ ...event, id: own })));
    const { events } = unpacker.unpack(packer.pack(readBodyItems(text, "json", context)));
    const [first, second] = events.map((one) => (one.type === "step" ? one.labels : null));
    assert.equal(first, second);
    assert.ok(Object.isFrozen(first));
  });
});
