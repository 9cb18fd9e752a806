/** What an outcome charged is given back once: by a dispute, or with the line that bills it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Answer, assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly amountRounded: string;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`a disputed outcome and its line (${kind})`, () => {
    let desk: Desk;

    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 10);
      for (const key of ["t", "u"]) await record(key);
    });
    afterEach(() => desk.end());

    /** 0.99, in November. */
    async function record(key: string): Promise<void> {
      const done = { outcome: "ticket_resolved", key, occurredAt: "2026-11-19T00:00:00Z" };
      await desk.ok("POST", "/v1/runs/run%20of%20acme/outcomes", done);
    }

    async function close(period: string): Promise<string> {
      desk.clock.now = Math.max(desk.clock.now, Date.parse("2026-12-02T00:00:00Z"));
      const body = { period, customer: "acme", early: true };
      const { body: answer } = await desk.ok("POST", "/v1/periods/close", body);
      const [made] = answer.statements as unknown as { id: string }[];
      return made?.id ?? assert.fail();
    }

    async function lineOf(id: string, wanted: string): Promise<number> {
      const { body } = await desk.ok("GET", `/v1/statements/${id}`);
      const lines = body.document?.lines as unknown as readonly Line[];
      return 1 + lines.findIndex((line) => `${line.kind} ${line.chargeKey}` === wanted);
    }

    const credit = (id: string, line: number, amount: string | null = null): Promise<Answer> =>
      desk.ask("POST", `/v1/statements/${id}/credit-notes`, { lines: [{ line, amount }], ...WHO });
    const dispute = (outcome: string, some: object = {}): Promise<Answer> =>
      desk.ask("POST", "/v1/disputes", { run: "run of acme", outcome, ...WHO, ...some });
    const told = (answer: Answer) => String(assertProblem(answer, "credit.exceeded").body.detail);

    test("a line that was credited leaves nothing of its outcomes to dispute", async () => {
      const id = await close("2026-11");
      const line = await lineOf(id, "charge done");
      assert.equal((await credit(id, line, "1.50")).status, 200);
      const more = await dispute("t", { amount: "0.49" });
      assert.match(told(more), /more than is left of 0.99: 0.48\.$/);
      assert.equal((await dispute("t")).body.amount, "0.48", "by itself, what is left of the line");
      assert.match(told(await dispute("u")), /^All of its 0.99 is credited or disputed already\.$/);
    });

    test("an outcome in dispute leaves so much less of its line to credit", async () => {
      const id = await close("2026-11");
      const line = await lineOf(id, "charge done");
      const opened = await dispute("t");
      assert.equal(opened.body.amount, "0.99");
      assert.match(told(await credit(id, line, "1")), /more than is left of 1.98: 0.99\.$/);
      const ofLine = { ...WHO, statement: id, line, amount: "1" };
      assert.match(told(await desk.ask("POST", "/v1/disputes", ofLine)), /left of 1.98: 0.99\.$/);
      assert.equal((await credit(id, line)).body.total, "0.99");
      const all = await credit(id, await lineOf(id, "charge calls"));
      assert.equal(all.body.total, "0.15", "other lines are as they were");
    });

    test("decided for us it is the line's again, for the customer it is not", async () => {
      const id = await close("2026-11");
      const line = await lineOf(id, "charge done");
      for (const [outcome, favor] of [
        ["t", "us"],
        ["u", "customer"],
      ] as const) {
        const { body } = await dispute(outcome);
        await desk.ok("POST", `/v1/disputes/${body.id}/resolve`, { favor, ...WHO });
      }
      assert.equal((await credit(id, line)).body.total, "0.99");
    });

    test("one that was held out before its period was closed counts on the line too", async () => {
      assert.equal((await dispute("t")).body.period, "2026-11-01");
      const id = await close("2026-11");
      const { body } = await desk.ok("GET", `/v1/statements/${id}`);
      assert.equal(body.total, "1.14", "0.15 of calls, and one of two outcomes");
      const line = await lineOf(id, "charge done");
      assert.match(told(await credit(id, line, "1.98")), /more than is left of 1.98: 0.99\.$/);
      assert.equal((await credit(id, line)).body.total, "0.99");
    });

    test("one that came late is of the adjustment that bills it", async () => {
      const id = await close("2026-11");
      await record("late");
      const december = await close("2026-12");
      const line = await lineOf(december, "adjustment done");
      assert.equal((await dispute("late", { amount: "0.40" })).status, 200);
      assert.equal((await credit(december, line)).body.total, "0.59");
      assert.match(told(await dispute("late", { amount: "0.01" })), /^All of its 0.99/);
      const whole = await credit(id, await lineOf(id, "charge done"));
      assert.equal(whole.body.total, "1.98", "the closed line never counted it");
    });
  });
}
