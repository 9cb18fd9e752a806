/**
 * Goodwill beside prepaid credit, whatever comes first: what a closed statement billed in money is
 * never paid by credit, and credit pays no more than a bill's total. Amounts were worked out
 * beforehand: a call is 1.10, January's five are 5.50.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "slow answers", by: "anna" };
const PRICE = { model: "per_unit", unit: "1.10" };
const CARD = {
  key: "calls",
  currency: "USD",
  charges: [
    { key: "calls", name: "Calls", meter: { count: "steps" }, price: PRICE },
    { key: "done", name: "Resolved", meter: { count: "outcomes" }, price: PRICE },
  ],
};

let desk: Desk;
let ids = 0;

beforeEach(async () => {
  desk = await openDesk("sqlite", { at: "2027-01-01T00:00:00Z", card: CARD });
  for (const id of ["group", "acme"]) await desk.ok("PUT", `/v1/customers/${id}`, {});
  desk.clock.now = Date.parse("2027-01-28T00:00:00Z");
});
afterEach(() => desk.end());

const post = (path: string, body: object) => {
  ids += 1;
  desk.clock.now += 60_000;
  return desk.ok("POST", `/v1/${path}`, { id: `i${ids}`, ...body, ...WHO });
};
const acts = {
  january: async () => {
    await desk.steps("acme", "2027-01-27", 5);
    desk.clock.now = Math.max(desk.clock.now, Date.parse("2027-02-04T00:00:00Z"));
  },
  grant: () => post("credits/grants", { customer: "acme", amount: "5" }),
  grantAbove: () => post("credits/grants", { customer: "group", amount: "5" }),
  /** An entry of the wallets fixes what was paid until then; these pay for none of the calls. */
  entry: async () => {
    for (const customer of ["acme", "group"]) {
      await post("credits/grants", { customer, amount: "1", charges: ["done"] });
    }
  },
  goodwill: () => post("goodwill", { customer: "acme", amount: "3" }),
  late: () => desk.steps("acme", "2027-01-26", 6),
  february: () => desk.steps("acme", "2027-02-03", 6),
  close: () => desk.ok("POST", "/v1/periods/close", { period: "2027-01" }),
};
type Doing = keyof typeof acts;

async function does(order: string): Promise<void> {
  for (const one of order.split(" ")) {
    await acts[one as Doing]();
    desk.clock.now += 60_000;
  }
}

async function bill(period?: string): Promise<string> {
  const query = period === undefined ? "" : `?period=${period}`;
  const { body } = await desk.ok("GET", `/v1/customers/acme/bill${query}`);
  const { total, paidByCredit, amountDue } = body.document as unknown as Record<string, string>;
  return `${total} ${paidByCredit} ${amountDue}`;
}

/** Total, paid by credit, due. */
async function closed(): Promise<string> {
  const open = await bill();
  desk.clock.now = Date.parse("2027-03-04T00:00:00Z");
  await desk.ok("POST", "/v1/periods/close", { period: "2027-02" });
  assert.equal(await bill("2027-02"), open, "the open bill told what its close paid");
  return open;
}

for (const order of [
  "january goodwill grant close february",
  "january grant goodwill close february",
  "january grant goodwill close late",
  "january grant close goodwill february",
  "january grant close goodwill entry february",
  "january grant goodwill entry close entry february",
  "january grant close february goodwill",
  "january close goodwill grant february",
]) {
  test(`6.60 less 3 is 3.60, which credit pays: ${order}`, async () => {
    await does(order);
    assert.equal(await closed(), "3.6 3.6 0");
  });
}

for (const order of [
  "grant january goodwill close february",
  "grant january close goodwill february",
  "grant january close goodwill entry february",
]) {
  test(`what credit paid of January it pays again, and the rest is due: ${order}`, async () => {
    await does(order);
    // Five of January's 5.50 were paid by credit: 2.50 of it came back and pays January again.
    assert.equal(await bill("2027-01"), "5.5 5 0.5");
    assert.equal(await closed(), "3.6 0 3.6");
  });
}

for (const order of ["grant january goodwill close", "grant january close goodwill entry"]) {
  test(`of 3 off, 0.50 is money and 2.50 credit: ${order}`, async () => {
    await does(order);
    assert.equal(await closed(), "-3 -2.5 -0.5");
  });
}

for (const credit of ["own_first", "parent_first"]) {
  for (const order of [
    "january grantAbove goodwill close february",
    "january grantAbove close goodwill entry february",
  ]) {
    test(`a parent's credit pays 3.60 as well (${credit}): ${order}`, async () => {
      const parent = { id: "group", pays: true, credit };
      await desk.ok("PUT", "/v1/customers/acme", { parent });
      await does(order);
      assert.equal(await closed(), "3.6 3.6 0");
    });
  }
}

for (const order of ["january grant goodwill close", "january grant close goodwill entry"]) {
  test(`holds find all of the credit while February is below nothing: ${order}`, async () => {
    await does(order);
    const budget = { key: "credit", each: "customer", measure: "prepaid" };
    await desk.ok("PUT", "/v1/budgets/credit", { budget, ...WHO });
    // 3.30 only make good what goodwill takes off; credit has 5, so four calls of 1.10 fit.
    const hold = { kind: "tool", tool: "search" };
    const holds = ["a", "b", "c", "d", "e"].map((id) => ({ id, ...hold }));
    const { body } = await desk.ok("POST", "/v1/runs/h/holds", {
      open: { customer: "acme" },
      holds,
    });
    const decisions = (body as unknown as { decisions: { decision: string }[] }).decisions.map(
      (one) => one.decision,
    );
    assert.deepEqual(decisions.slice(0, 4), ["allow", "allow", "allow", "allow"]);
  });
}
