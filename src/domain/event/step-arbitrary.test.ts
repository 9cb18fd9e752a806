/** Random steps for the property tests of this folder. It has no test of its own. */
import fc from "fast-check";
import type { Amount, Quantity } from "../money/decimal.ts";
import { COMPLETENESS, PAYERS, ROLES, STEP_KINDS, STEP_STATUSES } from "./event.ts";
import type { Step } from "./step.ts";
import { INPUT_BUCKETS, OUTPUT_BUCKETS, usageOf } from "./usage.ts";

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((value) => ![...value].some((char) => char < " " || char === "\u007f"));
const optional = fc.option(text);
const amount = fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }).map((n) => n as Amount);
const quantity = fc.bigInt({ min: 1n, max: 10n ** 24n }).map((n) => n as Quantity);
const unit = fc.oneof(
  fc.constantFrom(...INPUT_BUCKETS, ...OUTPUT_BUCKETS),
  fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
);
const usage = fc
  .uniqueArray(fc.tuple(unit, quantity), { selector: ([name]) => name, maxLength: 8 })
  .map(usageOf);
const cell = fc.oneof(fc.constant(""), text);
const share = fc.record({ chargeKey: text, cell, amount }, { noNullPrototype: true });
const instant = fc.integer({ min: 946_684_800_000, max: 7_258_118_400_000 });

const anyLabels = fc.dictionary(text, text, { minKeys: 1, maxKeys: 4, noNullPrototype: true });

/** A step of which nothing is usual. */
export const step: fc.Arbitrary<Step> = fc
  .record({
    run: text,
    source: text,
    id: text,
    seq: fc.nat(),
    revision: fc.integer({ min: 1, max: 9 }),
    voided: fc.boolean(),
    amendedBy: optional,
    contentHash: fc.stringMatching(/^1[A-Za-z0-9_-]{22}$/),
    customer: text,
    agent: optional,
    namesAgent: fc.boolean(),
    overruled: fc.boolean(),
    parentStep: optional,
    callId: optional,
    hold: optional,
    occurredAtMs: instant,
    receivedAtMs: instant,
    ratedAtMs: instant,
    period: fc.constant("2026-11-01"),
    kind: fc.constantFrom(...STEP_KINDS),
    status: fc.constantFrom(...STEP_STATUSES),
    completeness: fc.constantFrom(...COMPLETENESS),
    attempt: fc.integer({ min: 1, max: 1000 }),
    payer: fc.constantFrom(...PAYERS),
    role: fc.constantFrom(...ROLES),
    provider: optional,
    model: optional,
    tool: optional,
    tier: text,
    labels: fc.option(anyLabels),
    /** Labels of its hold: none, the same as its own, or others. */
    held: fc.oneof(fc.constant(null), fc.constant("own"), anyLabels),
    usage,
    cardVersionId: fc.option(fc.nat()),
    priceVersionId: fc.option(fc.nat()),
    cost: amount,
    costStatus: fc.constantFrom("priced", "partial", "unpriced", "none"),
    shares: fc.array(share, { maxLength: 4 }),
  })
  .map(({ held, ...made }) => {
    const charge = made.shares.reduce((sum, item) => (sum + item.amount) as Amount, 0n as Amount);
    const step = { ...made, overruled: made.overruled && made.role === "shadow", charge };
    const heldLabels = held === "own" ? made.labels : held;
    return heldLabels === null ? step : { ...step, heldLabels: heldLabels };
  });
