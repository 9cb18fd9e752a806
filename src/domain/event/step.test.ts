import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Quantity } from "../money/decimal.ts";
import { COMPLETENESS, type StepEvent } from "./event.ts";
import { decideArrival, type Kept } from "./step.ts";
import { usageOf } from "./usage.ts";

const record = fc
  .record({
    completeness: fc.constantFrom(...COMPLETENESS),
    tokens: fc.integer({ min: 1, max: 5 }),
    units: fc.integer({ min: 0, max: 3 }),
    contentHash: fc.integer({ min: 0, max: 9 }).map((n) => `1${n}`),
  })
  .map(({ tokens, units, ...rest }) => sent({ ...rest, tokens, units }));

function sent(stated: {
  readonly completeness: StepEvent["completeness"];
  readonly tokens: number;
  readonly units: number;
  readonly contentHash: string;
}): StepEvent {
  const usage = usageOf([
    ["output_text", BigInt(stated.tokens) as Quantity],
    ["searches", BigInt(stated.units) as Quantity],
  ]);
  return {
    type: "step",
    run: "r",
    source: "s",
    id: "i",
    occurredAtMs: 0,
    contentHash: stated.contentHash,
    customer: null,
    agent: null,
    parentRun: null,
    parentStep: null,
    callId: null,
    hold: null,
    kind: "model",
    status: "ok",
    completeness: stated.completeness,
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: null,
    // Facts beside the usage, different for every content.
    model: stated.contentHash,
    tool: null,
    tier: "standard",
    usage,
    labels: null,
  };
}

function keptOf(event: StepEvent): Kept {
  return { ...event, voided: false, amendedBy: null };
}

/** What is kept after records arrived one after the other. */
function after(records: readonly StepEvent[]): Kept | undefined {
  let kept: Kept | undefined;
  for (const arrived of records) {
    if (kept === undefined) {
      kept = keptOf(arrived);
      continue;
    }
    const arrival = decideArrival(kept, arrived);
    if (arrival.kind !== "supersede") continue;
    kept = { ...kept, ...arrival.facts, contentHash: arrival.contentHash };
  }
  return kept;
}

function facts(kept: Kept | undefined) {
  return [kept?.completeness, kept?.contentHash, kept?.model, [...(kept?.usage ?? [])]];
}

test("records of one step come to the same whatever the order of their arrival", () => {
  // Two differing exact records are a conflict: the first stays, so at most one is drawn.
  const set = fc
    .uniqueArray(record, { selector: ({ contentHash }) => contentHash, maxLength: 5 })
    .filter((list) => list.filter(({ completeness }) => completeness === "exact").length <= 1);
  fc.assert(
    fc.property(
      set.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      ([list, shuffled]) => assert.deepEqual(facts(after(shuffled)), facts(after(list))),
    ),
  );
});

test("sending a record again changes nothing", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), record, (list, last) => {
      const once = after([...list, last]);
      assert.deepEqual(facts(after([...list, last, last])), facts(once));
    }),
  );
});

test("a more complete record supersedes, a less complete one is stale", () => {
  const partial = sent({ completeness: "partial", tokens: 3, units: 0, contentHash: "1a" });
  const exact = sent({ completeness: "exact", tokens: 120, units: 0, contentHash: "1b" });
  assert.equal(decideArrival(keptOf(partial), exact).kind, "supersede");
  assert.equal(decideArrival(keptOf(exact), partial).kind, "stale");
});

test("of two differing exact records the first stays and the second is a conflict", () => {
  const first = sent({ completeness: "exact", tokens: 1, units: 0, contentHash: "1a" });
  const second = sent({ completeness: "exact", tokens: 2, units: 0, contentHash: "1b" });
  assert.equal(decideArrival(keptOf(first), second).kind, "conflict");
  assert.equal(decideArrival(keptOf(first), first).kind, "duplicate");
});

test("what a person decided stands, whatever arrives late", () => {
  const partial = sent({ completeness: "partial", tokens: 1, units: 0, contentHash: "1a" });
  const exact = sent({ completeness: "exact", tokens: 2, units: 0, contentHash: "1b" });
  assert.equal(decideArrival({ ...keptOf(partial), voided: true }, exact).kind, "stale");
  assert.equal(decideArrival({ ...keptOf(partial), amendedBy: "x" }, exact).kind, "stale");
});
