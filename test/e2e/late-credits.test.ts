/**
 * What comes late for a charge in a card's credits, or is taken back of it, is paid by the wallet
 * in these and goes back to it. Amounts are worked out beforehand: an outcome costs 10 credits.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };
const RUN = "/v1/runs/run%20of%20acme/outcomes";
const NAME = "AI credits";

/** Money for a credit; what 5 of them are worth; what an outcome and two of them are. */
const CURRENCIES = [
  { currency: "EUR", price: "0.1", five: "0.5", one: "1", two: "2", paid: "1.5" },
  { currency: "KWD", price: "0.005", five: "0.025", one: "0.05", two: "0.1", paid: "0.075" },
  { currency: "JPY", price: "7", five: "35", one: "70", two: "140", paid: "105" },
];

function cardIn(currency: string, price: string) {
  const unit = { model: "per_unit", unit: "10" };
  const done = { key: "done", name: "Resolved", meter: { count: "outcomes" }, price: unit };
  const credit = { name: NAME, price };
  return { key: "desk", currency, credit, charges: [{ ...done, in: "credits" }] };
}

interface Told {
  readonly total: string;
  readonly paidByCredit?: string;
  readonly amountDue?: string;
  readonly lines: readonly { readonly kind: string; readonly credits?: string }[];
}

for (const { currency, price, five, one, two, paid } of CURRENCIES) {
  describe(`two outcomes of 10 credits each in ${currency}, of which credit paid 15`, () => {
    let desk: Desk;
    let november: string;

    beforeEach(async () => {
      const card = cardIn(currency, price);
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card });
      await desk.ok("PUT", "/v1/customers/acme", {});
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 1);
      await grant("plan", "15");
      for (const key of ["t", "u"]) await record(key, "2026-11-19");
      november = await close("2026-11", "2026-12-02");
      assert.deepEqual(await standing(november), [two, paid, five, "0"]);
    });
    afterEach(() => desk.end());

    async function grant(id: string, amount: string, more: object = {}): Promise<void> {
      const terms = { customer: "acme", currency: NAME, amount, ...more };
      await desk.ok("POST", "/v1/credits/grants", { id, ...terms, ...WHO });
    }

    async function record(key: string, day: string): Promise<void> {
      const done = { outcome: "ticket_resolved", key, occurredAt: `${day}T00:00:00Z` };
      await desk.ok("POST", RUN, done);
    }

    const reverse = (key: string) => desk.ok("POST", `${RUN}/${key}/reverse`, { reason: "no" });

    async function close(period: string, at: string): Promise<string> {
      desk.clock.now = Date.parse(`${at}T00:00:00Z`);
      const { body } = await desk.ok("POST", "/v1/periods/close", { period, customer: "acme" });
      const [made] = body.statements as unknown as { id: string }[];
      return made?.id ?? assert.fail();
    }

    async function told(statement: string): Promise<Told> {
      const { body } = await desk.ok("GET", `/v1/statements/${statement}`);
      return body.document as unknown as Told;
    }

    async function left(): Promise<string> {
      const { body } = await desk.ok("GET", "/v1/customers/acme/credits");
      const { wallets } = body as unknown as { wallets: { currency: string; balance: string }[] };
      return wallets.find((wallet) => wallet.currency === NAME)?.balance ?? "none";
    }

    /** Total, what credit paid, what is due, and what is left in the wallet. */
    async function standing(statement: string): Promise<unknown[]> {
      const { total, paidByCredit, amountDue } = await told(statement);
      return [total, paidByCredit, amountDue, await left()];
    }

    /** December's bill says the same before it is closed as its statement. */
    async function december(): Promise<unknown[]> {
      desk.clock.now = Date.parse("2026-12-31T00:00:00Z");
      const { body } = await desk.ok("GET", "/v1/customers/acme/bill?period=2026-12");
      const bill = body.document as unknown as Told;
      const before = [bill.total, bill.paidByCredit, bill.amountDue, await left()];
      const id = await close("2026-12", "2027-01-02");
      assert.deepEqual(await standing(id), before);
      return before;
    }

    test("of which one is reversed, give 5 credits back, and what was paid in money", async () => {
      await reverse("t");
      assert.equal(await left(), "5");
      assert.deepEqual(await december(), [`-${one}`, `-${five}`, `-${five}`, "5"]);
    });

    test("which are both reversed, give all back to where it came from", async () => {
      for (const key of ["t", "u"]) await reverse(key);
      assert.deepEqual(await december(), [`-${two}`, `-${paid}`, `-${five}`, "15"]);
    });

    test("are joined by one that comes late, which credit given meanwhile pays", async () => {
      await grant("more", "5");
      await record("v", "2026-11-19");
      assert.equal(await left(), "0");
      assert.deepEqual(await december(), [one, five, five, "0"]);
    });

    test("of which one is reversed, pay for one of the period after", async () => {
      await record("w", "2026-12-10");
      await reverse("t");
      assert.deepEqual(await december(), ["0", "0", "0", "0"]);
    });

    test("are issued again without the one that is reversed", async () => {
      await reverse("t");
      const { body } = await desk.ok("POST", `/v1/statements/${november}/reissue`, WHO);
      assert.deepEqual(await standing(String(body.id)), [one, one, "0", "5"]);
      assert.deepEqual(await december(), ["0", "0", "0", "5"]);
    });

    test("are issued again, and what December gave back stays given back", async () => {
      await reverse("t");
      assert.deepEqual(await december(), [`-${one}`, `-${five}`, `-${five}`, "5"]);
      const { body } = await desk.ok("POST", `/v1/statements/${november}/reissue`, WHO);
      assert.deepEqual(await standing(String(body.id)), [two, paid, five, "5"]);
      const { lines } = await told(String(body.id));
      const billed = lines.map(({ kind, credits }) => `${kind} ${credits}`);
      assert.deepEqual(billed, ["charge 10", "already_billed 10"]);
    });

    test("give credits back also once the customer is billed by a card without any", async () => {
      const each = { model: "per_unit", unit: "1" };
      const done = { key: "done", name: "Resolved", meter: { count: "outcomes" }, price: each };
      const card = { key: "plain", currency, charges: [done] };
      await desk.ok("POST", "/v1/rate-cards", { card, effectiveFrom: null });
      await desk.ok("PUT", "/v1/customers/acme", { cardKey: "plain" });
      await reverse("t");
      assert.equal(await left(), "5");
      const [total, back, due, rest] = await december();
      assert.deepEqual([total, back, due, rest], [`-${one}`, `-${five}`, `-${five}`, "5"]);
    });
  });
}
