/** Closing: grace, customers of several calendars, and one step that goes on where it ended. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { TollgateError } from "../../src/domain/errors.ts";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const CUSTOMERS = ["a", "b", "c", "d", "e"];

for (const kind of ["memory", "sqlite"] as const) {
  describe(`closing (${kind})`, () => {
    let desk: Desk;
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      for (const customer of CUSTOMERS) await desk.steps(customer, "2026-11-01", 2);
      desk.clock.now = Date.parse("2026-12-01T00:00:00Z");
    });
    afterEach(() => desk.server.stop());
    const close = (some: object = {}) =>
      desk.ask("POST", "/v1/periods/close", { period: "2026-11", ...some });
    const closedOf = (answer: Awaited<ReturnType<typeof close>>) =>
      (answer.body.statements as unknown as { customer: string }[]).map((one) => one.customer);

    test("waits for the grace of the workspace, to the millisecond", async () => {
      await desk.ok("PUT", "/v1/workspace", { graceHours: 36 });
      assert.equal((await desk.ok("GET", "/v1/workspace")).body.graceHours, 36);
      desk.clock.now += 36 * 3_600_000 - 1;
      const early = assertProblem(await close(), "period.open", "period");
      assert.match(String(early.body.detail), /grace of 36 hours at 2026-12-02T12:00:00.000Z/);
      await desk.steps("a", "2026-11-29", 1);
      desk.clock.now += 1;
      const { body } = await close();
      assert.match(JSON.stringify(body.statements), /"customer":"a".*?"total":"0.04"/);
      await desk.verify();
    });

    test("does not wait for anything when it is told to be early", async () => {
      await desk.ok("PUT", "/v1/workspace", { graceHours: 36 });
      assert.equal(closedOf(await close({ early: true })).length, CUSTOMERS.length);
    });

    test("a day that no month has is refused, and a form that is not read is told", async () => {
      const nowhere = assertProblem(await close({ period: "2026-02-31" }), "field.invalid");
      assert.equal(nowhere.body.field, "period");
      assert.match(String(nowhere.body.detail), /^"2026-02-31" is no day or month/);
      const other = assertProblem(await close({ period: "11/2026" }), "field.invalid", "period");
      const form = '"period" must be a date such as 2026-11-01, or a month such as 2026-11.';
      assert.equal(other.body.detail, form);
      for (const [path, told] of [
        ["usage", '"2026-02-31" is no day of the calendar.'],
        ["customers/a/bill", '"2026-02-31" is no day of the calendar.'],
      ] as const) {
        const refused = await desk.ask("GET", `/v1/${path}?period=2026-02-31`);
        assertProblem(refused, "field.invalid", "period");
        assert.equal(refused.body.detail, told);
      }
      for (const range of ["period=2026-02-31", "from=2026-02-31", "from=2026-01&to=2026-02-31"]) {
        assertProblem(await desk.ask("GET", `/v1/margin?${range}`), "field.invalid");
      }
    });

    test("usage is that of a start date, or of all periods that start in a month", async () => {
      const sums = async (query: string) =>
        (await desk.ok("GET", `/v1/usage?groupBy=customer,period${query}`)).body
          .rows as unknown as { readonly group: { readonly period: string } }[];
      await desk.steps("a", "2026-12-02", 1);
      const all = await sums("");
      const ofMonth = all.filter(({ group }) => group.period.startsWith("2026-11"));
      assert.ok(ofMonth.length > 0 && ofMonth.length < all.length);
      assert.deepEqual(await sums("&period=2026-11"), ofMonth);
      const ofDay = all.filter(({ group }) => group.period === "2026-11-01");
      assert.deepEqual(await sums("&period=2026-11-01"), ofDay);
    });

    test("a grace has bounds", async () => {
      const beyond = { graceHours: 2_161 };
      assertProblem(await desk.ask("PUT", "/v1/workspace", beyond), "field.out_of_range");
      await desk.ok("PUT", "/v1/workspace", { graceHours: 2_160 });
    });

    test("goes on in pages, and each customer is closed once", async () => {
      const seen: string[] = [];
      let cursor: unknown = null;
      let done = 0;
      do {
        const { body } = await close({ limit: 2, cursor });
        seen.push(...(body.statements as unknown as { customer: string }[]).map((s) => s.customer));
        done = Number(body.done);
        assert.equal(Number(body.total), CUSTOMERS.length);
        cursor = body.next as unknown;
      } while (cursor !== null);
      assert.equal(done, CUSTOMERS.length);
      assert.deepEqual(seen, CUSTOMERS);
      assertProblem(await close({ cursor: "2026-11" }), "field.invalid", "cursor");
      await desk.verify();
    });

    test("a failure between two customers loses nothing; repeating closes the rest", async () => {
      const { store } = desk.server;
      const transact = store.transact.bind(store);
      let units = 0;
      store.transact = (workspace, work) => {
        units += 1;
        if (units === 3) throw new TollgateError("store.unknown", "The disk is gone.");
        return transact(workspace, work);
      };
      assertProblem(await close(), "store.unknown");
      const { body } = await desk.ok("GET", "/v1/statements");
      const before = JSON.stringify(body.statements);
      assert.equal(JSON.parse(before).length, 2);
      assert.deepEqual(closedOf(await close()), ["c", "d", "e"]);
      const after = JSON.stringify((await desk.ok("GET", "/v1/statements")).body.statements);
      for (const one of JSON.parse(before)) assert.ok(after.includes(JSON.stringify(one)));
      assert.deepEqual(closedOf(await close()), [], "closing again changes nothing");
      await desk.verify();
    });

    test("passes over those whose month has not ended where they live", async () => {
      await desk.ok("PUT", "/v1/customers/f", { timeZone: "America/New_York" });
      desk.clock.now = Date.parse("2026-12-01T01:00:00Z");
      await desk.steps("f", "2026-11-30", 1);
      const answer = await close();
      assert.deepEqual(closedOf(answer), CUSTOMERS);
      assert.equal(Number(answer.body.waiting), 1);
      assertProblem(await close({ customer: "f" }), "period.open");
      assertProblem(await close(), "period.open", "period");
      desk.clock.now = Date.parse("2026-12-01T05:00:00Z");
      assert.deepEqual(closedOf(await close()), ["f"]);
    });
  });
}
