/** Lists of bills and of what people have done are read by pages: each row once, in one order. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed", by: "anna" };
const CUSTOMERS = ["a", "b", "c", "d", "e"];

interface Summary {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly replaces: string | null;
  readonly replacedBy: string | null;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`lists by pages (${kind})`, () => {
    let desk: Desk;
    let beforeReissue = "";

    before(async () => {
      desk = await openDesk(kind, { at: "2026-11-10T00:00:00Z" });
      for (const customer of CUSTOMERS) await desk.steps(customer, "2026-11-05", 3);
      desk.clock.now = Date.parse("2026-12-10T00:00:00Z");
      for (const customer of CUSTOMERS) await desk.steps(customer, "2026-12-05", 2);
      for (const period of ["2026-11", "2026-12"]) {
        await desk.ok("POST", "/v1/periods/close", { period, early: true });
      }
      beforeReissue = new Date(desk.clock.now).toISOString();
      for (const customer of ["a", "c", "c"]) {
        desk.clock.now += 1_000;
        const standing = (await listed()).find(
          (one) => one.customer === customer && one.period < "2026-12" && one.replacedBy === null,
        );
        await desk.ok("POST", `/v1/statements/${standing?.id}/reissue`, WHO);
      }
    });
    after(() => desk.server.stop());

    async function pagesOf<T>(path: string, field: string, limit: number): Promise<T[]> {
      const rows: T[] = [];
      let cursor: unknown = null;
      do {
        const from = cursor === null ? "" : `&cursor=${encodeURIComponent(`${cursor}`)}`;
        const { body } = await desk.ok("GET", `${path}limit=${limit}${from}`);
        const page = body[field] as unknown as readonly T[];
        assert.ok(page.length <= limit);
        rows.push(...page);
        cursor = body.next;
      } while (cursor !== null);
      return rows;
    }

    const listed = (limit = 1_000, query = "") =>
      pagesOf<Summary>(`/v1/statements?${query}`, "statements", limit);

    test("statements of all pages are the list, latest period first", async () => {
      const all = await listed();
      assert.deepEqual(
        all.map(({ customer, period }) => `${period.slice(0, 7)} ${customer}`),
        [
          ...CUSTOMERS.map((customer) => `2026-12 ${customer}`),
          ...["a", "a", "b", "c", "c", "c", "d", "e"].map((customer) => `2026-11 ${customer}`),
        ],
      );
      for (const limit of [1, 2, 3, 5, 13]) assert.deepEqual(await listed(limit), all);
      const ofC = all.filter(({ customer }) => customer === "c");
      assert.deepEqual(await listed(2, "customer=c&"), ofC);
    });

    test("what replaced a statement is told wherever a page ends", async () => {
      const chain = (await listed(1)).filter(
        (one) => one.customer === "c" && one.period < "2026-12",
      );
      assert.deepEqual(
        chain.map(({ replaces, replacedBy }) => [replaces, replacedBy]),
        [
          [chain[1]?.id, null],
          [chain[2]?.id, chain[0]?.id],
          [null, chain[1]?.id],
        ],
      );
      for (const one of await listed()) {
        const { body } = await desk.ok("GET", `/v1/statements/${one.id}`);
        assert.deepEqual([body.replaces, body.replacedBy], [one.replaces, one.replacedBy]);
      }
    });

    test("pages as of an instant know nothing of what was issued again later", async () => {
      const then = await listed(3, `asOf=${beforeReissue}&`);
      assert.deepEqual(
        then.map(({ customer }) => customer),
        [...CUSTOMERS, ...CUSTOMERS],
      );
      assert.ok(then.every(({ replaces, replacedBy }) => replaces === null && replacedBy === null));
    });

    test("a cursor of another listing is refused", async () => {
      const [first] = await listed(1, "customer=a&");
      for (const query of ["cursor=st_no", `customer=b&cursor=${first?.id}`]) {
        assertProblem(await desk.ask("GET", `/v1/statements?${query}`), "field.invalid", "cursor");
      }
      for (const list of ["goodwill", "disputes", "invoices", "changes", "suspense", "conflicts"]) {
        assertProblem(await desk.ask("GET", `/v1/${list}?cursor=x`), "field.invalid", "cursor");
      }
    });

    test("acts of people are told by pages, also of one customer among others", async () => {
      for (const [index, customer] of [...CUSTOMERS, "a", "b"].entries()) {
        await desk.ok("POST", "/v1/goodwill", { ...WHO, id: `g${index}`, customer, amount: "1" });
      }
      type Given = { readonly id: string };
      const given = (limit: number, query = "") =>
        pagesOf<Given>(`/v1/goodwill?${query}`, "goodwill", limit);
      const ids = (rows: readonly Given[]) => rows.map(({ id }) => id).join(" ");
      for (const limit of [1, 2, 100]) {
        assert.equal(ids(await given(limit)), "g0 g1 g2 g3 g4 g5 g6");
        assert.equal(ids(await given(limit, "customer=a&")), "g0 g5");
      }
      const standing = (await listed()).filter((one) => one.replacedBy === null);
      for (const [index, { id: statement }] of standing.slice(0, 4).entries()) {
        await desk.ok("POST", "/v1/disputes", { ...WHO, id: `d${index}`, statement, line: 1 });
      }
      await desk.ok("POST", "/v1/disputes/d1/resolve", { ...WHO, favor: "us" });
      const disputed = (limit: number, query = "") =>
        pagesOf<Given>(`/v1/disputes?${query}`, "disputes", limit);
      for (const limit of [1, 3, 100]) {
        assert.equal(ids(await disputed(limit)), "d0 d1 d2 d3");
        assert.equal(ids(await disputed(limit, "open=true&")), "d0 d2 d3");
        assert.equal(ids(await disputed(limit, "open=false&customer=b&")), "d1");
      }
      const rows = [{ provider: "p", model: "m", day: "2026-11-01", amount: "1.00" }];
      for (const id of ["i1", "i2", "i3"]) {
        await desk.ok("POST", "/v1/invoices", { id, currency: "USD", rows });
      }
      assert.equal(ids(await pagesOf<Given>("/v1/invoices?", "invoices", 2)), "i1 i2 i3");
    });

    test("what waits or is at odds is told by pages", async () => {
      const step = (id: string, run: string, some: object = {}) => {
        return { id, run, kind: "tool", tool: "t", occurredAt: "2026-12-06T00:00:00Z", ...some };
      };
      const ids = ["w1", "w2", "w3", "w4", "w5"];
      await desk.ok(
        "POST",
        "/v1/events",
        ids.map((id) => step(id, "nobody's")),
      );
      type Row = { readonly id: string };
      for (const limit of [1, 2, 5, 9]) {
        const waiting = await pagesOf<Row>("/v1/suspense?", "events", limit);
        assert.deepEqual(
          waiting.map(({ id }) => id),
          ids,
        );
      }
      for (const seconds of [1, 2]) {
        const some = { customer: "a", usage: { seconds } };
        await desk.ok(
          "POST",
          "/v1/events",
          ids.map((id) => step(id, "two", some)),
        );
      }
      for (const limit of [1, 2, 5, 9]) {
        const open = await pagesOf<Row>("/v1/conflicts?", "conflicts", limit);
        assert.deepEqual(
          open.map(({ id }) => id),
          ids,
        );
      }
    });

    test("holds of a run are told by pages, newest first", async () => {
      type Held = { readonly id: string };
      const path = "/v1/runs/holding/holds";
      const opening = { type: "run.opened", id: "o", run: "holding", customer: "a" };
      const occurredAt = "2026-12-06T00:00:00Z";
      await desk.ok("POST", "/v1/events", [{ ...opening, occurredAt }]);
      for (const ids of [["h1", "h2"], ["h3"], ["h4", "h5"]]) {
        desk.clock.now += 1_000;
        const holds = ids.map((id) => ({ id, kind: "tool", tool: "t", cost: "0.10" }));
        await desk.ok("POST", path, { holds });
      }
      for (const limit of [1, 2, 3, 1_000]) {
        const held = await pagesOf<Held>(`${path}?`, "holds", limit);
        assert.deepEqual(
          held.map(({ id }) => id),
          ["h4", "h5", "h3", "h1", "h2"],
        );
      }
      for (const cursor of ["x", "[]", '["a","b","c"]', '["1","b"]', '["1","b","c","d"]']) {
        const asked = await desk.ask("GET", `${path}?cursor=${encodeURIComponent(cursor)}`);
        assertProblem(asked, "field.invalid", "cursor");
      }
    });

    test("everything on disk adds up", () => desk.verify());
  });
}
