import assert from "node:assert/strict";
import { test } from "node:test";
import { renderAudit } from "./audit.ts";

test("an instant is a time, whatever its name, and a duration is a number", () => {
  const was = { nowMs: Date.UTC(2026, 0, 1), everyMs: 60_000 };
  const is = { nowMs: Date.UTC(2026, 0, 2), everyMs: 90_000 };
  const entry = {
    ...{ seq: 9, at: "2026-01-02T00:00:00.000Z", kind: "clock.advanced", subject: "workspace" },
    ...{ by: "anna", key: null, reason: null, before: was, after: is },
  };
  assert.deepEqual(renderAudit([entry]), [
    "2026-01-02 00:00:00  clock.advanced  workspace  by anna",
    "  ~ nowMs: 2026-01-01T00:00:00.000Z → 2026-01-02T00:00:00.000Z",
    "  ~ everyMs: 60000 → 90000",
  ]);
});

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
