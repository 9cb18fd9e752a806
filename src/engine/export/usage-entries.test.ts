import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Price, quantityOfInteger, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import { NO_CELL, priceFunction } from "../../domain/rating/price-model.ts";
import type { Customer, StoredCounter } from "../ports.ts";
import { usageEntries } from "./usage-entries.ts";

const period = { key: "2026-11-01", startMs: 0, endMs: 10 } as BillingPeriod;
const free = priceFunction({ model: "per_unit", unit: 0n as Price }, NO_CELL);
/** The card of version 1 counts steps, that of version 2 seconds, each under the same keys. */
const tariff = {
  periodOf: (_: Customer, atMs: number) => (atMs < 10 ? period : { ...period, startMs: 10 }),
  cardById: (id: number) => ({
    segmentPrice: () => ({
      ...{ effectiveFromMs: 0, price: free },
      measure: id === 1 ? "steps" : "sum:seconds",
    }),
  }),
};

function counter(cardKey: string, chargeKey: string, cell = ""): StoredCounter {
  const cardVersionId = cardKey === "old" ? 1 : 2;
  const segment = { cardVersionId, quantity: quantityOfInteger(cardVersionId) };
  const at = { customer: "acme", period: period.key };
  return { ...at, cardKey, chargeKey, cell, counter: counterOf([segment], ZERO_AMOUNT) };
}

const COUNTERS = [
  counter("new", "tools"),
  counter("old", "tools"),
  counter("new", "models", "gpt-5"),
  counter("new", "models", "claude"),
  counter("new", "compute"),
];

test("items have one order and one name, in whatever order counters are read", async () => {
  const shuffled = fc.shuffledSubarray(COUNTERS, { minLength: COUNTERS.length });
  const check = fc.asyncProperty(shuffled, async (counters) => {
    const store = { countersOf: () => counters, bookedByHand: () => [] };
    const clocks = { of: () => ({ nowMs: () => 5 }) };
    const reads = { store, clocks } as unknown as Parameters<typeof usageEntries>[0];
    const customer = { id: "acme" } as Customer;
    const of = { customer, since: "2026-11-01", told: [] };
    const entries = await usageEntries(reads, "w", {
      ...of,
      tariff: tariff as unknown as Parameters<typeof usageEntries>[2]["tariff"],
    });
    assert.deepEqual(
      entries.map(({ item, unit }) => `${item}: ${unit}`),
      [
        "compute: sum:seconds",
        "models[claude]: sum:seconds",
        "models[gpt-5]: sum:seconds",
        "tools: sum:seconds",
        "tools (steps): steps",
      ],
    );
  });
  await fc.assert(check);
});
