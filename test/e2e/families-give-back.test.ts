/**
 * A child's bill of less than nothing, where its parent's credit had paid: what comes back goes to
 * whoever's credit paid last, also where the child has a wallet of its own. Amounts were worked out
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
  charges: [{ key: "calls", name: "Calls", meter: { count: "steps" }, price: PRICE }],
};

let desk: Desk;
let ids = 0;

const post = (path: string, body: object) => {
  ids += 1;
  desk.clock.now += 60_000;
  return desk.ok("POST", `/v1/${path}`, { id: `i${ids}`, ...body, ...WHO });
};
const grant = (customer: string, amount: string) => post("credits/grants", { customer, amount });
const goodwill = (amount: string) => post("goodwill", { customer: "kid", amount });

beforeEach(async () => {
  desk = await openDesk("sqlite", { at: "2027-01-01T00:00:00Z", card: CARD });
  for (const id of ["group", "kid"]) await desk.ok("PUT", `/v1/customers/${id}`, {});
});
afterEach(() => desk.end());

/** Shares credit, uses it in January and closes that. */
async function january(credit: string, grants: Readonly<Record<string, string>>): Promise<void> {
  await desk.ok("PUT", "/v1/customers/kid", { parent: { id: "group", pays: true, credit } });
  for (const [customer, amount] of Object.entries(grants)) await grant(customer, amount);
  desk.clock.now = Date.parse("2027-01-28T00:00:00Z");
  await desk.steps("kid", "2027-01-27", 5);
  desk.clock.now = Date.parse("2027-02-04T00:00:00Z");
  await desk.ok("POST", "/v1/periods/close", { period: "2027-01" });
}

async function balance(customer: string): Promise<string> {
  const { body } = await desk.ok("GET", `/v1/customers/${customer}/credits`);
  const { wallets } = body as unknown as { wallets: readonly { balance: string }[] };
  return wallets.map((one) => one.balance).join(" ");
}

/** Total, paid by credit, of it by the parent's, due. */
async function bill(period: string): Promise<string> {
  const { body } = await desk.ok("GET", `/v1/customers/kid/bill?period=${period}`);
  const document = body.document as unknown as Record<string, string>;
  const { total, paidByCredit, paidByParentsCredit = "0", amountDue } = document;
  return `${total} ${paidByCredit} ${paidByParentsCredit} ${amountDue}`;
}

/** February's bill, and what the group and the kid hold before and behind its close. */
async function february(): Promise<string[]> {
  const open = await bill("2027-02");
  const held = [await balance("group"), await balance("kid")];
  desk.clock.now = Date.parse("2027-03-04T00:00:00Z");
  await desk.ok("POST", "/v1/periods/close", { period: "2027-02" });
  assert.equal(await bill("2027-02"), open, "the open bill told what its close paid");
  assert.deepEqual([await balance("group"), await balance("kid")], held);
  return [open, ...held];
}

for (const [credit, own] of [
  ["own_first", null],
  ["own_first", "after"],
  ["parent_first", null],
  ["parent_first", "after"],
] as const) {
  test(`the parent's credit comes back to the parent: ${credit}, own wallet ${own}`, async () => {
    await january(credit, { group: "10" });
    assert.equal(await bill("2027-01"), "5.5 5.5 5.5 0");
    if (own !== null) await grant("kid", "1");
    await goodwill("3");
    assert.deepEqual(await february(), ["-3 -3 -3 0", "7.5", own === null ? "" : "1"]);
  });
}

test("who paid last has it back first: the parent's 3.50, then the child's", async () => {
  await january("own_first", { group: "10", kid: "2" });
  assert.equal(await bill("2027-01"), "5.5 5.5 3.5 0");
  assert.deepEqual([await balance("group"), await balance("kid")], ["6.5", "0"]);
  await goodwill("3");
  assert.equal(await bill("2027-02"), "-3 -3 -3 0");
  await goodwill("1");
  assert.deepEqual(await february(), ["-4 -4 -3.5 0", "10", "0.5"]);
});

test("the parent first: money, then the child's 2, then the parent's", async () => {
  await january("parent_first", { group: "3", kid: "2" });
  assert.equal(await bill("2027-01"), "5.5 5 3 0.5");
  await goodwill("3");
  assert.deepEqual(await february(), ["-3 -2.5 -0.5 -0.5", "0.5", "2"]);
});

test("what makes it good again is paid as it was, and holds hold on to it", async () => {
  await january("own_first", { group: "10", kid: "2" });
  await goodwill("3");
  await desk.steps("kid", "2027-02-03", 4);
  // 4.40 less 3: the parent's credit pays 3.50 of January again, and the rest of February.
  assert.deepEqual(await february(), ["1.4 1.4 1.4 0", "5.1", "0"]);
});
