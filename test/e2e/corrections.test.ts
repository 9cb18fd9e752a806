/** What is put right after a close: it never changes a statement, is told once and adds up. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import { type Answer, assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly description: string;
  readonly originPeriod: string | null;
  readonly amountExact: string;
  readonly amountRounded: string;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`after the close (${kind})`, () => {
    let desk: Desk;
    let id = "";

    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 10);
      const outcome = { outcome: "resolved", key: "t", occurredAt: "2026-11-19T00:00:00Z" };
      await desk.ok("POST", "/v1/runs/run%20of%20acme/outcomes", outcome);
      // Calls: 10 × 0.015 = 0.15. Resolved: 0.99.
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      id = (await close("2026-11")).id;
    });
    afterEach(() => desk.end());

    async function close(period: string): Promise<{ readonly id: string; readonly total: string }> {
      const body = { period, customer: "acme", early: true };
      const answer = await desk.ok("POST", "/v1/periods/close", body);
      const [made] = answer.body.statements as unknown as { id: string; total: string }[];
      return made ?? assert.fail(answer.text);
    }

    async function linesOf(statement: string): Promise<readonly Line[]> {
      const { body } = await desk.ok("GET", `/v1/statements/${statement}`);
      return body.document?.lines as unknown as Line[];
    }

    const told = (lines: readonly Line[]) =>
      lines.map((line) => `${line.kind} ${line.chargeKey} ${line.amountRounded}`);
    const textOf = async (statement: string) =>
      JSON.stringify((await desk.ok("GET", `/v1/statements/${statement}`)).body.document);
    const sumOf = (texts: readonly string[]) => {
      const total = texts.reduce((sum, text) => sum + (parseAmount(text) ?? 0n), 0n);
      return formatAmount(total as Amount);
    };

    describe("goodwill", () => {
      const give = (some: object = {}): Promise<Answer> =>
        desk.ask("POST", "/v1/goodwill", { customer: "acme", amount: "5.50", ...WHO, ...some });

      test("is a line of the open period that says why, given once", async () => {
        const first = await give();
        assert.equal(first.status, 200, first.text);
        assert.equal(first.body.period, "2026-12-01");
        assert.equal(first.body.amount, "5.5");
        assert.deepEqual((await give()).body, first.body);
        await give({ id: "again" });
        const december = await close("2026-12");
        assert.equal(december.total, "-11");
        const lines = await linesOf(december.id);
        assert.deepEqual(told(lines), ["goodwill goodwill -5.5", "goodwill goodwill -5.5"]);
        assert.equal(lines[0]?.description, "Goodwill: agreed on the phone");
        const { body } = await desk.ok("GET", `/v1/statements/${december.id}/lines/1/steps`);
        assert.equal((body.items as unknown as { reason: string }[])[0]?.reason, "goodwill");
        const { body: list } = await desk.ok("GET", "/v1/goodwill?customer=acme");
        assert.equal((list.goodwill as unknown as { by: string }[])[1]?.by, "anna");
        assert.deepEqual((await give()).body, first.body, "also after it was billed");
      });

      test("has an amount of the currency, a customer, and one content an id", async () => {
        for (const amount of ["0", "-1", "5.555", "much", "1e400"]) {
          assertProblem(await give({ amount }), "field.out_of_range", "amount");
        }
        assertProblem(await give({ customer: "no" }), "customer.not_found", "customer");
        await give({ id: "x" });
        assertProblem(await give({ id: "x", amount: "6" }), "booking.conflict", "id");
      });
    });

    describe("a credit note", () => {
      const credit = (lines: object[], some: object = {}): Promise<Answer> =>
        desk.ask("POST", `/v1/statements/${id}/credit-notes`, { lines, ...WHO, ...some });

      test("names the lines it credits, and gives back no more than they billed", async () => {
        const before = await textOf(id);
        const first = await credit([{ line: 2, amount: "0.40" }]);
        assert.equal(first.body.total, "0.4");
        assert.equal(first.body.id, `${id.replace("st_", "cn_")}-1`);
        assert.deepEqual((await credit([{ line: 2, amount: "0.40" }])).body, first.body);
        const over = await credit([{ line: 2, amount: "0.60" }]);
        assert.match(String(assertProblem(over, "credit.exceeded").body.detail), /0\.59\.$/);
        const rest = await credit([{ line: 1 }, { line: 2 }]);
        assert.equal(rest.body.total, "0.74");
        assertProblem(await credit([{ line: 1 }], { id: "x" }), "credit.exceeded");
        assertProblem(await credit([{ line: 9 }]), "statement.line_not_found");
        assertProblem(await credit([{ line: 1 }, { line: 1 }]), "field.invalid", "lines");
        assert.equal(await textOf(id), before, "the statement never changes");
        const { body } = await desk.ok("GET", `/v1/statements/${id}/credit-notes`);
        assert.equal((body.creditNotes as unknown as object[]).length, 2);
        const read = await desk.ok("GET", `/v1/credit-notes/${first.body.id}`);
        assert.deepEqual(read.body, first.body);
        assertProblem(await desk.ask("GET", "/v1/credit-notes/cn_no-1"), "credit.not_found");
        const page = await desk.ok("GET", `/v1/statements/${id}.html`);
        assert.ok(page.text.includes(String(first.body.id)) && page.text.includes("−0.40"));
      });
    });

    describe("a dispute", () => {
      const dispute = (some: object): Promise<Answer> =>
        desk.ask("POST", "/v1/disputes", { ...WHO, ...some });
      const decide = (which: unknown, favor: string): Promise<Answer> =>
        desk.ask("POST", `/v1/disputes/${which}/resolve`, { favor, ...WHO });

      test("is held out of the next statement, and billed again when it is upheld", async () => {
        const opened = await dispute({ statement: id, line: 2 });
        assert.equal(opened.body.amount, "0.99");
        assert.deepEqual((await dispute({ statement: id, line: 2 })).body, opened.body);
        const december = await close("2026-12");
        assert.equal(december.total, "-0.99");
        const [line] = await linesOf(december.id);
        assert.equal(line?.originPeriod, "2026-11-01");
        assert.match(line?.description ?? "", /disputed, held out/);
        const upheld = await decide(opened.body.id, "us");
        assert.equal(upheld.body.resolution?.period, "2027-01-01");
        assert.deepEqual((await decide(opened.body.id, "us")).body, upheld.body);
        assertProblem(await decide(opened.body.id, "customer"), "dispute.resolved");
        const january = await close("2027-01");
        assert.equal(january.total, "0.99");
        const [again] = await linesOf(january.id);
        const name = /^.+, line 2 of st_\w+: /.exec(line?.description ?? "")?.[0];
        assert.equal(again?.description, `${name}disputed, billed again (${WHO.reason})`);
      });

      test("stays off when it is decided for the customer", async () => {
        const opened = await dispute({ run: "run of acme", outcome: "t", amount: "0.50" });
        assert.equal(opened.body.originPeriod, "2026-11-01");
        await decide(opened.body.id, "customer");
        assert.equal((await close("2026-12")).total, "-0.5");
        const { body } = await desk.ok("GET", "/v1/disputes?customer=acme&open=false");
        assert.equal((body.disputes as unknown as { outcome: string }[])[0]?.outcome, "t");
        const open = await desk.ok("GET", "/v1/disputes?open=true");
        assert.deepEqual(open.body.disputes, []);
        const rest = await dispute({ run: "run of acme", outcome: "t", id: "more" });
        assert.equal(rest.body.amount, "0.49", "what is left of the charge");
        const none = await dispute({ run: "run of acme", outcome: "t" });
        const { detail } = assertProblem(none, "credit.exceeded").body;
        assert.equal(detail, "All of its 0.99 is credited or disputed already.");
      });

      test("opened and upheld in one period leaves no line", async () => {
        const opened = await dispute({ statement: id, line: 1 });
        await decide(opened.body.id, "us");
        await desk.steps("acme", "2026-12-01", 1);
        const december = await close("2026-12");
        assert.deepEqual(told(await linesOf(december.id)), ["charge calls 0.02", "rounding  0"]);
      });

      test("is of something that was billed, and takes it once", async () => {
        assertProblem(await dispute({ statement: "st_no", line: 1 }), "statement.not_found");
        assertProblem(await dispute({ statement: id, line: 9 }), "statement.line_not_found");
        assertProblem(await dispute({ run: "r", outcome: "no" }), "outcome.not_found");
        assertProblem(await dispute({ statement: id }), "field.invalid", "statement");
        assertProblem(await decide("no", "us"), "dispute.not_found");
        const lines = [{ line: 1, amount: "0.10" }];
        await desk.ok("POST", `/v1/statements/${id}/credit-notes`, { lines, ...WHO });
        const over = await dispute({ statement: id, line: 1, amount: "0.06" });
        assertProblem(over, "credit.exceeded", "amount");
      });
    });

    describe("a statement that is issued again", () => {
      const again = (which: string): Promise<Answer> =>
        desk.ask("POST", `/v1/statements/${which}/reissue`, WHO);

      test("takes up what came late, and leaves the voided one as it was", async () => {
        const before = await textOf(id);
        await desk.steps("acme", "2026-11-11", 4);
        const issued = await again(id);
        assert.equal(issued.body.replaces, id);
        assert.equal(issued.body.total, "1.2");
        const old = await desk.ok("GET", `/v1/statements/${id}`);
        assert.equal(old.body.replacedBy, issued.body.id);
        assert.equal(await textOf(id), before);
        assertProblem(await again(id), "statement.voided");
        const credit = { lines: [{ line: 1 }], ...WHO };
        const refused = await desk.ask("POST", `/v1/statements/${id}/credit-notes`, credit);
        assertProblem(refused, "statement.voided");
        const page = await desk.ok("GET", `/v1/statements/${id}.html`);
        assert.match(page.text, /was voided/);
        await desk.steps("acme", "2026-12-01", 2);
        const december = await close("2026-12");
        assert.deepEqual(told(await linesOf(december.id)), ["charge calls 0.03"]);
        const items = await desk.ok("GET", `/v1/statements/${issued.body.id}/lines/1/steps`);
        assert.equal((items.body.items as unknown as object[]).length, 14);
      });

      test("does not bill again what a later statement has billed", async () => {
        await desk.steps("acme", "2026-11-11", 4);
        const december = await close("2026-12");
        assert.equal(december.total, "0.06");
        await desk.steps("acme", "2026-11-12", 2);
        const issued = await again(id);
        const lines = await linesOf(String(issued.body.id));
        const exact = lines.map((line) => `${line.kind} ${line.amountExact}`);
        assert.deepEqual(exact, ["charge 0.24", "charge 0.99", "already_billed -0.06"]);
        await desk.steps("acme", "2026-11-13", 2);
        const second = await again(String(issued.body.id));
        const third = await close("2027-01").catch(() => null);
        const all = [second.body.total, december.total, third?.total ?? "0"].map(String);
        // 18 calls and an outcome: 0.27 + 0.99, in whatever statements.
        assert.equal(sumOf(all), "1.26");
      });

      test("is refused where it was credited or is in dispute", async () => {
        const opened = await desk.ok("POST", "/v1/disputes", { ...WHO, statement: id, line: 1 });
        assertProblem(await again(id), "statement.credited");
        const decision = { favor: "us", ...WHO };
        await desk.ok("POST", `/v1/disputes/${opened.body.id}/resolve`, decision);
        const lines = [{ line: 2, amount: "0.10" }];
        await desk.ok("POST", `/v1/statements/${id}/credit-notes`, { lines, ...WHO });
        assertProblem(await again(id), "statement.credited");
        assertProblem(await again("st_no"), "statement.not_found");
      });
    });
  });
}
