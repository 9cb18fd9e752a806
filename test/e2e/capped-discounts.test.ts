/**
 * What a run's cap takes off is of the charges of its card: for discounts, and for commitments that
 * usage draws. Twelve calls in one run are 12, of which its cap takes 6 off; the fee is 26. Amounts
 * are worked out beforehand, in three currencies.
 */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const CURRENCIES = [
  { currency: "EUR", one: 1 },
  { currency: "KWD", one: 1 },
  { currency: "JPY", one: 100 },
];
const TENTH = { key: "tenth", percent: "10" };
const calls = (percent: string) => ({ key: "of calls", percent, charges: ["calls"] });

for (const { currency, one } of CURRENCIES) {
  const worth = (amount: number) => String(Math.round(amount * one * 1_000) / 1_000);

  describe(`twelve calls under a cap of six, in ${currency}`, () => {
    let desk: Desk;
    afterEach(() => desk.end());

    /** Of the bill: the lines that discounts and commitments make, and its total. */
    async function billed(discounts: readonly object[], commitment?: object): Promise<string[]> {
      const price = { model: "per_unit", unit: worth(1) };
      const card = {
        ...{ key: "desk", currency, runCap: worth(6), discounts },
        charges: [{ key: "calls", meter: { count: "steps" }, price }],
        fees: [{ key: "base", amount: worth(26), prorate: false }],
      };
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card });
      await desk.ok("PUT", "/v1/customers/acme", {});
      const from = { from: "2026-11-01", until: "2027-01-01", per: "period" };
      const commitments = commitment === undefined ? [] : [{ ...from, ...commitment }];
      await desk.ok("PUT", "/v1/customers/acme/commitments", { commitments });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-19", 12);
      const { body: open } = await desk.ok("GET", "/v1/customers/acme/bill");
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      const wanted = { period: "2026-11", customer: "acme" };
      const { body } = await desk.ok("POST", "/v1/periods/close", wanted);
      const [made] = body.statements as unknown as { id: string }[];
      const { document } = (await desk.ok("GET", `/v1/statements/${made?.id}`)).body;
      assert.deepEqual(linesOf(open.document), linesOf(document));
      return linesOf(document);
    }

    function linesOf(document: unknown): string[] {
      const { lines, total } = document as { lines: Record<string, string>[]; total: string };
      const told = lines
        .filter(({ kind }) => ["discount", "commitment", "true_up"].includes(String(kind)))
        .map(({ kind, amountRounded }) => `${kind} ${amountRounded}`);
      return [...told, total];
    }

    test("are discounted as what the cap leaves of them, and bear that part of it", async () => {
      // 10 % of 32 are 3.20, of which the calls bear 0.60: 5.40 are left of them.
      assert.deepEqual(await billed([TENTH]), [`discount -${worth(3.2)}`, worth(28.8)]);
    });

    test("are topped up to a commitment by what is left of them", async () => {
      const eight = { key: "least", kind: "minimum", amount: worth(8) };
      const wanted = [`discount -${worth(3.2)}`, `true_up ${worth(2.6)}`, worth(31.4)];
      assert.deepEqual(await billed([TENTH], eight), wanted);
    });

    test("draw what is left of them from a commitment for them", async () => {
      const paid = { key: "paid", kind: "prepaid", amount: worth(100), charges: ["calls"] };
      // The fee is all that is due: 26 less 2.60.
      const wanted = [`discount -${worth(3.2)}`, `commitment -${worth(5.4)}`, worth(23.4)];
      assert.deepEqual(await billed([TENTH], paid), wanted);
      // A late call of the run is 1.00, and the cap takes it off: it draws nothing.
      await desk.steps("acme", "2026-11-19", 1);
      const { body } = await desk.ok("GET", "/v1/customers/acme/bill");
      assert.deepEqual(linesOf(body.document), [`discount -${worth(2.6)}`, worth(23.4)]);
      await desk.ok("POST", "/v1/periods/close", { period: "2026-12", early: true });
    });

    test("have discounts of their own on what others left of them", async () => {
      const half = [`discount -${worth(3.2)}`, `discount -${worth(2.7)}`, worth(26.1)];
      assert.deepEqual(await billed([TENTH, calls("50")]), half);
    });

    test("take nothing off the fee where they are free", async () => {
      assert.deepEqual(await billed([calls("100")]), [`discount -${worth(6)}`, worth(26)]);
    });
  });
}
