/** What is given back of a statement as a whole: at most what it billed, whatever its lines say. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { type Answer, assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };
const CALLS = { key: "calls", meter: { count: "steps" } };
/** Ten calls come to 10.00; by volume, the tier that they reach takes 4.00 off again. */
const BY_VOLUME = { model: "volume", tiers: [{ upTo: "9", unit: "1" }, { unit: "0.60" }] };
const PLAIN = { model: "per_unit", unit: "1" };

for (const kind of ["memory", "sqlite"] as const) {
  describe(`given back of a whole statement (${kind})`, () => {
    let desk: Desk;
    afterEach(() => desk.end());

    /** The statement of ten calls by a card. */
    async function billed(terms: object): Promise<string> {
      const card = { key: "k", currency: "USD", ...terms };
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 10);
      return close("2026-11");
    }

    async function close(period: string): Promise<string> {
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      const body = { period, customer: "acme", early: true };
      const { body: answer } = await desk.ok("POST", "/v1/periods/close", body);
      const [made] = answer.statements as unknown as { id: string }[];
      return made?.id ?? assert.fail();
    }

    const credit = (id: string, lines: object[]): Promise<Answer> =>
      desk.ask("POST", `/v1/statements/${id}/credit-notes`, { lines, ...WHO });
    const dispute = (some: object): Promise<Answer> =>
      desk.ask("POST", "/v1/disputes", { ...WHO, ...some });

    test("what a discount took off is not given back", async () => {
      const charges = [{ ...CALLS, price: PLAIN }];
      const id = await billed({ charges, discounts: [{ key: "off", percent: "80" }] });
      const all = assertProblem(await credit(id, [{ line: 1 }]), "credit.exceeded", "lines");
      const told = "10 is more than is left of the 2 that the whole statement bills: 2.";
      assert.equal(all.body.detail, told);
      assertProblem(await dispute({ statement: id, line: 1 }), "credit.exceeded", "amount");
      assert.equal((await credit(id, [{ line: 1, amount: "1.50" }])).status, 200);
      assertProblem(await dispute({ statement: id, line: 1, amount: "0.51" }), "credit.exceeded");
      assert.equal((await dispute({ statement: id, line: 1, amount: "0.50" })).status, 200);
      const more = assertProblem(
        await credit(id, [{ line: 1, amount: "0.01" }]),
        "credit.exceeded",
      );
      assert.match(String(more.body.detail), /the 2 that the whole statement bills: 0\.$/);
    });

    test("what a volume's tier took off is not given back, nor any of a free bill", async () => {
      const id = await billed({ charges: [{ ...CALLS, price: BY_VOLUME }] });
      assertProblem(await credit(id, [{ line: 1, amount: "6.01" }]), "credit.exceeded");
      assert.equal((await credit(id, [{ line: 1, amount: "6" }])).status, 200);
      await desk.verify();
      await desk.server.stop();
      const charges = [{ ...CALLS, price: PLAIN }];
      const free = await billed({ charges, discounts: [{ key: "off", percent: "100" }] });
      const none = assertProblem(await credit(free, [{ line: 1 }]), "credit.exceeded", "lines");
      assert.match(String(none.body.detail), /^The statement bills nothing as a whole/);
    });

    test("goodwill, which settles what was billed, lowers nothing of it", async () => {
      await openBilled();
      const id = await close("2026-11");
      assert.equal((await credit(id, [{ line: 1, amount: "10" }])).status, 200);
    });

    test("an adjustment that takes off another period's calls lowers nothing of it", async () => {
      await billed({ charges: [{ ...CALLS, price: PLAIN }] });
      const voided = [1, 2, 3, 4, 5, 6].map((at) => {
        const about = { type: "step.voided", id: `v${at}`, run: "run of acme", reason: "test" };
        return { ...about, target: { id: `e${at}` }, occurredAt: "2026-12-01T00:00:00Z" };
      });
      await desk.ok("POST", "/v1/events", voided);
      await desk.steps("acme", "2026-12-01", 3);
      const id = await close("2026-12");
      const { body } = await desk.ok("GET", `/v1/statements/${id}`);
      assert.equal(body.total, "-3");
      assert.equal((await credit(id, [{ line: 1 }])).body.total, "3");
    });

    /** Ten calls and a goodwill of 8.00 in one period. */
    async function openBilled(): Promise<void> {
      const card = { key: "k", currency: "USD", charges: [{ ...CALLS, price: PLAIN }] };
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 10);
      await desk.ok("POST", "/v1/goodwill", { customer: "acme", amount: "8", ...WHO });
    }
  });
}
