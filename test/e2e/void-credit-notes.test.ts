/**
 * A credit note that is taken back stays as it was issued; its opposite stands beside it. Of a line
 * of two outcomes, amounts worked out beforehand, in currencies of two, three and no decimals.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { formatValue } from "../../src/domain/export/export-line.ts";
import { readPayable } from "../../src/engine/export/payable.ts";
import { type Answer, assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };
const VOID = { reason: "credited the wrong customer", by: "ben" };
const RUN = "/v1/runs/run%20of%20acme/outcomes";

const CURRENCIES = [
  { currency: "EUR", one: "0.99", two: "1.98", least: "0.01" },
  { currency: "KWD", one: "0.999", two: "1.998", least: "0.001" },
  { currency: "JPY", one: "99", two: "198", least: "1" },
];

for (const { currency, one, two, least } of CURRENCIES) {
  describe(`a credit note of ${two} ${currency}`, () => {
    let desk: Desk;
    let statement: string;
    let note: Record<string, unknown>;

    beforeEach(async () => {
      const price = { model: "per_unit", unit: one };
      const done = { key: "done", name: "Resolved", meter: { count: "outcomes" }, price };
      const card = { key: "desk", currency, charges: [done] };
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 1);
      for (const key of ["t", "u"]) {
        const about = { outcome: "ticket_resolved", key, occurredAt: "2026-11-19T00:00:00Z" };
        await desk.ok("POST", RUN, about);
      }
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      const close = { period: "2026-11", customer: "acme" };
      const { body } = await desk.ok("POST", "/v1/periods/close", close);
      statement = (body.statements as unknown as { id: string }[])[0]?.id ?? assert.fail();
      note = (await credit()).body;
      assert.equal(note.total, two);
    });
    afterEach(() => desk.end());

    const credit = (amount: string | null = null, id?: string): Promise<Answer> => {
      const lines = [{ line: 1, amount }];
      const body = { lines, ...WHO, ...(id === undefined ? {} : { id }) };
      return desk.ask("POST", `/v1/statements/${statement}/credit-notes`, body);
    };
    const takeBack = (id = note.id, more: object = VOID) =>
      desk.ask("POST", `/v1/credit-notes/${id}/void`, more);

    /** What billing systems are told that November comes to. */
    async function exported(): Promise<string[]> {
      const periods = await readPayable(desk.server.store, "default", "acme");
      const of = { key: "2026-11-01", startMs: 0, endMs: 0 };
      return periods.flatMap(({ period, items }) =>
        period === of.key ? items(of).map(({ value }) => formatValue(value)) : [],
      );
    }

    test("is taken back by its opposite, once, and stays as it was", async () => {
      const { body } = await takeBack();
      assert.deepEqual([body.voids, body.total, body.by], [note.id, `-${two}`, "ben"]);
      assert.deepEqual((await takeBack()).body, body);
      const detail = `Credit note ${note.id} was taken back by ${body.id}.`;
      const again = await takeBack(note.id, { ...VOID, by: "carl" });
      assert.equal(assertProblem(again, "booking.conflict").body.detail, detail);
      assertProblem(await takeBack(body.id), "booking.conflict");
      assert.deepEqual((await desk.ok("GET", `/v1/credit-notes/${note.id}`)).body, note);
      const { creditNotes } = (await desk.ok("GET", `/v1/statements/${statement}/credit-notes`))
        .body as unknown as { creditNotes: unknown[] };
      assert.deepEqual(creditNotes, [note, body]);
    });

    test("leaves what it gave back to be given back again", async () => {
      assertProblem(await credit(least), "credit.exceeded");
      await takeBack();
      const { detail } = assertProblem(await credit(), "booking.conflict").body;
      assert.match(String(detail), /says the same and was taken back by cn_.*-2\. To give back/);
      assert.equal((await credit(one)).body.total, one);
      assert.equal((await credit(null, "rest")).body.total, one);
      assertProblem(await credit(least, "more"), "credit.exceeded");
    });

    test("on what is reversed later is taken back, and the rest is credited", async () => {
      await desk.ok("POST", `${RUN}/t/reverse`, { reason: "no" });
      const bill = await desk.ok("GET", "/v1/customers/acme/bill");
      assert.ok((bill.body as { lateLimits?: unknown[] }).lateLimits?.length === 1);
      await takeBack();
      const after = await desk.ok("GET", "/v1/customers/acme/bill");
      assert.deepEqual((after.body as { lateLimits?: unknown[] }).lateLimits ?? [], []);
      assertProblem(await credit(two), "credit.exceeded");
      assert.equal((await credit(null, "rest")).body.total, one);
    });

    test("no longer keeps its statement from being issued again", async () => {
      const path = `/v1/statements/${statement}/reissue`;
      assertProblem(await desk.ask("POST", path, WHO), "statement.credited");
      await takeBack();
      assert.equal((await desk.ok("POST", path, WHO)).body.total, two);
      assertProblem(await credit(null, "again"), "statement.voided");
    });

    test("is told to billing systems, and so is that it was taken back", async () => {
      assert.deepEqual(await exported(), ["0"]);
      await takeBack();
      assert.deepEqual(await exported(), [two]);
      await credit(one);
      assert.deepEqual(await exported(), [one]);
    });
  });
}
