/** Simulations over HTTP: what they tell, what they refuse, and that nothing is written. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  SIMULATED_CARDS_MAX_COUNT,
  SIMULATED_CUSTOMERS_MAX_COUNT,
} from "../../src/domain/limits.ts";
import { assertProblem, linesOf } from "./api-caller.ts";
import { CARD, type Desk, openDesk } from "./billing-desk.ts";

const DEARER = {
  ...CARD,
  key: "dearer",
  charges: CARD.charges.map((charge) =>
    charge.key === "calls" ? { ...charge, price: { model: "per_unit", unit: "0.02" } } : charge,
  ),
};

interface Line {
  readonly type: string;
  readonly customer?: string;
  readonly charged: { readonly revenue: string };
  readonly cards: readonly { readonly revenue: string; readonly change: string }[];
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`simulations (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-10-01T00:00:00Z" });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-10-30", 100);
      await desk.steps("acme", "2026-11-01", 50);
      await desk.steps("beta", "2026-11-01", 10);
    });
    afterEach(() => desk.server.stop());

    async function simulate(body: object): Promise<Line[]> {
      return linesOf(await desk.ok("POST", "/v1/simulations", body)) as unknown as Line[];
    }

    test("two cards side by side: what each customer would pay, and all together", async () => {
      const lines = await simulate({ cards: ["current", DEARER] });
      const told = lines.filter(({ type }) => type !== "progress");
      const figures = told.map(({ type, customer, charged, cards }) => {
        return [
          customer ?? type,
          charged.revenue,
          ...cards.flatMap((one) => [one.revenue, one.change]),
        ];
      });
      assert.deepEqual(figures, [
        ["acme", "2.25", "2.25", "0", "3", "0.75"],
        ["beta", "0.15", "0.15", "0", "0.2", "0.05"],
        ["total", "2.4", "2.4", "0", "3.2", "0.8"],
      ]);
      assert.ok(kind === "memory" || lines.some(({ type }) => type === "progress"));
    });

    test("one customer, some periods", async () => {
      const cards = ["current"];
      const revenueOf = async (body: object) =>
        (await simulate({ cards, ...body })).at(-1)?.charged;
      assert.equal((await revenueOf({ customers: ["beta"] }))?.revenue, "0.15");
      assert.equal((await revenueOf({ from: "2026-11" }))?.revenue, "0.9");
      assert.equal((await revenueOf({ to: "2026-10" }))?.revenue, "1.5");
      assert.equal((await revenueOf({ from: "2026-10-01", to: "2026" }))?.revenue, "2.4");
    });

    test("a key that only reads may simulate, and sees its workspace", async () => {
      const body = { cards: ["current"] };
      const { readKey: key, foreignKey } = desk.server;
      assert.equal((await desk.api.call("POST", "/v1/simulations", { body, key })).status, 200);
      const foreign = await desk.api.call("POST", "/v1/simulations", { body, key: foreignKey });
      assert.equal((linesOf(foreign).at(-1) as unknown as { customers: number }).customers, 0);
    });

    test("what is wrong is refused, with its field", async () => {
      const refused = async (body: unknown, code: string, field?: string) =>
        assertProblem(await desk.ask("POST", "/v1/simulations", body), code, field);
      await refused({}, "field.missing", "cards");
      await refused({ cards: [], customers: null }, "field.out_of_range", "cards");
      const many = Array.from({ length: SIMULATED_CARDS_MAX_COUNT + 1 }, () => "current");
      await refused({ cards: many }, "field.out_of_range", "cards");
      assert.equal(
        (await simulate({ cards: many.slice(1) })).at(-1)?.cards.length,
        many.length - 1,
      );
      await refused({ cards: ["current"], card: 1 }, "field.unknown", "card");
      await refused({ cards: [{ ...CARD, charges: [] }] }, "ratecard.invalid", "cards[0].charges");
      await refused({ cards: ["current"], from: "yesterday" }, "field.invalid", "from");
      await refused({ cards: ["current"], from: "2026-11", to: "2026-10" }, "field.invalid", "to");
      await refused({ cards: ["current"], customers: ["no"] }, "customer.not_found", "customers");
      const ids = Array.from({ length: SIMULATED_CUSTOMERS_MAX_COUNT + 1 }, () => "acme");
      await refused({ cards: ["current"], customers: ids }, "field.out_of_range", "customers");
      await simulate({ cards: ["current"], customers: ids.slice(1) });
      await refused({ cards: [CARD, { ...CARD, currency: "EUR" }] }, "field.invalid", "cards");
      const nobody = { key: "x", extends: "nobody", charges: { calls: null } };
      await refused({ cards: [nobody] }, "ratecard.not_found");
    });

    test("customers that are billed in another currency are passed over, and counted", async () => {
      const lines = await simulate({ cards: [{ ...CARD, key: "euro", currency: "EUR" }] });
      const total = lines.at(-1) as unknown as Record<string, unknown>;
      assert.equal(total.passedOver, 2);
      assert.equal(total.customers, 0);
      assert.equal(total.currency, "EUR");
    });

    test("a run is told as another card would have charged it", async () => {
      const path = "/v1/runs/run%20of%20acme";
      const recorded = (await desk.ok("GET", path)).body;
      const same = (await desk.ok("POST", `${path}/simulation`, { card: "current" })).body;
      assert.deepEqual(same, recorded);
      const { body } = await desk.ok("POST", `${path}/simulation`, { card: DEARER });
      const { totals } = body as unknown as { totals: { tree: { charge: string; cost: string } } };
      assert.equal(totals.tree.charge, "3");
      assertProblem(
        await desk.ask("POST", "/v1/runs/no/simulation", { card: CARD }),
        "run.not_found",
      );
      assertProblem(await desk.ask("POST", `${path}/simulation`, {}), "field.missing", "card");
    });

    test("nothing is written", { skip: kind === "memory" && "memory has no files" }, async () => {
      await desk.server.store.settle("default");
      const before = filesOf(desk.server.dataDir ?? "");
      await simulate({ cards: ["current", DEARER] });
      await desk.ok("POST", "/v1/runs/run%20of%20acme/simulation", { card: DEARER });
      assert.deepEqual(filesOf(desk.server.dataDir ?? ""), before);
    });
  });
}

/** Digests of the files of a folder; the shared memory of readers is no data. */
function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.endsWith("-shm"))
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      return `${name} ${createHash("sha256").update(bytes).digest("hex")}`;
    });
}
