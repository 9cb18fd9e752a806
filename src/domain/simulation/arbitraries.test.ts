/** Steps and cards to add up, and what the ledger's meter takes of them one by one. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { anyFacts } from "../../store/event-sequences-contract.ts";
import type { Step } from "../event/step.ts";
import { usageOf } from "../event/usage.ts";
import { type Amount, parseAmount, parseQuantity } from "../money/decimal.ts";
import { type CostConversion, compileCard } from "../rating/meter.ts";
import { storedRateCard } from "../rating/stored-rate-card.ts";
import { isBeforeTrialEnd, meteredInTrial } from "../rating/trial.ts";
import type { CardOfStep, Counted } from "./step-sums.ts";

const graduated = { model: "graduated", tiers: [{ upTo: "3", unit: "0" }, { unit: "0.5" }] };
const each = { model: "per_unit", unit: "0.1" };

/** The start of every customer: steps are before, in and after the trials. */
export const STARTED_AT_MS = 1_720_000_000_000;

function versionOf(id: number, trial: object, charges: readonly object[]) {
  const document = JSON.stringify({ key: `card${id}`, currency: "USD", charges, trial });
  const at = { effectiveFromMs: id, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id, version: 1, ...at, document, override: null, card: storedRateCard(document) };
}

const FIRST = versionOf(1, { days: 300 }, [
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
const SECOND = versionOf(2, { days: 700, charges: ["failed", "cost"] }, [
  { key: "failed", meter: { sum: "output_text", where: { status: "error" } }, price: each },
  { key: "paid", meter: { count: "steps", where: { payer: "customer" } }, price: each },
  { key: "cost", meter: { sum: "cost" }, price: { model: "markup", percent: "5" } },
]);

const toOtherCurrency: CostConversion = ({ cost, ratedAtMs = 0 }) =>
  (cost + BigInt(ratedAtMs % 7)) as Amount;
const first = compileCard(FIRST);
export const second = compileCard(SECOND, toOtherCurrency);
/** One as recorded, one whatever was recorded. */
export const CARDS: readonly CardOfStep[] = [
  (id) => (id === null ? null : id === 1 ? first : second),
  () => second,
];

const quantity = fc.constantFrom("0", "1", "12.5", "0.000000001", "1000000000000000");
export const anyStep: fc.Arbitrary<Step> = fc
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
      namesAgent: fc.boolean(),
    }),
  )
  .map(([facts, { cost, orderValue, rare, ...about }]) => ({
    ...facts,
    ...about,
    ...{ run: "r", source: "s", id: "i", seq: 1, agent: null, amendedBy: null, hold: null },
    overruled: false,
    ...{ parentStep: null, callId: rare, contentHash: "1abc", priceVersionId: 4 },
    receivedAtMs: about.occurredAtMs + 5,
    ratedAtMs: about.occurredAtMs + (rare === null ? 0 : 3),
    usage: usageOf([...facts.usage, ["order_value", parseQuantity(orderValue) ?? (0n as never)]]),
    cost: parseAmount(cost) ?? assert.fail(cost),
    costStatus: "priced" as const,
    charge: 0n as Amount,
    shares: [{ chargeKey: "steps", cell: "", amount: parseAmount("0.5") ?? assert.fail() }],
  }));

export function totals(rows: readonly Counted[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { quantity: amount, ...place } of rows) {
    const key = JSON.stringify(place);
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return sums;
}

/** What the meter takes of each step, added up one by one. */
export function oneByOne(steps: readonly Step[]): Map<string, bigint> {
  return totals(
    steps.flatMap((step) =>
      CARDS.flatMap((cardOf, contender): Counted[] => {
        const card = step.voided ? null : cardOf(step.cardVersionId);
        const { customer, period } = step;
        const metered = card?.meterStep(step) ?? [];
        const at = { atMs: step.ratedAtMs, startedAtMs: STARTED_AT_MS };
        const isFree = card !== null && isBeforeTrialEnd(card.trial, at);
        return meteredInTrial(metered, isFree ? card.trial : null).map(
          ({ chargeKey, cell, quantity: amount }) => {
            const counted = { chargeKey, cell, quantity: amount };
            return {
              contender,
              customer,
              epoch: 0,
              period,
              cardVersionId: card?.id ?? 0,
              ...counted,
            };
          },
        );
      }),
    ),
  );
}
