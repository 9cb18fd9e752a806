/** Prepaid credit beside the terms of a card: trials, outcomes that settle, and ids. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  reversed,
  STEPS,
  toolCall,
  type World,
} from "../commit/engine-world.test.ts";
import type { NewCredit } from "./grant-credit.ts";

const WHO = { id: null, reason: "agreed", by: "anna" };
const PLAIN = {
  ...{ currency: null, name: null, priority: 100, expiresAtMs: null, charges: null },
  ...{ cost: null, costCurrency: null, rollover: null },
};

function give({ engine }: World, amount: string, some: Partial<NewCredit> = {}) {
  return engine.credits.grant("w", { ...WHO, customer: "acme", ...PLAIN, amount, ...some });
}

/** What is left by grant, in the order of burning, and what is owed. */
async function standing({ engine }: World, currency = "USD") {
  const { wallets } = await engine.credits.of("w", "acme");
  const wallet = wallets.find((one) => one.currency === currency);
  const grants = wallet?.grants.map(({ grant, left }) => `${grant.id} ${money(left)}`) ?? [];
  return [...grants, `owed ${money(wallet?.owed)}`].join(", ");
}

async function statementOf(world: World, period: string) {
  const { statements } = await world.close(period);
  return JSON.parse(statements[0]?.document ?? "{}");
}

const linesOf = (document: { readonly lines: readonly Record<string, string>[] }) =>
  document.lines.map(({ kind, description, amountRounded }) => {
    return `${kind} ${description}: ${amountRounded}`;
  });

/** The customer started with November; its trial ends on the 15th. NOW_MS is on the 23rd. */
async function onTrial(card: ReturnType<typeof cardOf>): Promise<World> {
  const world = await newWorld(card);
  const settings = { startedAtMs: Date.UTC(2026, 10, 1) };
  await world.engine.saveCustomer("w", { id: "acme", settings });
  return world;
}
const IN_TRIAL = { occurredAtMs: Date.UTC(2026, 10, 10) };
const TRIAL = { trial: { days: 14 } };

test("credit pays for nothing that is free in a trial", async () => {
  const charges = { calls: [STEPS, each("1")], runs: [RUNS, each("0.5")] } as const;
  const world = await onTrial(cardOf(charges as never, "card", TRIAL));
  await give(world, "10", { id: "g" });
  await world.send(opened({ customer: "acme", ...IN_TRIAL }));
  await world.send(toolCall({ id: "free", ...IN_TRIAL }), toolCall({ id: "paid" }));
  assert.equal(await standing(world), "g 9, owed 0");
  const told = await statementOf(world, "2026-11");
  assert.deepEqual(linesOf(told), [
    "charge calls: 1",
    "charge calls in the trial: 1",
    "charge runs in the trial: 0.5",
    "trial calls: trial: -1",
    "trial runs: trial: -0.5",
  ]);
  assert.deepEqual([told.total, told.paidByCredit, told.amountDue], ["1", "1", "0"]);
  assert.equal(await standing(world), "g 9, owed 0");
  await world.audited();
});

test("credit in a card's units pays for nothing that is free in a trial", async () => {
  const credit = { name: "AI credits", price: "0.01" };
  const charges = { calls: [STEPS, each("3"), { in: "credits" }] } as const;
  const world = await onTrial(cardOf(charges as never, "card", { ...TRIAL, credit }));
  await give(world, "10", { id: "units", currency: "AI credits" });
  await world.send(opened({ customer: "acme", ...IN_TRIAL }));
  await world.send(toolCall({ id: "free", ...IN_TRIAL }), toolCall({ id: "paid" }));
  assert.equal(await standing(world, "AI credits"), "units 7, owed 0");
  const told = await statementOf(world, "2026-11");
  assert.deepEqual([told.total, told.paidByCredit, told.amountDue], ["0.03", "0.03", "0"]);
  assert.equal(await standing(world, "AI credits"), "units 7, owed 0");
  await world.audited();
});

const SETTLING = cardOf({ done: [OUTCOMES, each("2"), { settles: { afterDays: 3 } }] });
const named = { customer: "acme" };

test("an outcome burns credit when it is final, and none when it is taken back", async () => {
  const world = await newWorld(SETTLING);
  await world.send(opened(named));
  await give(world, "10", { id: "g" });
  await world.send(outcome({ id: "o1", key: "k1" }), outcome({ id: "o2", key: "k2" }));
  assert.equal(await standing(world), "g 10, owed 0");
  await world.send(reversed({ id: "back", key: "k2", reason: "wrong" }));
  world.clock.now = NOW_MS + 3 * DAY_MS;
  await world.engine.settleOutcomes("w");
  assert.equal(await standing(world), "g 8, owed 0");
  await world.send(closed());
  await world.audited();
});

/** Credit that is over two days after what becomes final then, looked at early or late. */
async function endOfCredit(isTimely: boolean, finalAfterDays: number) {
  const settles = { settles: { afterDays: finalAfterDays } };
  const world = await newWorld(cardOf({ done: [OUTCOMES, each("2"), settles] }));
  await world.send(opened(named));
  await give(world, "10", { id: "g", expiresAtMs: NOW_MS + 4 * DAY_MS });
  await world.send(outcome());
  for (let hour = 0; hour < 8 * 24; hour += 12) {
    world.clock.now += 12 * HOUR_MS;
    if (!isTimely) continue;
    await world.engine.settleOutcomes("w");
    await world.engine.credits.expireDue("w");
  }
  await world.engine.settleOutcomes("w");
  await world.engine.credits.expireDue("w");
  await world.audited();
  const { paidByCredit, amountDue } = await statementOf(world, "2026-11");
  return [paidByCredit, amountDue];
}

test("who pays for an outcome does not depend on when it was looked at", async () => {
  for (const [days, wanted] of [
    [2, ["2", "0"]],
    [6, ["0", "2"]],
  ] as const) {
    assert.deepEqual(await endOfCredit(true, days), wanted);
    assert.deepEqual(await endOfCredit(false, days), wanted);
  }
});

test("credit pays for no outcome that was final before it was given", async () => {
  const world = await newWorld(SETTLING);
  await world.send(opened(named), outcome());
  world.clock.now = NOW_MS + 3 * DAY_MS;
  await give(world, "10", { id: "late" });
  assert.equal(await standing(world), "late 10, owed 2");
});

test("nobody chooses an id that Tollgate gives to credit itself", async () => {
  const world = await newWorld(SETTLING);
  await world.send(opened(named));
  for (const id of ["topup:1", "g~"]) {
    await assert.rejects(give(world, "1", { id }), { code: "field.invalid", field: "id" });
  }
  await give(world, "1", { id: "g" });
  const sent = { ...WHO, from: "acme", grant: "g", amount: "0.5", to: "acme" };
  const moved = { ...sent, toCurrency: "EUR", toAmount: "0.4" };
  const reserved = world.engine.credits.transfer("w", { ...moved, id: "topup:2" });
  await assert.rejects(reserved, { code: "field.invalid", field: "id" });
  const taken = world.engine.credits.transfer("w", { ...moved, id: "g" });
  await assert.rejects(taken, { code: "booking.conflict", field: "id" });
  assert.equal(await standing(world), "g 1, owed 0");
});

test("what comes late while the period that lasts is closed already is paid too", async () => {
  const world = await newWorld(cardOf({ tools: [STEPS, each("1")] }));
  await world.send(opened(named), toolCall({ id: "t1" }));
  await give(world, "10", { id: "g" });
  await world.close("2026-11");
  await world.send(toolCall({ id: "t2" }));
  // It is booked in December, which has not begun.
  assert.equal((await world.adjustments("2026-12-01")).length, 1);
  assert.equal(await standing(world), "g 9, owed 0");
});
