/** How a bill tells what it adjusts, by the card of the period that is adjusted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { storedRateCard } from "../../domain/rating/stored-rate-card.ts";
import {
  cardOf,
  DAY_MS,
  each,
  NOW_MS,
  newWorld,
  RUNS,
  toolCall,
  type World,
} from "../commit/engine-world.test.ts";
import { lateLimitsOf } from "./late-limits.ts";

const NOW = { effectiveFromMs: null, takesEffect: "at_once" } as const;
const october = { occurredAtMs: NOW_MS - 30 * DAY_MS };

function named(name: string) {
  const price = { model: "per_unit", unit: "1" };
  const charges = [{ key: "calls", name, meter: { count: "steps" }, price }];
  const document = JSON.stringify({ key: "card", currency: "USD", charges });
  return { card: storedRateCard(document), document };
}

function told(document: string | undefined): string[] {
  const { lines } = JSON.parse(document ?? "{}");
  return lines.map((line: Record<string, string>) => `${line.description} ${line.amountExact}`);
}

test("an adjustment tells the name of its charge, as the closed bill did", async () => {
  const world = await newWorld(null);
  await world.engine.applyRateCard("w", { ...named("Calls"), effectiveFromMs: 0 });
  await world.send(toolCall(october));
  const [closed] = (await world.close("2026-10")).statements;
  assert.deepEqual(told(closed?.document), ["Calls 1"]);
  await world.send(toolCall({ ...october, id: "late" }));
  await world.engine.applyRateCard("w", { ...named("Tool calls"), ...NOW });
  const [november] = (await world.close("2026-11")).statements;
  assert.deepEqual(told(november?.document), ["Calls: adjustment of the period 2026-10-01 1"]);

  const request = { statement: closed?.id ?? "", reason: "late", by: "anna" };
  const again = await world.engine.reissueStatement("w", request);
  assert.deepEqual(told(again.document), [
    "Calls 2",
    "Calls: billed already as an adjustment in the period 2026-11-01 -1",
  ]);
  await world.audited();
});

async function lateLimits({ engine }: World, of: StatementRecord | undefined) {
  return of === undefined ? null : lateLimitsOf(await engine.readsAt("w", null), "w", of);
}

test("late usage is not held by terms of the whole period until it is issued again", async () => {
  const price = { model: "per_unit", unit: "1" };
  const charges = [{ key: "calls", name: "Calls", meter: { count: "steps" }, price, maximum: "4" }];
  const discounts = [{ key: "deal", name: "Deal", percent: "50" }];
  const document = JSON.stringify({ key: "card", currency: "USD", charges, discounts });
  const world = await newWorld(null);
  const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
  await world.engine.applyRateCard("w", card);
  const calls = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => toolCall({ ...october, id: `c${from + n}` }));
  await world.send(...calls(0, 3));
  const [closed] = (await world.close("2026-10")).statements;
  assert.deepEqual(told(closed?.document), ["Calls 3", "Deal (50 %) -1.5"]);
  await world.send(...calls(3, 6));
  const request = { statement: closed?.id ?? "", reason: "late", by: "anna" };
  const bill = await world.engine.bill("w", { customer: "acme", period: "2026-11-01" });
  assert.deepEqual(told(bill.document), ["Calls: adjustment of the period 2026-10-01 3"]);
  const terms = [
    { kind: "charge_maximum", name: "Calls" },
    { kind: "discount", name: "Deal" },
  ];
  const limits = [{ originPeriod: "2026-10-01", statement: closed?.id, terms }];
  assert.deepEqual(bill.lateLimits, limits, "who reads the bill is told");
  const [november] = (await world.close("2026-11")).statements;
  assert.deepEqual(await lateLimits(world, november), limits);
  const again = await world.engine.reissueStatement("w", request);
  const billed = "Calls: billed already as an adjustment in the period 2026-11-01 -3";
  const anew = ["Calls 6", "Calls: maximum of the period -2", "Deal (50 %) -2", billed];
  assert.deepEqual(told(again.document), anew);
  assert.deepEqual(await lateLimits(world, november), [], "it is worked out with all of them now");
  await world.audited();
});

test("an adjustment of the run above names the event of the run below that came late", async () => {
  const world = await newWorld(cardOf({ runs: [RUNS, each("1")] }));
  await world.send(toolCall({ run: "above", id: "s1", ...october, customer: "acme" }));
  await world.close("2026-10");
  // The run above is not opened: it began when the first of its tree was used, in September.
  const early = { occurredAtMs: october.occurredAtMs - 30 * DAY_MS, parentRun: "above" };
  await world.send(toolCall({ run: "below", id: "s2", ...early, customer: "acme" }));
  const causes = (await world.adjustments("2026-11-01")).map(({ amount, reason, run, id }) => {
    return [formatAmount(amount), reason, run, id].join(" ");
  });
  assert.deepEqual(causes, ["-1 late_event below s2"]);
});
