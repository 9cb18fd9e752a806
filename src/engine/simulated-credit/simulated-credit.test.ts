/** What prepaid credit would pay of simulated bills. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import { asSent, simulated } from "../../store/simulation-contract.ts";
import {
  cardOf,
  each,
  newWorld,
  opened,
  STEPS,
  step,
  toolCall,
  usage,
} from "../commit/engine-world.test.ts";

const IN = { in: "credits" };
/** A card on which tool calls cost so many credits of 0.25, and tokens 0.001 each. */
const cardWith = (credits: string) =>
  cardOf(
    {
      tools: [{ count: "steps", where: { kind: "tool" } }, each(credits), IN],
      tokens: [{ sum: "input_uncached" }, each("0.001")],
    },
    "card",
    { credit: { name: "AI credits", price: "0.25" } },
  );
const MONTHS = ["2026-10", "2026-11", "2026-12"];
const atStart = (month: string) => Date.parse(`${month}-01T00:00:00Z`);
const NONE = { name: null, cost: null, costCurrency: null, rollover: null, charges: null };
const WHO = { customer: "acme", reason: "agreed", by: "anna" };

interface Gift {
  readonly id: string;
  readonly amount: string;
  readonly currency: string;
  readonly expiresAtMs?: number;
  readonly charges?: readonly string[];
  readonly priority?: number;
}

/** Three months of one tool call and 700 tokens each, with gifts at the start of some. */
async function played(gifts: Readonly<Record<string, readonly Gift[]>>) {
  const world = await newWorld(cardWith("3"));
  const { engine, clock, send } = world;
  clock.now = atStart("2026-10");
  await engine.saveCustomer("w", { id: "acme", settings: { startedAtMs: clock.now } });
  await send(opened({ customer: "acme", occurredAtMs: clock.now }));
  for (const month of MONTHS) {
    clock.now = atStart(month);
    for (const gift of gifts[month] ?? []) {
      const terms = { ...NONE, priority: 1, expiresAtMs: null };
      await engine.credits.grant("w", { ...terms, ...WHO, ...gift });
    }
    const occurredAtMs = clock.now + 3_600_000;
    clock.now = occurredAtMs;
    await send(
      toolCall({ id: `t ${month}`, occurredAtMs }),
      step({ id: `m ${month}`, occurredAtMs, usage: usage({ input_uncached: 700 }) }),
    );
  }
  return world;
}

const GIFTS = {
  "2026-10": [
    { id: "units", amount: "4", currency: "AI credits" },
    { id: "tokens", amount: "1", currency: "USD", charges: ["tokens"] },
  ],
  "2026-11": [
    { id: "november", amount: "5", currency: "USD", expiresAtMs: atStart("2026-12"), priority: 0 },
    { id: "rest", amount: "0.3", currency: "USD" },
  ],
};

test("by the cards in force, credit pays what the statements say that it paid", async () => {
  const { engine, clock, store } = await played(GIFTS);
  clock.now = Date.UTC(2027, 0, 2);
  for (const period of MONTHS) {
    await engine.closePeriod("w", { customer: "acme", period, early: true });
  }
  let paid = 0n;
  for (const { document } of store.listStatements("w", "acme")) {
    paid += parseAmount(JSON.parse(document).paidByCredit) ?? assert.fail(document);
  }
  const { total } = await simulated(engine, "w", { cards: [null] });
  assert.equal(formatAmount(total.charged.paidByCredit), formatAmount(paid as Amount));
  assert.equal(total.cards[0]?.paidByCredit, total.charged.paidByCredit);
  // Units and tokens in October, all of November, then what is left of tokens and the rest.
  assert.equal(formatAmount(total.charged.paidByCredit), "3.5");
});

test("a dearer card uses credit up sooner, and pays no more than there is", async () => {
  const { engine } = await played(GIFTS);
  const cards = [cardWith("3"), cardWith("12")].map((card) => asSent(card));
  const { total, customers } = await simulated(engine, "w", { cards });
  const [now, dearer] = total.cards.map(({ paidByCredit }) => formatAmount(paidByCredit));
  assert.deepEqual([now, dearer], ["3.5", "6"]);
  assert.equal(customers[0]?.cards[1]?.paidByCredit, total.cards[1]?.paidByCredit);
});

test("periods that are told use what those before them have left", async () => {
  const { engine } = await played({
    "2026-10": [{ id: "g", amount: "2", currency: "USD" }],
  });
  const paidIn = async (month: string) => {
    const { total } = await simulated(engine, "w", { cards: [null], from: month, to: month });
    return formatAmount(total.charged.paidByCredit);
  };
  assert.deepEqual([await paidIn("2026-10"), await paidIn("2026-11")], ["1.45", "0.55"]);
  assert.equal(await paidIn("2026-12"), "0");
});

test("what was paid back pays no bill", async () => {
  const { engine, clock } = await played({
    "2026-10": [
      { id: "g", amount: "3", currency: "USD" },
      { id: "h", amount: "9", currency: "USD", priority: 2 },
    ],
  });
  clock.now = atStart("2026-12") + 7_200_000;
  await engine.credits.refund("w", { ...WHO, id: "back", grant: "h", amount: "6" });
  const { total } = await simulated(engine, "w", { cards: [null] });
  assert.equal(formatAmount(total.charged.paidByCredit), "4.35");
  // 3.70 a month: all three were paid by then, and less was left than was paid back.
  const [dear] = (await simulated(engine, "w", { cards: [asSent(cardWith("12"))] })).total.cards;
  assert.equal(formatAmount(dear?.paidByCredit ?? assert.fail("no card")), "11.1");
});

/** A customer that used three calls under a parent, at 1 each, and two grants of its own. */
async function moved() {
  const world = await newWorld(cardOf({ tools: [STEPS, each("1")] }));
  const { engine, send } = world;
  await engine.saveCustomer("w", { id: "group", settings: {} });
  const parent = { id: "group", pays: false, credit: "own" } as const;
  await engine.saveCustomer("w", { id: "acme", settings: { parent } });
  await send(opened({ customer: "acme" }), toolCall({ id: "t1" }));
  const grant = { ...NONE, ...WHO, priority: 1, currency: "USD", expiresAtMs: null };
  await engine.credits.grant("w", { ...grant, id: "g", amount: "5" });
  await send(toolCall({ id: "t2" }), toolCall({ id: "t3" }));
  const to = { from: "acme", grant: "g", to: "group", amount: "2", toCurrency: null };
  await engine.credits.transfer("w", { ...WHO, ...to, id: "moved", toAmount: null });
  await send(opened({ run: "r2", customer: "group" }));
  const usageOfGroup = ["u1", "u2", "u3"].map((id) =>
    toolCall({ id, run: "r2", customer: "group" }),
  );
  await send(...usageOfGroup);
  return engine;
}

test("a grant pays for nothing charged before it, and what was moved pays elsewhere", async () => {
  const card = (unit: string) => asSent(cardOf({ tools: [STEPS, each(unit)] }));
  const cards = [card("1"), card("2.25"), card("4")];
  const { customers } = await simulated(await moved(), "w", { cards });
  const paid = customers.map(({ customer, cards: bills }) => {
    return [customer, ...bills.map((bill) => formatAmount(bill.paidByCredit))];
  });
  // At 2.25, two calls leave 0.50 of 5.00 to move; at 4 nothing.
  assert.deepEqual(paid, [
    ["acme", "2", "4.5", "5"],
    ["group", "2", "0.5", "0"],
  ]);
});
