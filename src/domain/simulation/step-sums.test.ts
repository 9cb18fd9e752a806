/** Steps added up are what the ledger's meter takes of them one by one, read as steps or as texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyFacts } from "../../store/event-sequences-contract.ts";
import type { Step } from "../event/step.ts";
import { partsOfStep, stepOfParts } from "../event/step-text.ts";
import { usageOf } from "../event/usage.ts";
import { type Amount, parseAmount, parseQuantity } from "../money/decimal.ts";
import { type CostConversion, compileCard } from "../rating/meter.ts";
import { storedRateCard } from "../rating/stored-rate-card.ts";
import { type CardOfStep, type Counted, StepSums } from "./step-sums.ts";
import { StepTextSums } from "./step-text-sums.ts";

const graduated = { model: "graduated", tiers: [{ upTo: "3", unit: "0" }, { unit: "0.5" }] };
const each = { model: "per_unit", unit: "0.1" };

function versionOf(id: number, charges: readonly object[]) {
  const document = JSON.stringify({ key: `card${id}`, currency: "USD", charges });
  const at = { effectiveFromMs: id, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id, version: 1, ...at, document, override: null, card: storedRateCard(document) };
}

const FIRST = versionOf(1, [
  { key: "steps", meter: { count: "steps" }, price: graduated },
  { key: "input", meter: { sum: "input_uncached" }, price: each },
  { key: "searches", meter: { sum: "web_searches", where: { kind: "tool" } }, price: each },
  { key: "cost", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  {
    key: "orders",
    meter: { sum: "order_value" },
    price: { model: "percentage", percent: "2", fixed: "0.30" },
  },
  {
    key: "by-team",
    meter: { count: "steps", where: { attempt: [1] } },
    price: { model: "matrix", by: "label.team", cells: { x: "1" }, otherwise: "2" },
  },
]);
const SECOND = versionOf(2, [
  { key: "failed", meter: { sum: "output_text", where: { status: "error" } }, price: each },
  { key: "paid", meter: { count: "steps", where: { payer: "customer" } }, price: each },
  { key: "cost", meter: { sum: "cost" }, price: { model: "markup", percent: "5" } },
]);

const toOtherCurrency: CostConversion = ({ cost, ratedAtMs = 0 }) =>
  (cost + BigInt(ratedAtMs % 7)) as Amount;
const first = compileCard(FIRST);
const second = compileCard(SECOND, toOtherCurrency);
/** One as recorded, one whatever was recorded. */
const CARDS: readonly CardOfStep[] = [
  (id) => (id === null ? null : id === 1 ? first : second),
  () => second,
];

const quantity = fc.constantFrom("0", "1", "12.5", "0.000000001", "1000000000000000");
const anyStep: fc.Arbitrary<Step> = fc
  .tuple(
    anyFacts,
    fc.record({
      customer: fc.constantFrom("acme", "beta"),
      period: fc.constantFrom("2026-11-01", "2026-12-01"),
      revision: fc.constantFrom(1, 1, 3),
      voided: fc.constantFrom(false, false, false, true),
      cardVersionId: fc.constantFrom(null, 1, 1, 2),
      occurredAtMs: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
      cost: fc.constantFrom("0", "0.25", "0.000000000000000000000000000000001", "123456789.5"),
      orderValue: quantity,
      rare: fc.constantFrom(null, "call-1"),
    }),
  )
  .map(([facts, { cost, orderValue, rare, ...about }]) => ({
    ...facts,
    ...about,
    ...{ run: "r", source: "s", id: "i", seq: 1, agent: null, amendedBy: null, hold: null },
    ...{ parentStep: null, callId: rare, contentHash: "1abc", priceVersionId: 4 },
    receivedAtMs: about.occurredAtMs + 5,
    ratedAtMs: about.occurredAtMs + (rare === null ? 0 : 3),
    usage: usageOf([...facts.usage, ["order_value", parseQuantity(orderValue) ?? (0n as never)]]),
    cost: parseAmount(cost) ?? assert.fail(cost),
    costStatus: "priced" as const,
    charge: 0n as Amount,
    shares: [{ chargeKey: "steps", cell: "", amount: parseAmount("0.5") ?? assert.fail() }],
  }));

function totals(rows: readonly Counted[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { quantity: amount, ...place } of rows) {
    const key = JSON.stringify(place);
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return sums;
}

/** What the meter takes of each step, added up one by one. */
function oneByOne(steps: readonly Step[]): Map<string, bigint> {
  return totals(
    steps.flatMap((step) =>
      CARDS.flatMap((cardOf, contender): Counted[] => {
        const card = step.voided ? null : cardOf(step.cardVersionId);
        const { customer, period } = step;
        return (card?.meterStep(step) ?? []).map(({ chargeKey, cell, quantity: amount }) => {
          const counted = { chargeKey, cell, quantity: amount };
          return { contender, customer, period, cardVersionId: card?.id ?? 0, ...counted };
        });
      }),
    ),
  );
}

test("steps added up at once are what the meter takes of each", () => {
  const property = fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
    const sums = new StepSums(CARDS);
    for (const step of steps) sums.add(step);
    const rows = sums.merged();
    assert.deepEqual(totals(rows), oneByOne(steps));
    assert.equal(
      new Set(rows.map(({ quantity: _, ...place }) => JSON.stringify(place))).size,
      rows.length,
    );
  });
  fc.assert(property, { numRuns: 300 });
});

test("read from their texts, in any order, they are the same", () => {
  const property = fc.property(
    fc.array(anyStep, { maxLength: 12 }),
    fc.boolean(),
    (steps, isTurned) => {
      const texts: string[] = [];
      const numberOf = (text: string) => {
        const at = texts.indexOf(text);
        return (at >= 0 ? at : texts.push(text) - 1) + 1;
      };
      const sums = new StepSums(CARDS);
      const options = { textOf: (number: number) => texts[number - 1] ?? "", readsLabels: true };
      const textSums = new StepTextSums(sums, options);
      for (const step of isTurned ? steps.toReversed() : steps) {
        const { facets, labels, body } = partsOfStep(step);
        const labelsNo = labels === "" ? 0 : numberOf(labels);
        textSums.add(sums.of(step.customer), { facetsNo: numberOf(facets), labelsNo, body });
        // The text is what the step is: the meter sees the same in both.
        const place = { run: "r", source: "s", id: "i", customer: step.customer, seq: 1 };
        assert.deepEqual(stepOfParts(place, { facets, labels, body }).usage, step.usage);
      }
      assert.deepEqual(totals(sums.merged()), oneByOne(steps));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("labels that no card looks at make no difference and are not read", () => {
  const sums = new StepSums([() => second]);
  const textOf = (number: number) =>
    number === 1 ? "\u001f\u001f\u001f\u001f" : assert.fail("labels are read");
  const textSums = new StepTextSums(sums, { textOf, readsLabels: false });
  const [step] = fc.sample(anyStep, { numRuns: 1, seed: 1 });
  assert.ok(step !== undefined);
  const paying = { ...step, payer: "customer", role: "bill", voided: false, labels: null } as const;
  const { body } = partsOfStep(paying);
  for (const labelsNo of [7, 8, 9]) {
    textSums.add(sums.of("acme"), { facetsNo: 1, labelsNo: labelsNo === 7 ? 0 : labelsNo, body });
  }
  const paid = sums.merged().find(({ chargeKey }) => chargeKey === "paid");
  assert.equal(paid?.quantity, 3_000_000_000n);
});
