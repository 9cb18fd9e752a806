/** Who waits for a run hears of what no commit tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunState } from "./hold-answers.ts";
import { WaitingRuns } from "./waiting-runs.ts";

const STOP = {
  ...({ of: "run", id: "r1", mode: "pause", by: "tollgate", reason: "budget b" } as const),
  budget: { budgetId: 1, scope: "r1", free: "0" },
  stoppedAtMs: 0,
};

test("A window that begins is told without a commit, and before the wait is over", async () => {
  let looks = 0;
  const waiting = new WaitingRuns(async (_workspace, run): Promise<RunState> => {
    looks += 1;
    const paused = { state: "paused", stop: STOP, nextWindowInMs: 5 } as const;
    const running = { state: "running", stop: null, nextWindowInMs: null } as const;
    return { run, budgets: [], ...(looks === 1 ? paused : running) };
  });
  const state = await waiting.wait("w", "r1", { timeoutMs: 600_000 });
  assert.deepEqual([state.state, looks], ["running", 2]);
  assert.equal(waiting.count, 0);
});
