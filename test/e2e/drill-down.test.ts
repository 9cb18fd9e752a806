/** Every line of a statement leads to what it counts, page by page, and adds up to the line. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const TIERS = [{ upTo: "3", unit: "0" }, { unit: "0.07" }];
const CARD = {
  key: "drill",
  currency: "USD",
  charges: [
    { key: "run", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.5" } },
    { key: "tools", meter: { count: "steps" }, price: { model: "graduated", tiers: TIERS } },
    {
      key: "cells",
      meter: { sum: "seconds" },
      price: { model: "matrix", by: "tool", cells: { fast: "0.001" }, otherwise: "0.002" },
    },
    { key: "done", meter: { count: "outcomes" }, price: { model: "per_unit", unit: "0.99" } },
    { key: "bulk", meter: { count: "steps" }, price: { model: "volume", tiers: TIERS } },
  ],
  minimum: "50",
  runCap: "1.50",
};

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly quantity: string;
  readonly amountExact: string;
}

interface Item {
  readonly kind: string;
  readonly run: string;
  readonly id: string;
  readonly quantity: string;
  readonly amount: string;
  readonly changedAfterClose: boolean;
  readonly reason: string | null;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`what is behind a line (${kind})`, () => {
    let desk: Desk;
    let id = "";
    let lines: readonly Line[] = [];

    before(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card: CARD });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      for (const run of ["r1", "r2", "r3"]) await desk.ok("POST", "/v1/events", eventsOf(run));
      await desk.ok("POST", "/v1/events", [
        { ...eventsOf("old")[0], id: "october", occurredAt: "2026-10-03T00:00:00Z" },
        { ...eventsOf("other")[0], id: "theirs", customer: "zeta" },
      ]);
      for (const run of ["r1", "r3"]) {
        const done = { outcome: "ticket_resolved", key: "t", occurredAt: "2026-11-19T00:00:00Z" };
        await desk.ok("POST", `/v1/runs/${run}/outcomes`, done);
      }
      id = await closed("2026-11");
      lines = await linesOf(id);
    });
    after(() => desk.server.stop());

    function eventsOf(run: string): object[] {
      return Array.from({ length: 4 }, (_, index) => ({
        ...{ id: `${run} e${index}`, run, customer: "acme", kind: "tool" },
        tool: index === 0 ? "fast" : "slow",
        usage: { seconds: 1 + index },
        occurredAt: `2026-11-1${index}T00:00:00Z`,
      }));
    }

    async function closed(period: string): Promise<string> {
      const close = { period, customer: "acme", early: true };
      const { body } = await desk.ok("POST", "/v1/periods/close", close);
      return String((body.statements as unknown as { id: string }[])[0]?.id);
    }

    async function linesOf(statement: string): Promise<readonly Line[]> {
      const { body } = await desk.ok("GET", `/v1/statements/${statement}`);
      return body.document?.lines as unknown as Line[];
    }

    async function itemsOf(statement: string, line: number, limit = 1_000): Promise<Item[]> {
      const items: Item[] = [];
      let cursor: string | null = null;
      do {
        const query = new URLSearchParams({ limit: `${limit}`, ...(cursor && { cursor }) });
        const path = `/v1/statements/${statement}/lines/${line}/steps?${query}`;
        const { body } = await desk.ok("GET", path);
        const page = body.items as unknown as Item[];
        assert.ok(page.length <= limit);
        items.push(...page);
        cursor = body.next as unknown as string | null;
      } while (cursor !== null);
      return items;
    }

    const sum = (texts: readonly string[]) =>
      formatAmount(texts.reduce((total, text) => total + (parseAmount(text) ?? 0n), 0n) as Amount);
    const lineNo = (chargeKey: string, cell = "", of: readonly Line[] = lines) =>
      1 + of.findIndex((line) => line.chargeKey === chargeKey && line.cell === cell);

    test("quantities and amounts of what it counted add up to each charge", async () => {
      const charges = lines.filter((line) => line.kind === "charge");
      assert.equal(charges.length, 6);
      for (const { chargeKey, cell, quantity, amountExact } of charges) {
        const items = await itemsOf(id, lineNo(chargeKey, cell));
        assert.equal(sum(items.map((item) => item.quantity)), quantity, chargeKey);
        assert.equal(sum(items.map((item) => item.amount)), amountExact, chargeKey);
        assert.ok(items.every((item) => !item.changedAfterClose));
      }
    });

    test("what a free tier took is behind the line too", async () => {
      const items = await itemsOf(id, lineNo("tools"));
      assert.equal(items.length, 12);
      assert.equal(items.filter((item) => item.amount === "0").length, 3);
    });

    test("pages of any size show each item once, in one order", async () => {
      for (const [chargeKey, cell] of [["tools"], ["done"], ["run"], ["cells", "fast"]] as const) {
        const all = await itemsOf(id, lineNo(chargeKey, cell));
        for (const limit of [1, 2, 3, 5]) {
          assert.deepEqual(await itemsOf(id, lineNo(chargeKey, cell), limit), all);
        }
      }
    });

    test("a cap leads to the runs that it took from", async () => {
      const at = lines.findIndex((line) => line.kind === "run_cap");
      const items = await itemsOf(id, at + 1);
      assert.deepEqual(items.map((item) => `${item.kind} ${item.run}`).sort(), [
        "run r1",
        "run r3",
      ]);
      assert.equal(sum(items.map((item) => item.amount)), lines[at]?.amountExact);
      assert.equal(sum(items.map((item) => item.quantity)), lines[at]?.quantity);
    });

    test("lines of the whole statement have nothing behind them", async () => {
      const minimum = 1 + lines.findIndex((line) => line.kind === "minimum");
      assert.deepEqual(await itemsOf(id, minimum), []);
    });

    test("pages of a run with many steps show each once, in one order", async () => {
      const ids = Array.from({ length: 1_050 }, (_, index) => `long ${index}`);
      const [first] = eventsOf("long");
      const sent = ids.map((one) => ({ ...first, id: one, customer: "long" }));
      await desk.ok("POST", "/v1/events", sent.slice(0, 1_000));
      await desk.ok("POST", "/v1/events", sent.slice(1_000));
      const close = { period: "2026-11", customer: "long", early: true };
      const { body } = await desk.ok("POST", "/v1/periods/close", close);
      const statement = String((body.statements as unknown as { id: string }[])[0]?.id);
      const line = lineNo("tools", "", await linesOf(statement));
      const all = await itemsOf(statement, line);
      assert.deepEqual(all.map((item) => item.id).sort(), ids.sort());
      for (const limit of [150, 400]) {
        assert.deepEqual(await itemsOf(statement, line, limit), all);
      }
      const path = `/v1/statements/${statement}/lines/${line}/steps`;
      for (const cursor of ["end+ x", "end+ [1]", 'end+ ["long","sdk"]', "end+ []"]) {
        const query = new URLSearchParams({ cursor });
        assertProblem(await desk.ask("GET", `${path}?${query}`), "field.invalid", "cursor");
      }
    });

    test("a line that is not there, or a cursor of nobody's, is told", async () => {
      const ask = (path: string) => desk.ask("GET", `/v1/statements/${path}`);
      assertProblem(await ask(`${id}/lines/99/steps`), "statement.line_not_found");
      assertProblem(await ask(`${id}/lines/0/steps`), "field.invalid", "line");
      assertProblem(await ask("st_no/lines/1/steps"), "statement.not_found");
      assertProblem(await ask(`${id}/lines/1/steps?cursor=x`), "field.invalid", "cursor");
    });

    test("what came or changed after the close is marked, or behind the adjustment", async () => {
      const bounded = lines.filter(({ kind }) => kind === "charge" || kind === "run_cap");
      const behind = () => Promise.all(bounded.map((line) => itemsOf(id, 1 + lines.indexOf(line))));
      const before = await behind();
      const late = ["late 1", "late 2"].map((name) => ({ ...eventsOf("r2")[3], id: name }));
      const voided = { type: "step.voided", id: "void", run: "r3", target: { id: "r3 e3" } };
      const occurredAt = "2026-11-19T00:00:00Z";
      const amended = { type: "step.amended", id: "a", run: "r2", target: { id: "r2 e2" } };
      const reversed = { type: "outcome.reversed", id: "back", run: "r1", key: "t" };
      const why = { reason: "test", occurredAt };
      const later = [
        voided,
        { ...amended, kind: "tool", tool: "slow", usage: { seconds: 90 } },
        reversed,
      ];
      const sent = [...late, ...later.map((event) => ({ ...event, ...why }))];
      const { body } = await desk.ok("POST", "/v1/events", sent);
      const results = body.results as unknown as { status: string }[];
      assert.ok(
        results.every(({ status }) => status === "accepted"),
        JSON.stringify(results),
      );
      const now = await behind();
      const unmarked = now.map((items) =>
        items.map((item) => ({ ...item, changedAfterClose: false })),
      );
      assert.deepEqual(unmarked, before, "as it was billed, so it adds up to the line for ever");
      const changed = now.flat().filter((item) => item.changedAfterClose);
      const named = new Set(changed.map((item) => item.id ?? item.run));
      assert.deepEqual([...named].sort(), ["r1", "r2 e2", "r3", "r3 e3", "t"]);
      const next = await closed("2026-12");
      const adjusted = await linesOf(next);
      const line = lineNo("tools", "", adjusted);
      const bookings = await itemsOf(next, line);
      assert.deepEqual(new Set(bookings.map((item) => item.kind)), new Set(["booking"]));
      assert.equal(sum(bookings.map((item) => item.amount)), adjusted[line - 1]?.amountExact);
      // An amended step is taken off as it was and put on as it is.
      const twice = ["r2 e2 amended", "r2 e2 amended"];
      const reasons = bookings.map((item) => `${item.id} ${item.reason}`);
      assert.deepEqual(reasons, [
        "late 1 late_event",
        "late 2 late_event",
        "r3 e3 voided",
        ...twice,
      ]);
      assert.deepEqual(await itemsOf(next, line, 1), bookings);
    });
  });
}
