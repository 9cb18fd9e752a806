/** The projection of a period under way is what closing it now would bill, stretched. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { openDesk } from "./billing-desk.ts";

for (const kind of ["memory", "sqlite"] as const) {
  describe(`a projection (${kind})`, () => {
    test("moves with the clock and the usage, and ends with the period", async () => {
      const desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z" });
      const project = async () => (await desk.ok("GET", "/v1/customers/acme/projection")).body;
      const nobody = await desk.ask("GET", "/v1/customers/no/projection");
      assertProblem(nobody, "customer.not_found");
      await desk.ok("PUT", "/v1/customers/acme", { name: "Acme" });
      assert.equal((await project()).projectedTotal, null);
      await desk.steps("acme", "2026-11-01", 4);
      desk.clock.now = Date.parse("2026-11-11T00:00:00Z");
      const third = await project();
      assert.equal(third.currentExact, "0.06");
      assert.equal(third.elapsedShare, "0.333333");
      assert.equal(third.projectedCharges, "0.18");
      assert.equal(third.projectedTotal, "0.18");
      assert.equal(third.period, "2026-11-01");
      await desk.steps("acme", "2026-11-10", 4);
      assert.equal((await project()).projectedTotal, "0.36");
      const close = { period: "2026-11", customer: "acme", early: true };
      await desk.ok("POST", "/v1/periods/close", close);
      const closed = await desk.ask("GET", "/v1/customers/acme/projection");
      assertProblem(closed, "period.closed");
      await desk.server.stop();
    });

    test("a bill is of the period that starts on a date, or in a month", async () => {
      const desk = await openDesk(kind, { at: "2026-11-02T00:00:00Z" });
      const settings = { timeZone: "Pacific/Auckland", anchorDay: 31 };
      await desk.ok("PUT", "/v1/customers/acme", settings);
      const path = (period: string) => `/v1/customers/acme/bill?period=${period}`;
      for (const [asked, start] of [
        ["2026-10", "2026-10-31"],
        ["2026-11", "2026-11-30"],
        ["2027-02", "2027-02-28"],
        ["2026-11-30", "2026-11-30"],
      ] as const) {
        assert.equal((await desk.ok("GET", path(asked))).body.period, start);
      }
      const other = await desk.ask("GET", path("2026-11-01"));
      assertProblem(other, "field.invalid", "period");
      assert.match(String(other.body.detail), /starts on 2026-11-01; one starts on 2026-11-30\./);
      for (const none of ["2026-02-31", "2026-13", "2026"]) {
        assertProblem(await desk.ask("GET", path(none)), "field.invalid", "period");
      }
      await desk.server.stop();
    });
  });
}
