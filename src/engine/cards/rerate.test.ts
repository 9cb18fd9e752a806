/** Late corrections of prices and cards: revisions, differences in open and in closed periods. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrice } from "../../domain/money/decimal.ts";
import {
  cardOf,
  DAY_MS,
  each,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  PRICES,
  RUNS,
  step,
  toolCall,
  treeOf,
  type World,
} from "../commit/engine-world.test.ts";

const SINCE_MS = NOW_MS - 2 * DAY_MS;

/** The same list with reading at another price. */
function pricesWith(input: string) {
  const [entry] = PRICES;
  const [period] = entry?.periods ?? [];
  if (entry === undefined || period === undefined) return assert.fail("prices");
  const price = parsePrice(input) ?? assert.fail(input);
  const rates = period.rates.map((rate, at) => (at === 0 ? { ...rate, price } : rate));
  return [{ ...entry, periods: [{ ...period, rates }] }];
}

async function reprice({ engine }: World, input: string, isRerating = true) {
  const entries = pricesWith(input);
  const late = { source: "corrected", entries, effectiveFromMs: SINCE_MS, isRerating };
  await engine.importPrices("w", late);
  return engine.rerate("w", { sinceMs: SINCE_MS });
}

test("a late price is refused unless a re-rate is asked for", async () => {
  const world = await newWorld();
  await world.send(step());
  await assert.rejects(reprice(world, "0.005", false), { code: "price.backdated" });
  assert.equal((await world.audited()).steps[0]?.revision, 1);
});

test("a late price revises the steps since it holds, once, and books the difference", async () => {
  const world = await newWorld();
  await world.send(
    step(),
    step({ id: "before", occurredAtMs: SINCE_MS - 1 }),
    toolCall({ id: "t" }),
  );
  const result = await reprice(world, "0.005");
  assert.deepEqual(
    [result.steps, money(result.cost), money(result.charge), result.next],
    [1, "-0.5", "-0.6", null],
  );
  const revisions = world
    .steps("r1")
    .map(({ id, revision, priceVersionId }) => [...[id, revision, priceVersionId]]);
  assert.deepEqual(revisions, [
    ["e1", 2, 1],
    ["before", 1, 0],
    ["t", 1, null],
  ]);
  assert.equal(treeOf(world.run("r1")), "3 steps, cost 1.9, charge 2.88");
  const { journal } = await world.audited();
  assert.equal(journal.at(-1)?.kind, "usage.rerated");
  const again = await reprice(world, "0.005");
  assert.deepEqual([again.steps, again.cost], [0, 0n]);
  assert.equal((await world.audited()).journal.length, journal.length, "nothing is recorded again");
});

test("the difference of a closed period is booked as adjustments that name the step", async () => {
  const world = await newWorld();
  await world.send(step());
  await world.close("2026-11-01");
  const [before] = await world.engine.store.listStatements("w");
  await reprice(world, "0.02");
  const booked = await world.adjustments("2026-12-01");
  const seen = booked.map(({ originPeriod, chargeKey, amount, reason, run, id }) => [
    ...[originPeriod, chargeKey, money(amount), reason, run, id],
  ]);
  assert.deepEqual(seen, [
    ["2026-11-01", "models", "-1.44", "repriced", "r1", "e1"],
    ["2026-11-01", "models", "2.64", "repriced", "r1", "e1"],
  ]);
  assert.deepEqual(await world.engine.store.listStatements("w"), [before]);
  await world.audited();
});

test("a late card rates steps, runs and outcomes since it holds again", async () => {
  const world = await newWorld();
  await world.send(opened({ customer: "acme" }), toolCall(), outcome());
  await world.send(opened({ run: "r0", customer: "acme", occurredAtMs: SINCE_MS - 1 }));
  const tools = { count: "steps", where: { kind: "tool" } } as const;
  const terms = {
    runs: [RUNS, each("0.7")],
    tools: [tools, each("0.2")],
    done: [OUTCOMES, each("3")],
  };
  const late = cardOf(terms as unknown as Parameters<typeof cardOf>[0]);
  const version = { ...late, effectiveFromMs: SINCE_MS };
  await assert.rejects(world.engine.applyRateCard("w", version), { code: "ratecard.backdated" });
  await world.engine.applyRateCard("w", { ...version, isRerating: true });
  const { steps, runs, outcomes, charge } = await world.engine.rerate("w", { sinceMs: SINCE_MS });
  assert.deepEqual([steps, runs, outcomes, money(charge)], [1, 1, 1, "1.3"]);
  assert.deepEqual(world.counters("2026-11-01"), { runs: "1.2", tools: "0.2", done: "3" });
  const { isNew } = await world.engine.applyRateCard("w", { ...version, isRerating: true });
  assert.equal(isNew, false, "the same card from the same instant is no version");
  await world.audited();
});

test("a cursor that no answer gave is refused", async () => {
  const world = await newWorld();
  const request = { sinceMs: null, cursor: "elsewhere" };
  await assert.rejects(world.engine.rerate("w", request), { code: "field.invalid" });
});
