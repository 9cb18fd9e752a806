/** What was known, over HTTP: runs, usage, projections, bills and statements as of an instant. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { openDesk } from "./billing-desk.ts";

const RUN = `/v1/runs/${encodeURIComponent("run of acme")}`;
const FIRST = "2026-11-10T12:00:00Z";
const SECOND = "2026-11-20T12:00:00Z";
const CLOSED = "2026-12-02T12:00:00Z";
const LATE = "2026-12-05T12:00:00Z";

/** Of the answers, what these tests look at. */
interface Told {
  readonly rows: readonly { readonly charge: string }[];
  readonly totals: { readonly own: { readonly steps: number } };
  readonly currentExact: string;
  readonly now: string;
  readonly statement: string | null;
  readonly document: { readonly total: string };
  readonly statements: readonly unknown[];
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`as of an instant (${kind})`, () => {
    test("everything is told as it was known, before and after the close", async () => {
      const desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      const at = (instant: string) => {
        desk.clock.now = Date.parse(instant);
      };
      const get = async (path: string): Promise<Told> =>
        JSON.parse((await desk.ok("GET", path)).text);
      at(FIRST);
      await desk.steps("acme", "2026-11-10", 2);
      at(SECOND);
      await desk.steps("acme", "2026-11-11", 4);
      at(CLOSED);
      await desk.ok("POST", "/v1/periods/close", { period: "2026-11", customer: "acme" });
      at(LATE);
      await desk.steps("acme", "2026-11-12", 8);
      desk.clock.now += 86_400_000;

      const charges = [];
      for (const instant of ["2026-11-10T11:59:59Z", FIRST, SECOND, CLOSED, LATE]) {
        const { rows } = await get(`/v1/usage?customer=acme&asOf=${instant}`);
        charges.push(rows[0]?.charge ?? "nothing");
      }
      assert.deepEqual(charges, ["nothing", "0.03", "0.09", "0.09", "0.21"]);

      assert.equal((await get(`${RUN}?asOf=${FIRST}`)).totals.own.steps, 2);
      assert.equal((await get(`${RUN}?asOf=2026-11-30T13:00:00%2B01:00`)).totals.own.steps, 6);
      const before = await desk.ask("GET", `${RUN}?asOf=2026-11-10T11:00:00Z`);
      assertProblem(before, "run.not_found");

      const projection = await get(`/v1/customers/acme/projection?asOf=${FIRST}`);
      assert.equal(projection.currentExact, "0.03");
      assert.equal(projection.now, "2026-11-10T12:00:00.000Z");

      const bill = async (instant: string) => {
        const path = `/v1/customers/acme/bill?period=2026-11-01&asOf=${instant}`;
        const { statement, document } = await get(path);
        return [statement !== null, document.total];
      };
      assert.deepEqual(await bill(FIRST), [false, "0.03"]);
      assert.deepEqual(await bill(SECOND), [false, "0.09"]);
      assert.deepEqual(await bill(LATE), [true, "0.09"], "a closed statement never changes");
      const december = `/v1/customers/acme/bill?asOf=${LATE}`;
      assert.equal((await get(december)).document.total, "0.12", "late usage is an adjustment");

      assert.equal((await get(`/v1/statements?asOf=${SECOND}`)).statements.length, 0);
      assert.equal((await get(`/v1/statements?asOf=${CLOSED}`)).statements.length, 1);
      await desk.verify();
      await desk.server.stop();
    });

    test("listings and what is behind a line are told as they were known", async () => {
      const desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      desk.clock.now = Date.parse(FIRST);
      await desk.steps("acme", "2026-11-10", 2);
      desk.clock.now = Date.parse(CLOSED);
      await desk.ok("POST", "/v1/periods/close", { period: "2026-11", customer: "acme" });
      desk.clock.now = Date.parse(LATE);
      const { body } = await desk.ok("GET", "/v1/statements");
      const statement = String((body.statements as unknown as { id: string }[])[0]?.id);
      const who = { reason: "asked", by: "anna" };
      const notes = `/v1/statements/${statement}/credit-notes`;
      await desk.ok("POST", notes, { ...who, lines: [{ line: 1, amount: "0.01" }] });
      await desk.ok("POST", "/v1/goodwill", { ...who, customer: "acme", amount: "1" });
      const line = { statement, line: 1, amount: "0.01" };
      await desk.ok("POST", "/v1/disputes", { ...who, ...line, id: "d" });
      const voided = { type: "step.voided", id: "v", run: "run of acme", target: { id: "e1" } };
      await desk.ok("POST", "/v1/events", [{ ...voided, ...who, by: undefined, occurredAt: LATE }]);
      desk.clock.now += 86_400_000;
      await desk.ok("POST", "/v1/disputes/d/resolve", { ...who, favor: "us" });
      desk.clock.now += 1;

      const told = async (instant: string) => {
        const at = `asOf=${instant}`;
        const counted = [];
        for (const [path, list] of [
          [notes, "creditNotes"],
          ["/v1/goodwill", "goodwill"],
          ["/v1/disputes?open=true", "disputes"],
        ] as const) {
          const query = path.includes("?") ? `&${at}` : `?${at}`;
          const answer = await desk.ok("GET", `${path}${query}`);
          counted.push((answer.body[list] as unknown as object[]).length);
        }
        const lines = await desk.ok("GET", `/v1/statements/${statement}/lines/1/steps?${at}`);
        const items = lines.body.items as unknown as { changedAfterClose: boolean }[];
        return [...counted, items.map((item) => (item.changedAfterClose ? "changed" : "plain"))];
      };
      assert.deepEqual(await told(CLOSED), [0, 0, 0, ["plain", "plain"]]);
      assert.deepEqual(await told(LATE), [1, 1, 1, ["changed", "plain"]], "as it was billed");
      assert.deepEqual(await told("2026-12-06T12:00:00Z"), [1, 1, 0, ["changed", "plain"]]);
      for (const path of [notes, `/v1/statements/${statement}/lines/1/steps`]) {
        assertProblem(await desk.ask("GET", `${path}?asOf=${FIRST}`), "statement.not_found");
        assertProblem(await desk.ask("GET", `${path}?asOf=2030-01-01T00:00:00Z`), "asof.future");
      }
      await desk.server.stop();
    });

    test("an instant that cannot be answered is refused, never guessed", async () => {
      const desk = await openDesk(kind, { at: FIRST });
      await desk.steps("acme", "2026-11-10", 1);
      const ask = (asOf: string) => desk.ask("GET", `/v1/usage?asOf=${asOf}`);
      assertProblem(await ask("2026-11-10T12:00:00.001Z"), "asof.future");
      assertProblem(await ask("yesterday"), "field.invalid");
      assertProblem(await ask("2026-02-30T12:00:00Z"), "field.invalid");
      assertProblem(await ask("1999-01-01T00:00:00Z"), "field.out_of_range");
      assert.equal((await ask(FIRST)).status, 200);
      const nobody = await desk.ask("GET", `/v1/customers/no/bill?asOf=${FIRST}`);
      assertProblem(nobody, "customer.not_found");
      const noPeriod = await desk.ask("GET", "/v1/customers/acme/bill?period=2026-11-02");
      assertProblem(noPeriod, "field.invalid");
      await desk.server.stop();
    });
  });
}
