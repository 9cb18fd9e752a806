/** Parents: who may stand above whom, whose credit pays, and what a parent's statement carries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHILDREN_PER_CUSTOMER_MAX_COUNT } from "../../domain/limits.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { cardOf, each, newWorld, toolCall, type World } from "../commit/engine-world.test.ts";

const CARD = cardOf({ tools: [{ count: "steps" }, each("1")] });
const WHO = { id: null, reason: "agreed", by: "anna" };
const TERMS = { currency: null, name: null, priority: 1, expiresAtMs: null, charges: null };
const NO_COST = { cost: null, costCurrency: null, rollover: null };

type Credit = "own" | "own_first" | "parent_first";

async function family(credit: Credit, pays = true): Promise<World> {
  const world = await newWorld(CARD);
  await world.engine.saveCustomer("w", { id: "group", settings: {} });
  const parent = { id: "group", pays, credit };
  await world.engine.saveCustomer("w", { id: "child", settings: { parent } });
  return world;
}

const give = ({ engine }: World, customer: string, amount: string) =>
  engine.credits.grant("w", { ...WHO, ...TERMS, ...NO_COST, id: customer, customer, amount });

let calls = 0;
async function call(world: World, customer: string, count: number) {
  const events = Array.from({ length: count }, () => {
    calls += 1;
    return toolCall({ id: `c${calls}`, run: `r ${customer}`, customer });
  });
  await world.send(...events);
}

async function left({ engine }: World): Promise<string> {
  const of = async (customer: string) => {
    const { wallets } = await engine.credits.of("w", customer);
    return `${customer} ${formatAmount(wallets[0]?.balance ?? (0n as never))}`;
  };
  return `${await of("child")}, ${await of("group")}`;
}

async function close({ engine }: World, customer: string) {
  const request = { customer, period: "2026-11", early: true };
  const bill = await engine.bill("w", { customer, period: null });
  const { statements } = await engine.closePeriod("w", request);
  assert.equal(bill.document, statements[0]?.document, "the bill said so the moment before");
  const { total, paidByCredit, paidByParentsCredit, amountDue, billedTo, children } = JSON.parse(
    statements[0]?.document ?? assert.fail("no statement"),
  );
  return { total, paidByCredit, paidByParentsCredit, amountDue, billedTo, children };
}

test("a child's usage burns its own credit and the parent's in the order that is set", async () => {
  const orders = {
    own: "child 0, group 10",
    own_first: "child 0, group 9",
    parent_first: "child 3, group 6",
  };
  for (const [credit, wanted] of Object.entries(orders)) {
    const world = await family(credit as Credit);
    await give(world, "child", "3");
    await give(world, "group", "10");
    await call(world, "child", 4);
    assert.equal(await left(world), wanted, credit);
  }
});

test("a parent that does not pay keeps its credit", async () => {
  const world = await family("own_first", false);
  await give(world, "group", "10");
  await call(world, "child", 4);
  assert.equal(await left(world), "child 0, group 10");
});

test("the parent's statement carries what is due of its children, once", async () => {
  const world = await family("own_first");
  await give(world, "child", "3");
  await give(world, "group", "4");
  await call(world, "child", 9);
  await call(world, "group", 1);
  const child = await close(world, "child");
  // The parent's own call comes first: three of its four are left for the child.
  assert.deepEqual(child, {
    ...{ total: "9", paidByCredit: "6", paidByParentsCredit: "3", amountDue: "3" },
    ...{ billedTo: "group", children: undefined },
  });
  const group = await close(world, "group");
  assert.deepEqual([group.total, group.paidByCredit, group.amountDue], ["1", "1", "3"]);
  assert.equal(group.children.length, 1);
  assert.equal(group.children[0].due, "3");
  await call(world, "group", 1);
  const request = { customer: "group", period: "2026-12", early: true };
  const { statements } = await world.engine.closePeriod("w", request);
  const next = JSON.parse(statements[0]?.document ?? "{}");
  assert.equal(next.children, undefined, "carried already");
});

test("nobody stands above itself, too deep, or with other books", async () => {
  const world = await newWorld(CARD);
  const below = (id: string, parent: string, more = {}) => {
    const settings = { parent: { id: parent, pays: true, credit: "own" as const }, ...more };
    return world.engine.saveCustomer("w", { id, settings });
  };
  await world.engine.saveCustomer("w", { id: "a", settings: {} });
  await assert.rejects(below("b", "nobody"), { code: "customer.not_found" });
  await assert.rejects(below("a", "a"), { code: "customer.parent_refused" });
  await below("b", "a");
  await assert.rejects(below("a", "b"), { code: "customer.parent_refused" });
  await below("c", "b");
  await assert.rejects(below("a", "c"), { code: "customer.parent_refused" });
  await below("d", "c");
  await below("e", "d");
  await assert.rejects(below("f", "e"), { code: "customer.parent_refused" });
  const berlin = { timeZone: "Europe/Berlin" };
  await assert.rejects(below("g", "a", berlin), { code: "customer.parent_refused" });
});

test("a customer has at most so many right below it", async () => {
  const world = await newWorld(CARD);
  await world.engine.saveCustomer("w", { id: "group", settings: {} });
  const parent = { id: "group", pays: false, credit: "own" as const };
  const below = (at: number) =>
    world.engine.saveCustomer("w", { id: `c${at}`, settings: { parent } });
  for (let at = 0; at < CHILDREN_PER_CUSTOMER_MAX_COUNT; at += 1) await below(at);
  await below(0);
  await assert.rejects(below(CHILDREN_PER_CUSTOMER_MAX_COUNT), { code: "customer.parent_refused" });
});

test("credit moves between a parent and its child, and to no stranger", async () => {
  const world = await family("own");
  await world.engine.saveCustomer("w", { id: "stranger", settings: {} });
  await give(world, "group", "10");
  const transfer = { ...WHO, from: "group", grant: "group", toCurrency: null, toAmount: null };
  await world.engine.credits.transfer("w", { ...transfer, to: "child", amount: "4" });
  assert.equal(await left(world), "child 4, group 6");
  const away = world.engine.credits.transfer("w", { ...transfer, to: "stranger", amount: "1" });
  await assert.rejects(away, { code: "customer.parent_refused" });
  const euros = { ...transfer, to: "group", amount: "5", toCurrency: "EUR", toAmount: "4.5" };
  await world.engine.credits.transfer("w", euros);
  const { wallets } = await world.engine.credits.of("w", "group");
  assert.deepEqual(
    wallets.map(({ currency, balance }) => `${currency} ${formatAmount(balance)}`),
    ["EUR 4.5", "USD 1"],
  );
});

const PARENT = { id: "group", pays: true, credit: "own" as const };
const FROM_HERE = { id: "group", pays: false, credit: "own" as const };

/** Closes all of a month, and tells who is to pay what, and what each carries. */
async function closeMonth({ engine }: World, period: string): Promise<string[]> {
  const request = { customer: null, period, early: true };
  const { statements } = await engine.closePeriod("w", request);
  return statements.map(({ customer, document }) => {
    const { total, amountDue = total, billedTo, children = [] } = JSON.parse(document);
    const carried = children.map((one: { due: string; carriedBefore: string }) => {
      return `${one.due} - ${one.carriedBefore}`;
    });
    const own = billedTo === undefined ? amountDue : "0";
    return `${customer} pays ${own}${carried.length > 0 ? ` carrying ${carried}` : ""}`;
  });
}

test("a parent without anything of its own gets a statement for what is due below it", async () => {
  const world = await family("own");
  await call(world, "child", 9);
  assert.deepEqual(await closeMonth(world, "2026-11"), ["child pays 0"]);
  // The same command does the rest: nobody else would ever be billed for the nine.
  assert.deepEqual(await closeMonth(world, "2026-11"), ["group pays 9 carrying 9 - 0"]);
  await assert.rejects(close(world, "group"), { code: "statement.not_found" });
  assert.deepEqual(await closeMonth(world, "2026-12"), [], "carried already");
});

test("a statement is the former parent's where a child moves before it is carried", async () => {
  const world = await family("own");
  await call(world, "group", 1);
  await call(world, "child", 9);
  await close(world, "child");
  await world.engine.saveCustomer("w", { id: "child", settings: { parent: null } });
  assert.deepEqual(await closeMonth(world, "2026-11"), ["group pays 10 carrying 9 - 0"]);
});

test("what is issued again to the child itself is given back to the parent", async () => {
  for (const settings of [{ parent: FROM_HERE }, { parent: null }]) {
    const world = await family("own");
    await call(world, "child", 9);
    const { statements } = await world.engine.closePeriod("w", {
      ...{ customer: "child", period: "2026-11", early: true },
    });
    assert.deepEqual(await closeMonth(world, "2026-11"), ["group pays 9 carrying 9 - 0"]);
    await world.engine.saveCustomer("w", { id: "child", settings });
    const [{ id } = assert.fail("no statement")] = statements;
    const again = await world.engine.reissueStatement("w", { ...WHO, statement: id });
    assert.equal(JSON.parse(again.document).billedTo, undefined);
    assert.deepEqual(await closeMonth(world, "2026-12"), ["group pays -9 carrying 0 - 9"]);
    await world.engine.saveCustomer("w", { id: "child", settings: { parent: PARENT } });
    assert.deepEqual(await closeMonth(world, "2027-01"), []);
  }
});
