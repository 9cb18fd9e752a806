/** Prepaid credit: who pays for what is charged, when it ends, and what statements tell of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBook, encodeBook, walletIn, withWallet } from "../../domain/credit/book.ts";
import { GRANTS_PER_WALLET_MAX_COUNT } from "../../domain/limits.ts";
import { writesOf } from "../../store/sample-rows-contract.ts";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  opened,
  RUNS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import type { Writes } from "../ports.ts";
import type { NewCredit } from "./grant-credit.ts";

const WHO = { id: null, reason: "agreed", by: "anna" };

/** A dollar a tool call, half a dollar a run. */
const CARD = cardOf({
  runs: [RUNS, each("0.5")],
  tools: [{ count: "steps", where: { kind: "tool" } }, each("1")],
});

const PLAIN = {
  currency: null,
  name: null,
  priority: 100,
  expiresAtMs: null,
  charges: null,
  cost: null,
  costCurrency: null,
  rollover: null,
};

function give({ engine }: World, amount: string, some: Partial<NewCredit> = {}) {
  return engine.credits.grant("w", { ...WHO, customer: "acme", ...PLAIN, amount, ...some });
}

/** Calls of a run that was opened before, a dollar each. */
async function call(world: World, ...ids: string[]) {
  await world.send(...ids.map((id) => toolCall({ id })));
}

/** What is left by grant, in the order of burning, and what is owed. */
async function standing({ engine }: World, customer = "acme", currency = "USD") {
  const { wallets } = await engine.credits.of("w", customer);
  const wallet = wallets.find((one) => one.currency === currency);
  const grants = wallet?.grants.map(({ grant, left }) => `${grant.id} ${money(left)}`) ?? [];
  return [...grants, `owed ${money(wallet?.owed)}`].join(", ");
}

async function newCustomer() {
  const world = await newWorld(CARD);
  await world.send(opened({ customer: "acme" }));
  return world;
}

async function statementOf(world: World, period: string, customer = "acme") {
  const request = { customer, period, early: true };
  const { statements } = await world.engine.closePeriod("w", request);
  return JSON.parse(statements[0]?.document ?? assert.fail(`nothing of ${period}`));
}

test("credit pays for what is charged from when it was given", async () => {
  const world = await newCustomer();
  await call(world, "before");
  await give(world, "10", { id: "g" });
  assert.equal(await standing(world), "g 10, owed 1.5");
  await call(world, "a", "b");
  assert.equal(await standing(world), "g 8, owed 1.5");
});

test("less priority, an earlier end and an earlier gift burn first", async () => {
  const world = await newCustomer();
  const soon = { expiresAtMs: NOW_MS + 5 * DAY_MS };
  await give(world, "1", { id: "last" });
  await give(world, "1", { id: "later" });
  await give(world, "1", { id: "soon", ...soon });
  await give(world, "1", { id: "first", priority: 1 });
  const left: string[] = [];
  for (const id of ["a", "b", "c", "d", "e"]) {
    await call(world, id);
    left.push(await standing(world));
  }
  assert.deepEqual(left, [
    "first 0, soon 1, last 1, later 1, owed 0.5",
    "first 0, soon 0, last 1, later 1, owed 0.5",
    "first 0, soon 0, last 0, later 1, owed 0.5",
    "first 0, soon 0, last 0, later 0, owed 0.5",
    "first 0, soon 0, last 0, later 0, owed 1.5",
  ]);
});

test("credit of some charges pays for no other", async () => {
  const world = await newCustomer();
  await give(world, "5", { id: "tools", charges: ["tools"] });
  await world.send(opened({ run: "r2", customer: "acme" }));
  await call(world, "a");
  assert.equal(await standing(world), "tools 4, owed 1");
  for (const [charge, message] of [
    ["tool", /^No rate card has a charge "tool"; there are runs, tools\.$/],
    ["to*", /^"to\*" would match nothing: names are compared whole here/],
  ] as const) {
    const wrong = { code: "field.invalid", field: "charges", message };
    await assert.rejects(give(world, "5", { id: "other", charges: ["tools", charge] }), wrong);
  }
});

test("a voided step gives back in reverse order", async () => {
  const world = await newCustomer();
  await give(world, "1", { id: "a", priority: 1 });
  await give(world, "1", { id: "b", priority: 2 });
  await call(world, "1", "2", "3");
  assert.equal(await standing(world), "a 0, b 0, owed 1.5");
  await world.send(voided({ id: "v1", target: { source: "sdk", id: "1" } }));
  assert.equal(await standing(world), "a 0, b 0, owed 0.5");
  await world.send(voided({ id: "v2", target: { source: "sdk", id: "2" } }));
  assert.equal(await standing(world), "a 0, b 1, owed 0.5");
});

test("credit ends at its time and grace, whenever somebody looks", async () => {
  for (const isLookedAt of [true, false]) {
    const world = await newCustomer();
    await world.engine.saveWorkspace("w", { graceHours: 24 });
    await give(world, "10", { id: "g", expiresAtMs: Date.UTC(2026, 11, 1) });
    await call(world, "a");
    world.clock.now = Date.UTC(2026, 11, 1, 12);
    await call(world, "late");
    const december = { occurredAtMs: world.clock.now };
    await world.send(toolCall({ id: "december", ...december }));
    assert.equal(await standing(world), "g 8, owed 1.5");
    world.clock.now = Date.UTC(2026, 11, 2);
    if (isLookedAt) await world.engine.credits.expireDue("w");
    await call(world, "too late");
    assert.equal(await standing(world), "g 0, owed 2.5");
    const { entries } = await world.engine.credits.history("w", { customer: "acme", limit: 9 });
    const { kind, at, postings } = entries.at(-1) ?? assert.fail("no entry");
    assert.deepEqual([kind, at], ["expired", "2026-12-02T00:00:00.000Z"]);
    assert.deepEqual(postings, [
      ["grant:g", "-2"],
      ["used", "2"],
      ["grant:g", "-8"],
      ["expired", "8"],
    ]);
  }
});

test("what comes back to ended credit pays for its correction, or expires again", async () => {
  const world = await newCustomer();
  await give(world, "2", { id: "g", expiresAtMs: NOW_MS + HOUR_MS });
  await call(world, "a", "b");
  world.clock.now = NOW_MS + HOUR_MS;
  await world.send(voided({ id: "v", target: { source: "sdk", id: "a" } }));
  assert.equal(await standing(world), "g 0, owed 0.5");
  await call(world, "a again");
  assert.equal(await standing(world), "g 0, owed 0.5", "paid as before");
  await world.send(voided({ id: "w", target: { source: "sdk", id: "b" } }));
  await give(world, "1", { id: "other" });
  await call(world, "c");
  assert.equal(await standing(world), "g 0, other 0, owed 0.5");
  const { entries } = await world.engine.credits.history("w", { customer: "acme", limit: 9 });
  assert.deepEqual(
    entries.map(({ kind, postings }) => [kind, ...postings.map((one) => one.join(" "))].join(", ")),
    [
      "granted, issued -2, grant:g 2",
      "expired, grant:g -2, used 2",
      "granted, grant:g 1, used -1, grant:g -1, expired 1, issued -1, grant:other 1",
    ],
  );
});

test("what is left rolls over as far as it may", async () => {
  const world = await newCustomer();
  const rollover = { upTo: "3", expiresAtMs: NOW_MS + 2 * DAY_MS };
  await give(world, "10", { id: "g", expiresAtMs: NOW_MS + DAY_MS, rollover });
  await call(world, "a");
  world.clock.now = NOW_MS + DAY_MS;
  await call(world, "b");
  assert.equal(await standing(world), "g 0, g~ 2, owed 0.5");
  world.clock.now = NOW_MS + 2 * DAY_MS;
  await call(world, "c");
  assert.equal(await standing(world), "g 0, g~ 0, owed 1.5");
});

test("a statement tells what credit paid, and what is due", async () => {
  const world = await newCustomer();
  await give(world, "2.25", { id: "g" });
  await call(world, "a", "b", "c");
  world.clock.now = Date.UTC(2026, 11, 1);
  const november = await statementOf(world, "2026-11");
  assert.deepEqual(
    [november.total, november.paidByCredit, november.amountDue],
    ["3.5", "2.25", "1.25"],
  );
  assert.deepEqual(november.wallets, [
    { currency: "USD", opening: "0", moved: { issued: "2.25", used: "-2.25" }, balance: "0" },
  ]);
  await give(world, "4");
  await call(world, "late");
  const december = await statementOf(world, "2026-12");
  assert.deepEqual([december.total, december.paidByCredit, december.amountDue], ["1", "1", "0"]);
  await world.send(voided({ id: "v", target: { source: "sdk", id: "c" } }));
  const january = await statementOf(world, "2027-01");
  assert.deepEqual([january.total, january.paidByCredit, january.amountDue], ["-1", "-1", "0"]);
  await world.audited();
});

test("what was booked before credit was given is owed, where nothing was used either", async () => {
  const world = await newWorld(CARD);
  const { engine, clock } = world;
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const counters = [{ charge: "tools", cell: "", quantity: "3" }];
  await engine.setOpening("w", { ...WHO, customer: "acme", amount: "2", counters });
  clock.now += 62 * DAY_MS;
  // November is open still, and all that it has was brought along.
  await give(world, "10", { id: "g" });
  assert.equal(await standing(world), "g 10, owed 2");
  const november = await statementOf(world, "2026-11");
  assert.deepEqual([november.total, november.paidByCredit, november.amountDue], ["2", "0", "2"]);
  assert.equal(await standing(world), "g 10, owed 0");
});

test("a statement that is issued again keeps what credit paid", async () => {
  const world = await newCustomer();
  await give(world, "3", { id: "g" });
  await call(world, "a");
  world.clock.now = Date.UTC(2026, 11, 1);
  const { statements } = await world.close("2026-11");
  await call(world, "late");
  const [first] = statements;
  const request = { statement: first?.id ?? "", reason: "late", by: "anna" };
  const again = JSON.parse((await world.engine.reissueStatement("w", request)).document);
  assert.deepEqual([again.total, again.paidByCredit, again.amountDue], ["2.5", "2", "0.5"]);
  assert.equal(await standing(world), "g 1, owed 0");
});

test("acts on credit are done once, and none takes more than there is", async () => {
  const world = await newCustomer();
  await give(world, "5", { id: "g" });
  await give(world, "5", { id: "g" });
  await assert.rejects(give(world, "6", { id: "g" }), { code: "booking.conflict" });
  await call(world, "a");
  const refund = { ...WHO, customer: "acme", grant: "g" };
  const tooMuch = world.engine.credits.refund("w", { ...refund, amount: "4.01" });
  await assert.rejects(tooMuch, { code: "grant.insufficient" });
  const { amount } = await world.engine.credits.refund("w", { ...refund, amount: "1" });
  assert.equal(amount, "1");
  await world.engine.credits.refund("w", { ...refund, amount: "1" });
  assert.equal(await standing(world), "g 3, owed 0.5");
  await world.engine.credits.expire("w", { customer: "acme", grant: "g" });
  assert.equal(await standing(world), "g 0, owed 0.5");
  const missing = world.engine.credits.refund("w", { ...refund, grant: "none", amount: null });
  await assert.rejects(missing, { code: "grant.not_found" });
});

test("credit in a card's units pays for charges in them, exactly", async () => {
  const card = cardOf(
    { calls: [{ count: "steps" }, each("3"), { in: "credits" }], runs: [RUNS, each("0.5")] },
    "units",
    { credit: { name: "AI credits", price: "0.015" } },
  );
  const world = await newWorld(card);
  await world.send(opened({ customer: "acme" }));
  await give(world, "7", { id: "units", currency: "AI credits" });
  await give(world, "1", { id: "money", currency: "USD" });
  await call(world, "a", "b", "c");
  assert.equal(await standing(world, "acme", "AI credits"), "units 0, owed 2");
  assert.equal(await standing(world), "money 0.97, owed 0.5");
  await world.send(closed());
  const told = await statementOf(world, "2026-11");
  // 9 credits are 0.135 and billed as 0.14; 7 of them are worth 0.105, cut to 0.10.
  assert.deepEqual([told.total, told.paidByCredit, told.amountDue], ["0.64", "0.14", "0.5"]);
});

test("a wallet holds at most so many grants", async () => {
  const world = await newCustomer();
  await give(world, "1", { id: "g" });
  const book = decodeBook(world.store.credit.book("w", "acme")?.document ?? "");
  const { wallet } = walletIn(book, "USD");
  const [first] = wallet.grants;
  assert.ok(first !== undefined);
  const others = GRANTS_PER_WALLET_MAX_COUNT - 1;
  const more = Array.from({ length: others }, (_, at) => ({ ...first, id: `g${at}` }));
  const full = withWallet(book, {
    ...walletIn(book, "USD"),
    wallet: { ...wallet, grants: [first, ...more] },
  });
  const row = { customer: "acme", dueAtMs: null, isWatched: false, document: encodeBook(full) };
  await world.store.transact("w", (unit) =>
    unit.write(writesOf({ creditBooks: [row], head: unit.head() as Writes["head"] })),
  );
  await assert.rejects(give(world, "1", { id: "one more" }), { code: "field.out_of_range" });
  await world.engine.credits.expire("w", { customer: "acme", grant: "g7" });
  await give(world, "1", { id: "one more" });
});
