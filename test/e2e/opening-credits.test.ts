/**
 * A customer who moves here in mid-period burns credits for what is new here alone. Of 8 calls that
 * were counted and billed elsewhere and 4 here, at 10 credits, at 5 beyond 10, two are at 10 and
 * two at 5. Amounts are worked out beforehand, in three currencies.
 */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "moved", by: "ben" };
const CURRENCIES = [
  { currency: "EUR", price: "0.1", worth: (credits: number) => String(credits / 10) },
  { currency: "KWD", price: "0.005", worth: (credits: number) => String(credits / 200) },
  { currency: "JPY", price: "7", worth: (credits: number) => String(credits * 7) },
];
const TIERS = [{ upTo: "10", unit: "10" }, { unit: "5" }];

for (const { currency, price, worth } of CURRENCIES) {
  describe(`counts of elsewhere, with a credit of ${price} ${currency}`, () => {
    let desk: Desk;
    afterEach(() => desk.end());

    async function moved(model: "graduated" | "volume", given: string): Promise<void> {
      const calls = { key: "calls", meter: { count: "steps" }, price: { model, tiers: TIERS } };
      const credit = { name: "AI credits", price };
      const charges = [{ ...calls, in: "credits" }];
      const card = { key: "desk", currency, credit, charges };
      desk = await openDesk("sqlite", { at: "2026-11-02T00:00:00Z", card });
      await desk.ok("PUT", "/v1/customers/acme", {});
      const grant = { id: "plan", customer: "acme", currency: "AI credits", amount: given };
      await desk.ok("POST", "/v1/credits/grants", { ...grant, ...WHO });
      const opening = { counters: [{ charge: "calls", quantity: "8" }], ...WHO };
      const { body } = await desk.ok("POST", "/v1/customers/acme/opening", opening);
      const parts = body.parts as unknown as { readonly credits?: string }[];
      assert.deepEqual(
        parts.map(({ credits }) => credits),
        [undefined, "-80"],
      );
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
    }

    async function left(): Promise<string> {
      const { body } = await desk.ok("GET", "/v1/customers/acme/credits");
      const [wallet] = body.wallets as unknown as { readonly balance: string }[];
      return wallet?.balance ?? "none";
    }

    async function closed(): Promise<readonly unknown[]> {
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      const wanted = { period: "2026-11", customer: "acme" };
      const { body } = await desk.ok("POST", "/v1/periods/close", wanted);
      const [made] = body.statements as unknown as { id: string }[];
      const { document } = (await desk.ok("GET", `/v1/statements/${made?.id}`)).body;
      const { total, paidByCredit, amountDue } = document as unknown as Record<string, string>;
      return [total, paidByCredit, amountDue, await left()];
    }

    test("let tiers go on in credits, and the wallet pays for what is new", async () => {
      await moved("graduated", "100");
      assert.equal(await left(), "100");
      await desk.steps("acme", "2026-11-19", 4);
      assert.equal(await left(), "70");
      assert.deepEqual(await closed(), [worth(30), worth(30), "0", "70"]);
    });

    test("leave in money what the wallet has not", async () => {
      await moved("graduated", "20");
      await desk.steps("acme", "2026-11-19", 4);
      assert.deepEqual(await closed(), [worth(30), worth(20), worth(10), "0"]);
    });

    test("let volume tiers be reached, and the close gives back in credits", async () => {
      await moved("volume", "200");
      await desk.steps("acme", "2026-11-19", 12);
      // 20 calls at 5 are 100 credits, of which 80 were billed elsewhere.
      assert.deepEqual(await closed(), [worth(20), worth(20), "0", "180"]);
    });

    test("are taken off once, however often they are set", async () => {
      await moved("graduated", "100");
      const opening = { counters: [{ charge: "calls", quantity: "8" }], ...WHO };
      await desk.ok("POST", "/v1/customers/acme/opening", opening);
      await desk.steps("acme", "2026-11-19", 4);
      assert.deepEqual(await closed(), [worth(30), worth(30), "0", "70"]);
    });
  });
}
