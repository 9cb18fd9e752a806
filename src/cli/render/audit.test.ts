import assert from "node:assert/strict";
import { test } from "node:test";
import { renderAudit } from "./audit.ts";

test("a pause tells times as times, and nothing in scales of the engine", () => {
  const stop = {
    ...{ of: "run", id: "r1", mode: "pause" },
    budget: { budgetId: 7, scope: "acme", free: "500000000000000000000000000000000" },
    stoppedAtMs: Date.UTC(2026, 10, 27, 10, 5),
  };
  const entry = {
    ...{ seq: 9, at: "2026-11-27T10:05:00.000Z", kind: "work.stopped", subject: "r1" },
    ...{ by: "tollgate", key: null, reason: "budget day", before: null, after: stop },
  };
  assert.deepEqual(renderAudit([entry]), [
    "2026-11-27 10:05:00  work.stopped  r1  by tollgate: budget day",
    "  + of: run",
    "  + id: r1",
    "  + mode: pause",
    "  + budget.scope: acme",
    "  + stoppedAtMs: 2026-11-27T10:05:00.000Z",
  ]);
});
