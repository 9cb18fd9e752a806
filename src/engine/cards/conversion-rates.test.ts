/** Costs in dollars on a card in euros: dated rates, and what they may not change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { storedRateCard } from "../../domain/rating/stored-rate-card.ts";
import { DAY_MS, HOUR_MS, NOW_MS, newWorld, PRICES, step } from "../commit/engine-world.test.ts";

const MODELS = { meter: { sum: "cost" }, price: { model: "markup", percent: "20" } };

function euroCard() {
  const charges = [{ key: "models", ...MODELS }];
  const document = JSON.stringify({ key: "euro", currency: "EUR", charges });
  return { card: storedRateCard(document), document, effectiveFromMs: NOW_MS - DAY_MS };
}

const rate = (text: string, effectiveFromMs: number | null) => ({
  ...{ from: "USD", to: "EUR", rate: text, effectiveFromMs },
});

async function euroWorld() {
  const world = await newWorld(null);
  await world.engine.importRates("w", [rate("0.9", NOW_MS - DAY_MS)]);
  await world.engine.applyRateCard("w", euroCard());
  return world;
}

test("a card on costs needs a rate that is in force from its start", async () => {
  const { engine } = await newWorld(null);
  await assert.rejects(engine.applyRateCard("w", euroCard()), { code: "rate.missing" });
  await engine.importRates("w", [rate("0.9", NOW_MS - HOUR_MS)]);
  await assert.rejects(engine.applyRateCard("w", euroCard()), { code: "rate.missing" });
  await engine.importRates("w", [rate("0.9", NOW_MS - DAY_MS)]);
  assert.equal((await engine.applyRateCard("w", euroCard())).isNew, true);
});

test("a later rate converts later steps, and changes nothing that is rated", async () => {
  const world = await euroWorld();
  // 1.20 dollars at 0.9, and a fifth on top.
  await world.send(step());
  assert.deepEqual(world.counters("2026-11-01"), { models: "1.296" });
  for (const early of [NOW_MS - HOUR_MS, NOW_MS + 5 * 60_000]) {
    const told = world.engine.importRates("w", [rate("0.5", early)]);
    await assert.rejects(told, { code: "rate.backdated" });
  }
  await world.engine.importRates("w", [rate("0.5", NOW_MS + HOUR_MS)]);
  assert.deepEqual(world.counters("2026-11-01"), { models: "1.296" });
  world.clock.now = NOW_MS + 2 * HOUR_MS;
  await world.send(step({ id: "e2", occurredAtMs: NOW_MS + HOUR_MS }));
  assert.deepEqual(world.counters("2026-11-01"), { models: "2.016" });
  const { steps } = await world.audited();
  assert.deepEqual(steps.length, 2);
  await world.engine.rerate("w", { sinceMs: null });
  assert.deepEqual(world.counters("2026-11-01"), { models: "2.016" });
});

test("a rate that is known already is passed over", async () => {
  const { engine, audited } = await euroWorld();
  const before = (await audited()).journal.length;
  const rates = await engine.importRates("w", [rate("0.9", NOW_MS - DAY_MS)]);
  assert.deepEqual([rates.length, (await audited()).journal.length], [1, before]);
  await assert.rejects(engine.importRates("w", [rate("0", null)]), { code: "rate.invalid" });
});

test("the line of a statement tells the rates of its period", async () => {
  const world = await euroWorld();
  await world.send(step());
  await world.close("2026-11-01");
  const [statement] = await world.engine.store.listStatements("w");
  const { lines } = JSON.parse(statement?.document ?? "{}");
  const effectiveFrom = "2026-11-22T10:00:00Z";
  assert.deepEqual(lines[0].conversions, [{ from: "USD", to: "EUR", rate: "0.9", effectiveFrom }]);
});

test("a price in another currency is refused", async () => {
  const { engine } = await newWorld();
  const entries = PRICES.map((entry) => ({ ...entry, currency: "EUR" }));
  const told = engine.importPrices("w", { source: "euro", entries, effectiveFromMs: null });
  await assert.rejects(told, { code: "price.invalid", field: "entries[0].currency" });
});
