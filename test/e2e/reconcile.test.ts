/** Recorded cost against a provider's own invoice, to the last digit, and its true-up. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "committed use", by: "anna" };

const price = (subject: string, unit: string) => ({
  ...{ provider: "openai", subject, aliases: [], prefixes: [], currency: "USD", tierFactors: {} },
  periods: [{ effectiveFrom: null, daily: null, rates: [{ unit: "input_uncached", price: unit }] }],
});

const PRICES = {
  format: "tollgate.prices/1",
  source: "test",
  effectiveFrom: null,
  entries: [price("gpt-x", "0.001"), price("gpt-y", "0.0000000000000001")],
};

for (const kind of ["memory", "sqlite"] as const) {
  describe(`a provider's invoice (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      await desk.ok("POST", "/v1/prices", PRICES);
      desk.clock.now = Date.parse("2026-11-04T00:00:00Z");
      await desk.ok("POST", "/v1/events", [
        call("a", "gpt-x", "2026-11-01T23:59:59Z"),
        call("b", "gpt-x", "2026-11-02T00:00:00Z"),
        call("c", "gpt-x", "2026-11-02T12:00:00Z"),
        call("d", "gpt-y", "2026-11-02T12:00:00Z"),
        call("out", "gpt-x", "2026-11-03T00:00:00Z"),
        { ...call("theirs", "gpt-x", "2026-11-02T00:00:00Z"), payer: "customer" },
        { ...call("shadow", "gpt-x", "2026-11-02T00:00:00Z"), role: "shadow" },
        { ...call("other", "m", "2026-11-02T00:00:00Z"), provider: "anthropic" },
      ]);
    });
    afterEach(() => desk.end());

    function call(id: string, model: string, occurredAt: string): object {
      const usage = { input_uncached: 1_000 };
      return {
        id,
        run: `r ${id}`,
        customer: "acme",
        kind: "model",
        provider: "openai",
        model,
        usage,
        occurredAt,
      };
    }

    const row = (model: string, day: string, amount: string) => ({
      ...{ provider: "openai", model, day, amount },
    });
    const invoice = (rows: object[], id = "INV-1") =>
      desk.ask("POST", "/v1/invoices", { id, currency: "USD", rows });

    async function told(): Promise<string[]> {
      const { body } = await desk.ok("GET", "/v1/invoices/INV-1/reconciliation");
      const rows = body.rows as unknown as Record<string, string>[];
      return rows.map((one) =>
        [one.model, one.day, one.recorded, one.truedUp, one.invoiced, one.difference].join(" "),
      );
    }

    test("is compared by provider, model and day, with what it does not have", async () => {
      const rows = [
        row("gpt-x", "2026-11-01", "1.5"),
        row("gpt-x", "2026-11-02", "1"),
        row("gpt-x", "2026-11-02", "0.75"),
        row("gpt-z", "2026-11-02", "-0.25"),
      ];
      const imported = await invoice(rows);
      assert.equal(imported.body.total, "3");
      assert.deepEqual(await told(), [
        "gpt-x 2026-11-01 1 0 1.5 0.5",
        "gpt-x 2026-11-02 2 0 1.75 -0.25",
        "gpt-y 2026-11-02 0.0000000000001 0 0 -0.0000000000001",
        "gpt-z 2026-11-02 0 0 -0.25 -0.25",
      ]);
    });

    test("is trued up once, and again by what came late", async () => {
      await invoice([row("gpt-x", "2026-11-01", "1.5"), row("gpt-x", "2026-11-02", "2")]);
      const path = "/v1/invoices/INV-1/true-up";
      const first = await desk.ok("POST", path, WHO);
      assert.equal(first.body.difference, "0");
      assert.equal(first.body.truedUp, "0.4999999999999");
      assert.deepEqual((await desk.ok("POST", path, WHO)).body, first.body, "nothing is left");
      await desk.ok("POST", "/v1/events", [call("late", "gpt-x", "2026-11-02T13:00:00Z")]);
      assert.equal((await told())[1], "gpt-x 2026-11-02 3 0 2 -1");
      const second = await desk.ok("POST", path, WHO);
      const trueUps = second.body.trueUps as unknown as { total: string; by: string }[];
      assert.deepEqual(
        trueUps.map((one) => one.total),
        ["0.4999999999999", "-1"],
      );
      assert.equal(second.body.difference, "0");
    });

    test("shares the cost of a day with other invoices that bill it", async () => {
      await invoice([row("gpt-x", "2026-11-02", "1.5")]);
      await invoice([row("gpt-x", "2026-11-02", "0.75")], "INV-2");
      const both = async (id: string) => {
        const { body } = await desk.ok("GET", `/v1/invoices/${id}/reconciliation`);
        const [one] = body.rows as unknown as Record<string, string>[];
        const { recorded, truedUp, invoiced, invoicedElsewhere, difference } = one ?? {};
        return [recorded, truedUp, invoiced, invoicedElsewhere, difference].join(" ");
      };
      const firstOf = (rows: unknown) => (rows as Record<string, string>[])[0];
      assert.equal(await both("INV-1"), "2 0 1.5 0.75 0.25", "2.25 were billed");
      assert.equal(await both("INV-2"), "2 0 0.75 1.5 0.25");
      const { body } = await desk.ok("POST", "/v1/invoices/INV-2/true-up", WHO);
      const [booked] = body.trueUps as unknown as { rows: unknown }[];
      assert.equal(firstOf(booked?.rows)?.recorded, "0.5", "what the other one has left");
      assert.equal(await both("INV-1"), "2 0.25 1.5 0.75 0", "cost is what both have billed");
      await desk.ok("POST", "/v1/invoices/INV-1/true-up", WHO);
      const credit = await invoice([row("gpt-x", "2026-11-02", "-0.25")], "CREDIT-1");
      assert.equal(credit.status, 200);
      assert.equal(await both("CREDIT-1"), "2 0.25 -0.25 2.25 -0.25");
    });

    test("is imported once, whatever the order of its rows", async () => {
      const rows = [row("gpt-x", "2026-11-01", "1.50"), row("gpt-y", "2026-11-02", "2")];
      const first = await invoice(rows);
      assert.deepEqual((await invoice(rows.toReversed())).body, first.body);
      assertProblem(await invoice([row("gpt-x", "2026-11-01", "1.51")]), "booking.conflict", "id");
      const { body } = await desk.ok("GET", "/v1/invoices");
      assert.deepEqual(body.invoices, [first.body]);
    });

    test("is refused where it is no invoice", async () => {
      assertProblem(await invoice([]), "field.invalid", "rows");
      for (const amount of ["1e3", "much", "01", "9".repeat(16)]) {
        assertProblem(await invoice([row("m", "2026-11-01", amount)]), "field.invalid");
      }
      for (const day of ["2026-13-01", "2026-02-30", "yesterday"]) {
        assertProblem(await invoice([row("m", day, "1")]), "field.invalid");
      }
      const rows = [row("m", "2026-11-01", "1")];
      const inEuro = await desk.ask("POST", "/v1/invoices", { id: "x", currency: "EUR", rows });
      assertProblem(inEuro, "field.invalid", "currency");
      const unknown = await desk.ask("GET", "/v1/invoices/no/reconciliation");
      assertProblem(unknown, "invoice.not_found");
      assertProblem(await desk.ask("POST", "/v1/invoices/no/true-up", WHO), "invoice.not_found");
    });
  });
}
