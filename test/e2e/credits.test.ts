/** Prepaid credit over HTTP: what is refused and where its bounds are, and a story that adds up. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed", by: "anna" };

for (const kind of ["memory", "sqlite"] as const) {
  describe(`credits (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-10T00:00:00Z" });
      await desk.ok("PUT", "/v1/customers/acme", {});
    });
    afterEach(() => desk.end());
    const grant = (some: object = {}) => {
      const body = { customer: "acme", amount: "1", ...WHO, ...some };
      return desk.ask("POST", "/v1/credits/grants", body);
    };
    const left = async (customer = "acme") => {
      const { body } = await desk.ok("GET", `/v1/customers/${customer}/credits`);
      const wallets = body.wallets as unknown as { currency: string; balance: string }[];
      return wallets.map(({ currency, balance }) => `${balance} ${currency}`).join(", ");
    };

    test("usage burns it, a statement tells of it, and every entry can be read", async () => {
      await grant({ id: "g", amount: "0.10", expiresAt: "2026-12-01T00:00:00Z" });
      await desk.steps("acme", "2026-11-10", 4);
      assert.equal(await left(), "0.04 USD");
      desk.clock.now = Date.parse("2026-12-01T00:00:00Z");
      await desk.steps("acme", "2026-12-01", 1);
      assert.equal(await left(), "0 USD");
      const closing = { customer: "acme", period: "2026-11" };
      const { body } = await desk.ok("POST", "/v1/periods/close", closing);
      const [{ id }] = body.statements as unknown as [{ id: string }];
      const statement = (await desk.ok("GET", `/v1/statements/${id}`)).body.document as unknown as {
        paidByCredit: string;
        amountDue: string;
        wallets: { moved: object }[];
      };
      assert.deepEqual([statement.paidByCredit, statement.amountDue], ["0.06", "0"]);
      const moved = { issued: "0.1", used: "-0.06", expired: "-0.04" };
      assert.deepEqual(statement.wallets[0]?.moved, moved);
      const path = "/v1/customers/acme/credits/history?limit=1";
      const kinds: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: Record<string, unknown> = (
          await desk.ok("GET", cursor === "" ? path : `${path}&cursor=${cursor}`)
        ).body;
        const entries = page.entries as { kind: string; postings: { amount: string }[] }[];
        kinds.push(...entries.map((entry) => entry.kind));
        cursor = page.next as string | null;
      }
      assert.deepEqual(kinds, ["granted", "expired", "closed"]);
    });

    test("amounts, priorities and dates have bounds, each told at its field", async () => {
      assert.equal((await grant({ amount: "1000000000000" })).status, 200);
      assertProblem(await grant({ amount: "1000000000000.01" }), "field.out_of_range", "amount");
      assertProblem(await grant({ amount: "0" }), "field.out_of_range", "amount");
      assertProblem(await grant({ amount: "0.001" }), "field.out_of_range", "amount");
      assert.equal((await grant({ priority: 1_000 })).status, 200);
      assert.equal((await grant({ priority: 1_001 })).status, 400);
      assertProblem(await grant({ currency: "tokens" }), "field.invalid", "currency");
      assertProblem(await grant({ customer: "no" }), "customer.not_found");
      const now = { expiresAt: "2026-11-10T00:00:00Z" };
      assertProblem(await grant(now), "field.out_of_range", "expiresAt");
      assertProblem(await grant({ rollover: { upTo: "1" } }), "field.missing", "expiresAt");
    });

    test("credit in a card's units has nine decimal places", async () => {
      const charges = [
        {
          key: "c",
          meter: { count: "steps" },
          price: { model: "per_unit", unit: "2" },
          in: "credits",
        },
      ];
      const credit = { name: "tokens", price: "0.01" };
      const card = { key: "units", currency: "USD", credit, charges };
      await desk.ok("POST", "/v1/rate-cards", { card, effectiveFrom: null });
      await desk.ok("PUT", "/v1/customers/units", { cardKey: "units" });
      const units = (amount: string) => grant({ customer: "units", currency: "tokens", amount });
      assert.equal((await units("3.000000001")).status, 200);
      assertProblem(await units("3.0000000001"), "field.out_of_range", "amount");
      await desk.steps("units", "2026-11-10", 1);
      assert.equal(await left("units"), "1.000000001 tokens");
    });

    test("top-ups live up to ten years, and endpoints are safe", async () => {
      const topup = (some: object) =>
        desk.ask("POST", "/v1/topups", { customer: "acme", amount: "5", ...WHO, ...some });
      assert.equal((await topup({ expiresAfterDays: 3_653 })).status, 200);
      assert.equal((await topup({ expiresAfterDays: 3_654 })).status, 400);
      const asked = await topup({ id: "t" });
      assert.equal(asked.body.status, "requested");
      const end = { reference: "pay-1", by: "bank" };
      for (const _ of [1, 2]) await desk.ok("POST", "/v1/topups/t/confirm", end);
      assertProblem(await desk.ask("POST", "/v1/topups/t/refuse", end), "topup.settled");
      assertProblem(await desk.ask("POST", "/v1/topups/no/confirm", end), "topup.not_found");
      assert.equal(await left(), "5 USD");
      const endpoint = (url: string | null) => desk.ask("PUT", "/v1/payment-endpoint", { url });
      for (const url of ["https://pay.example/x", "http://localhost:9/x", null]) {
        assert.equal((await endpoint(url)).body.url, url);
      }
      for (const url of [
        "http://pay.example/",
        "ftp://localhost/",
        "https://a:b@pay.example/",
        "x",
      ]) {
        assertProblem(await endpoint(url), "field.invalid", "url");
      }
    });

    test("a parent is set over HTTP and told with its customer", async () => {
      const parent = { id: "acme", pays: true, credit: "own_first" };
      const { body } = await desk.ok("PUT", "/v1/customers/child", { parent });
      assert.deepEqual(body.parent, parent);
      const circle = { parent: { ...parent, id: "child" } };
      const refused = await desk.ask("PUT", "/v1/customers/acme", circle);
      assertProblem(refused, "customer.parent_refused", "parent");
      await grant({ amount: "1" });
      await desk.steps("child", "2026-11-10", 2);
      assert.equal(await left(), "0.97 USD");
      const gone = await desk.ok("PUT", "/v1/customers/child", { parent: null });
      assert.equal(gone.body.parent, null);
    });
  });
}
