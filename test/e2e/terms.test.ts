/** Terms over time: versions, cards, starts, and what is owed without usage. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

/** 0.01 a step and 30 a period; a November has 30 days. */
function cardOf(key: string, unit = "0.01", fee = "30"): object {
  const price = { model: "per_unit", unit };
  const charges = [{ key: "calls", name: "Calls", meter: { count: "steps" }, price }];
  return { key, currency: "USD", charges, fees: [{ key: "base", name: "Base", amount: fee }] };
}

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly amountExact: string;
}

interface Statement {
  readonly id: string;
  readonly customer: string;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`terms over time (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card: cardOf("desk") });
    });
    afterEach(() => desk.end());
    const setDay = (day: string) => {
      desk.clock.now = Date.parse(`${day}T00:00:00Z`);
    };
    const put = (customer: string, body: object) =>
      desk.ask("PUT", `/v1/customers/${customer}`, body);

    async function close(period: string): Promise<Record<string, string[]>> {
      const { body } = await desk.ok("POST", "/v1/periods/close", { period, early: true });
      const bills: Record<string, string[]> = {};
      for (const { id, customer } of body.statements as unknown as Statement[]) {
        const { body: read } = await desk.ok("GET", `/v1/statements/${id}`);
        const lines = read.document?.lines as unknown as Line[];
        bills[customer] = lines
          .filter((line) => line.kind !== "rounding")
          .map((line) => `${line.kind} ${line.cardKey} ${line.chargeKey} ${line.amountExact}`);
      }
      return bills;
    }

    test("a new version waits for the next period, and a fee is owed without usage", async () => {
      await put("idle", { name: "Idle" });
      await desk.steps("acme", "2026-11-01", 2);
      setDay("2026-11-10");
      const { body } = await desk.ok("POST", "/v1/rate-cards", cardOf("desk", "0.02", "60"));
      assert.equal(body.version?.takesEffect, "next_period");
      await desk.steps("acme", "2026-11-09", 3);
      assert.deepEqual(await close("2026-11"), {
        acme: ["charge desk calls 0.05", "fee desk base 30"],
        idle: ["fee desk base 30"],
      });
      setDay("2026-12-10");
      await desk.steps("acme", "2026-12-10", 3);
      assert.deepEqual(await close("2026-12"), {
        acme: ["charge desk calls 0.06", "fee desk base 60"],
        idle: ["fee desk base 60"],
      });
    });

    test("at once, counters go on and fees are divided", async () => {
      await desk.steps("acme", "2026-11-01", 2);
      setDay("2026-11-11");
      const next = cardOf("desk", "0.02", "60");
      await desk.ok("POST", "/v1/rate-cards?effective=now", next);
      const again = await desk.ok("POST", "/v1/rate-cards", next);
      assert.equal(again.body.isNew, false);
      await desk.steps("acme", "2026-11-10", 1);
      await desk.steps("acme", "2026-11-11", 1);
      assert.deepEqual(await close("2026-11"), {
        acme: ["charge desk calls 0.05", "fee desk base 10", "fee desk base 40"],
      });
    });

    test("a customer changes its card, from now or from a stated instant on", async () => {
      await desk.ok("POST", "/v1/rate-cards", cardOf("other", "1", "90"));
      await desk.steps("acme", "2026-11-01", 1);
      setDay("2026-11-16");
      const past = await put("acme", { cardKey: "other", cardFrom: "2026-11-02T00:00:00Z" });
      assertProblem(past, "customer.card_fixed");
      const saved = await put("acme", { cardKey: "other", cardFrom: "2026-11-21T00:00:00Z" });
      assert.deepEqual(saved.body.formerCards, [
        { cardKey: null, until: "2026-11-21T00:00:00.000Z" },
      ]);
      await desk.steps("acme", "2026-11-16", 1);
      setDay("2026-11-22");
      await desk.steps("acme", "2026-11-21", 1);
      await desk.steps("acme", "2026-11-20", 1);
      assert.deepEqual(await close("2026-11"), {
        acme: [
          "charge desk calls 0.03",
          "charge other calls 1",
          "fee desk base 20",
          "fee other base 30",
        ],
      });
      const closed = await put("acme", { cardKey: null });
      assertProblem(closed, "customer.card_fixed");
      const euros = { ...cardOf("euros"), currency: "EUR" };
      await desk.ok("POST", "/v1/rate-cards", euros);
      const mixed = { cardKey: "euros", cardFrom: "2026-12-05T00:00:00Z" };
      assertProblem(await put("acme", mixed), "customer.card_fixed");
    });

    test("a customer owes from its start on", async () => {
      setDay("2026-11-16");
      await put("late", { name: "Late" });
      await put("early", { startedAt: "2026-10-21T00:00:00Z" });
      const fees = await close("2026-11");
      assert.deepEqual(fees, { early: ["fee desk base 30"], late: ["fee desk base 15"] });
      await desk.steps("early", "2026-12-01", 1);
      const moved = await put("early", { startedAt: "2026-11-01T00:00:00Z" });
      assertProblem(moved, "customer.card_fixed");
    });

    test("an override follows its base, and refuses a base that it cannot follow", async () => {
      const own = { key: "acme", extends: "desk", fees: { base: { amount: "3" } } };
      await desk.ok("POST", "/v1/rate-cards", own);
      await put("acme", { cardKey: "acme" });
      await desk.steps("acme", "2026-11-01", 1);
      const { body } = await desk.ok("POST", "/v1/rate-cards?effective=now", cardOf("desk", "5"));
      const overrides = body.overrides as unknown as { key: string; version: number }[];
      assert.deepEqual(
        overrides.map(({ key, version }) => `${key} ${version}`),
        ["acme 2"],
      );
      await desk.steps("acme", "2026-11-02", 1);
      assert.deepEqual(await close("2026-11"), {
        acme: ["charge acme calls 5.01", "fee acme base 3"],
      });
      const removing = { ...own, key: "bare", fees: { base: null } };
      await desk.ok("POST", "/v1/rate-cards", removing);
      const { fees: _, ...without } = cardOf("desk") as Record<string, unknown>;
      const broken = await desk.ask("POST", "/v1/rate-cards", without);
      assertProblem(broken, "ratecard.invalid");
      assert.equal(broken.body.field, 'overrides["bare"].fees["base"]');
      const chain = { key: "chain", extends: "acme" };
      assertProblem(await desk.ask("POST", "/v1/rate-cards", chain), "ratecard.invalid");
      const euros = { ...cardOf("desk"), currency: "EUR" };
      assert.equal((await desk.ask("POST", "/v1/rate-cards", euros)).body.field, "currency");
    });

    test("a run of any kind is told in the currency of its customer's card", async () => {
      const card = { ...cardOf("yen", "10", "0"), currency: "JPY" };
      await desk.ok("POST", "/v1/rate-cards", { card, effectiveFrom: null });
      await put("sakura", { name: "Sakura", cardKey: "yen" });
      const step = { customer: "sakura", kind: "tool", tool: "search" };
      const at = { occurredAt: "2026-11-01T12:00:00Z" };
      await desk.ok("POST", "/v1/events", [
        { id: "alone", ...step, ...at },
        { id: "above", run: "root", ...step, ...at },
        { type: "run.opened", id: "open", run: "child", parentRun: "root", ...at },
        { id: "below", run: "child", kind: "tool", tool: "search", ...at },
      ]);
      await desk.steps("acme", "2026-11-01", 1);
      const { body } = await desk.ok("GET", "/v1/runs");
      const runs = body.runs as unknown as { run: string; chargeCurrency: string }[];
      const told = runs.map((one) => `${one.run} ${one.chargeCurrency}`).sort();
      assert.deepEqual(told, [
        "child JPY",
        "root JPY",
        "run of acme USD",
        `~standing:["sakura"] JPY`,
      ]);
      const tree = await desk.ok("GET", "/v1/runs/root");
      assert.equal((tree.body.children as unknown as typeof runs)[0]?.chargeCurrency, "JPY");
      const usageOf = async (query: string) => {
        const usage = await desk.ok("GET", `/v1/usage?${query}`);
        const rows = usage.body.rows as unknown as { chargeCurrency: string | null }[];
        return [usage.body.chargeCurrency, ...rows.map((row) => row.chargeCurrency).sort()];
      };
      assert.deepEqual(await usageOf("groupBy=customer"), [null, "JPY", "USD"]);
      assert.deepEqual(await usageOf("groupBy=kind"), [null, null], "a sum over two currencies");
      assert.deepEqual(await usageOf("customer=sakura"), ["JPY", "JPY"]);
    });
  });
}
