/**
 * Goodwill of March gives January's credit back, which is gone before February is closed: paid
 * back, or ended. February's bill knows nothing of it. Amounts were worked out beforehand: a call
 * is 1.10, January's five are 5.50, of which credit pays 5; of March's 3, 2.50 are credit.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "slow answers", by: "anna" };
const PRICE = { model: "per_unit", unit: "1.10" };
const CARD = {
  key: "calls",
  currency: "USD",
  charges: [{ key: "calls", name: "Calls", meter: { count: "steps" }, price: PRICE }],
};

let desk: Desk;
let ids = 0;

const post = (path: string, body: object) => {
  ids += 1;
  desk.clock.now += 60_000;
  return desk.ok("POST", `/v1/${path}`, { id: `i${ids}`, ...body, ...WHO });
};
const grant = (id: string, amount: string) =>
  post("credits/grants", { id, customer: "acme", amount });
const refund = (amount: string) =>
  post("credits/refunds", { customer: "acme", grant: "first", amount });
const close = (period: string) => desk.ok("POST", "/v1/periods/close", { period });

beforeEach(async () => {
  desk = await openDesk("sqlite", { at: "2027-01-01T00:00:00Z", card: CARD });
  await desk.ok("PUT", "/v1/customers/acme", {});
  await grant("first", "5");
  desk.clock.now = Date.parse("2027-01-28T00:00:00Z");
  await desk.steps("acme", "2027-01-27", 5);
  desk.clock.now = Date.parse("2027-02-04T00:00:00Z");
  await close("2027-01");
  assert.equal(await bill("2027-01"), "5.5 5 0.5");
  desk.clock.now = Date.parse("2027-03-02T00:00:00Z");
  await post("goodwill", { customer: "acme", amount: "3" });
});
afterEach(() => desk.end());

/** Total, paid by credit, due. */
async function bill(period: string): Promise<string> {
  const { body } = await desk.ok("GET", `/v1/customers/acme/bill?period=${period}`);
  const { total, paidByCredit, amountDue } = body.document as unknown as Record<string, string>;
  return `${total} ${paidByCredit} ${amountDue}`;
}

/** February and March, as they stand and as they are closed. */
async function closed(): Promise<string[]> {
  const bills: string[] = [];
  for (const [period, at] of [
    ["2027-02", "2027-03-04"],
    ["2027-03", "2027-04-04"],
  ] as const) {
    const open = await bill(period);
    desk.clock.now = Math.max(desk.clock.now, Date.parse(`${at}T00:00:00Z`));
    await close(period);
    assert.equal(await bill(period), open, "the open bill told what its close paid");
    bills.push(open);
  }
  return bills;
}

test("what was paid back is not due on a bill that has nothing to do with it", async () => {
  await refund("2.5");
  await desk.steps("acme", "2027-02-20", 2);
  assert.deepEqual(await closed(), ["2.2 0 2.2", "-3 -2.5 -0.5"]);
});

test("nor is what has ended", async () => {
  await desk.ok("POST", "/v1/credits/expirations", { customer: "acme", grant: "first" });
  await desk.steps("acme", "2027-02-20", 1);
  assert.deepEqual(await closed(), ["1.1 0 1.1", "-3 -2.5 -0.5"]);
});

test("credit that comes later pays for what comes later, and stays paid", async () => {
  await refund("2.5");
  await grant("second", "4");
  await desk.steps("acme", "2027-02-20", 2);
  assert.deepEqual(await closed(), ["2.2 2.2 0", "-3 -3 0"]);
  // 2.50 of 3 went back before; the last 0.50 of February's calls go back to their grant.
  const { body } = await desk.ok("GET", "/v1/customers/acme/credits");
  assert.match(JSON.stringify(body), /"balance":"2.3"/);
});

test("whoever uses again what was paid back owes it, on the bill that gave it back", async () => {
  await refund("2.5");
  await desk.steps("acme", "2027-02-20", 2);
  desk.clock.now = Date.parse("2027-03-04T00:00:00Z");
  await close("2027-02");
  // Four calls are 4.40: 3 make good what was taken off, of which 2.50 are not there any more.
  await desk.steps("acme", "2027-03-03", 4);
  desk.clock.now = Date.parse("2027-04-04T00:00:00Z");
  assert.equal(await bill("2027-03"), "1.4 -2.5 3.9");
  await close("2027-03");
  assert.equal(await bill("2027-03"), "1.4 -2.5 3.9");
});
