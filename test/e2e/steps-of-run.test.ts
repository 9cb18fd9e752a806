/** The steps of a run over HTTP: all of them by pages, and a run without them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const CARD = {
  key: "k",
  currency: "USD",
  charges: [
    { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "0.25" } },
  ],
};

interface StepPage {
  readonly steps: readonly { readonly id: string; readonly charge: string }[];
  readonly next: string | null;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`steps of a run (${kind})`, () => {
    let desk: Desk;
    before(async () => {
      desk = await openDesk(kind, { at: "2026-11-01T00:00:00Z", card: CARD });
      const events = Array.from({ length: 25 }, (_, at) => ({
        ...{ id: `e${at}`, source: "sdk", run: "run/1", customer: "acme", kind: "tool", tool: "t" },
        ...{ occurredAt: "2026-11-01T00:00:00Z", usage: {} },
      }));
      await desk.ok("POST", "/v1/events", events);
    });
    after(async () => {
      await desk.verify();
      await desk.server.stop();
    });

    const path = "/v1/runs/run%2F1";

    test("every step stands on one page, with its charge", async () => {
      const ids: string[] = [];
      let query = "";
      for (;;) {
        const { body } = await desk.ok("GET", `${path}/steps?limit=10${query}`);
        const { steps, next } = body as unknown as StepPage;
        for (const { id, charge } of steps) ids.push(`${id} ${charge}`);
        if (next === null) break;
        query = `&cursor=${encodeURIComponent(next)}`;
      }
      const wanted = Array.from({ length: 25 }, (_, at) => `e${at} 0.25`);
      assert.deepEqual(ids.toSorted(), wanted.toSorted());
    });

    test("a run without its steps tells all else", async () => {
      const { body: whole } = await desk.ok("GET", path);
      const { body: bare } = await desk.ok("GET", `${path}?steps=false`);
      const { steps, ...rest } = whole as unknown as { readonly steps: readonly unknown[] };
      assert.equal(steps.length, 25);
      assert.deepEqual(bare, rest);
    });

    test("a cursor that is no `next` is refused, and so is an unknown run", async () => {
      for (const cursor of ["x", "[]", '["a"]', "[1,2]", "{}", "null"]) {
        const asked = `${path}/steps?cursor=${encodeURIComponent(cursor)}`;
        assertProblem(await desk.ask("GET", asked), "field.invalid", "cursor");
      }
      assertProblem(await desk.ask("GET", "/v1/runs/nobody/steps"), "run.not_found");
    });
  });
}
