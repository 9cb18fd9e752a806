/** A customer who moves here in mid-period pays what a whole period here would have cost. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const TIERS = [{ upTo: "10", unit: "0" }, { upTo: "20", unit: "0.5" }, { unit: "0.25" }];
const CARD = {
  key: "move",
  currency: "USD",
  charges: [
    { key: "steps", meter: { count: "steps" }, price: { model: "graduated", tiers: TIERS } },
    { key: "cost", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
    {
      key: "volume",
      meter: { sum: "pages" },
      price: { model: "volume", tiers: [{ upTo: "10", unit: "10" }, { unit: "5" }] },
    },
    {
      key: "tools",
      meter: { count: "steps" },
      price: { model: "matrix", by: "tool", cells: { search: "0.01" } },
    },
  ],
};
const WHO = { reason: "moved", by: "ben" };

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly quantity: string | null;
  readonly amountExact: string;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`an opening (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card: CARD });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.ok("PUT", "/v1/customers/acme", { name: "Acme" });
    });
    afterEach(() => desk.end());
    const open = (body: object) =>
      desk.ask("POST", "/v1/customers/acme/opening", { ...WHO, ...body });

    async function closed(): Promise<{ readonly id: string; readonly lines: readonly Line[] }> {
      const body = { period: "2026-11", customer: "acme", early: true };
      const answer = await desk.ok("POST", "/v1/periods/close", body);
      const id = String((answer.body.statements as unknown as { id: string }[])[0]?.id);
      const { body: read } = await desk.ok("GET", `/v1/statements/${id}`);
      return { id, lines: read.document?.lines as unknown as Line[] };
    }

    const told = (lines: readonly Line[]) =>
      lines
        .filter((line) => line.kind !== "rounding")
        .map((line) => `${line.kind} ${line.quantity ?? "-"} ${line.amountExact}`);

    test("lets tiers go on where they were, before usage or after it", async () => {
      await desk.steps("acme", "2026-11-19", 3);
      const counters = [{ charge: "steps", quantity: "15" }];
      const set = await open({ amount: "12.50", counters });
      assert.equal(set.status, 200, set.text);
      assert.deepEqual((await open({ amount: "12.50", counters })).body, set.body);
      await desk.steps("acme", "2026-11-19", 4);
      const { id, lines } = await closed();
      // f(22) = 5.5 and f(15) = 2.5: here, 3.00 are charged for 7 steps, and 7 searches.
      const wanted = ["charge 22 5.5", "charge 7 0.07", "opening - 12.5", "opening - -2.5"];
      assert.deepEqual(told(lines), wanted);
      const { body } = await desk.ok("GET", `/v1/statements/${id}/lines/1/steps`);
      const items = body.items as unknown as { kind: string; quantity: string }[];
      assert.deepEqual([items[0]?.kind, items[0]?.quantity], ["booking", "15"]);
      assert.equal(items.length, 8);
    });

    test("that stays in the free tier has no line, but counts", async () => {
      await open({ counters: [{ charge: "steps", quantity: "9" }] });
      await desk.steps("acme", "2026-11-19", 2);
      assert.deepEqual(told((await closed()).lines), ["charge 11 0.5", "charge 2 0.02"]);
    });

    test("may be a credit, of a cost, and of a cell", async () => {
      const cost = { charge: "cost", quantity: "2.000000000000001" };
      const cell = { charge: "tools", cell: "search", quantity: "5" };
      assert.equal((await open({ amount: "-3", counters: [cost, cell] })).status, 200);
      const { lines } = await closed();
      const amounts = lines
        .filter((line) => line.kind === "opening")
        .map((line) => line.amountExact);
      assert.deepEqual(amounts, ["-3", "-2.4000000000000012", "-0.05"]);
      assert.equal((await desk.ok("GET", "/v1/statements")).body.statements?.[0]?.total, "-3");
    });

    const pages = (id: string, count: number) => {
      const page = { run: "r", kind: "custom", occurredAt: "2026-11-19T12:00:00Z" };
      return desk.ok("POST", "/v1/events", [
        { ...page, id, customer: "acme", usage: { pages: count } },
      ]);
    };
    const isOfPages = ({ chargeKey }: Line) => chargeKey !== "steps";

    test("takes off what volume tiers came to elsewhere, open and closed", async () => {
      const counters = [{ charge: "volume", quantity: "12" }];
      const { body } = await open({ counters });
      const [, part] = body.parts as unknown as { amount: string; correction: string }[];
      // They run up to 110 while the period is open, and were billed at 12 × 5.
      assert.deepEqual([part?.amount, part?.correction], ["-110", "50"]);
      await pages("pages", 8);
      // 12 were billed at 60 elsewhere, and 20 cost 100: 40 are charged here.
      const wanted = ["charge 20 150", "tier_correction - -50", "opening - -60"];
      const { body: bill } = await desk.ok("GET", "/v1/customers/acme/bill");
      const { lines: now, total } = bill.document as unknown as { lines: Line[]; total: string };
      assert.deepEqual([told(now.filter(isOfPages)), total], [wanted, "40"]);
      assert.deepEqual(told((await closed()).lines.filter(isOfPages)), wanted);
      assert.equal((await desk.ok("GET", "/v1/statements")).body.statements?.[0]?.total, "40");
    });

    test("that is set in parts is one count", async () => {
      const counted = (quantity: string, reason: string) =>
        open({ counters: [{ charge: "volume", quantity }], reason });
      await counted("10", "the first ten days");
      await pages("pages", 8);
      const { body } = await counted("5", "the next ten");
      const [, part] = body.parts as unknown as { counter: { elsewhere: string } }[];
      assert.equal(part?.counter.elsewhere, "15");
      // 15 were billed at 75 elsewhere, not 10 at 100 and 5 at 50; 23 cost 115.
      const wanted = ["charge 23 165", "tier_correction - -50", "opening - -100", "opening - 25"];
      assert.deepEqual(told((await closed()).lines.filter(isOfPages)), wanted);
      assert.equal((await desk.ok("GET", "/v1/statements")).body.statements?.[0]?.total, "40");
    });

    test("owes nothing by itself, in any number of parts", async () => {
      for (const quantity of ["10", "5", "9"]) {
        await open({ counters: [{ charge: "volume", quantity }], reason: quantity });
        await open({ counters: [{ charge: "steps", quantity }], reason: quantity });
      }
      const { body } = await desk.ok("GET", "/v1/customers/acme/bill");
      assert.equal((body.document as unknown as { total: string }).total, "0");
    });

    test("is of a charge, a cell and a customer that there are", async () => {
      const count = (some: object) =>
        open({ counters: [{ charge: "steps", quantity: "1", ...some }] });
      assertProblem(await count({ charge: "no" }), "field.invalid", "counters[0].charge");
      assertProblem(await count({ cell: "x" }), "field.invalid", "counters[0].cell");
      const other = { charge: "tools", cell: "*" };
      assertProblem(await count(other), "field.invalid", "counters[0].cell");
      for (const quantity of ["0", "-1", "1e16", "0.0000000001", "many"]) {
        assertProblem(await count({ quantity }), "field.out_of_range", "counters[0].quantity");
      }
      assertProblem(await open({ amount: "0.001" }), "field.out_of_range", "amount");
      const nobody = await desk.ask("POST", "/v1/customers/no/opening", { ...WHO, amount: "1" });
      assertProblem(nobody, "customer.not_found");
      await open({ id: "x", amount: "1" });
      assertProblem(await open({ id: "x", amount: "2" }), "booking.conflict", "id");
    });
  });
}
