/** Who waits for a run hears of what no commit tells. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunState, RunStates } from "./hold-answers.ts";
import { WaitingRuns } from "./waiting-runs.ts";

const STOP = {
  ...({ of: "run", id: "r1", mode: "pause", by: "tollgate", reason: "budget b" } as const),
  budget: { budgetId: 1, scope: "r1", free: "0" },
  stoppedAtMs: 0,
};

const GOES_ON = { state: "running", stop: null, nextWindowInMs: null } as const;

/** The same state of each of these runs. */
function statesOf(runs: readonly string[], state: Omit<RunState, "run" | "budgets">): RunStates {
  return new Map(runs.map((run) => [run, { run, budgets: [], ...state }]));
}

test("A window that begins is told without a commit, and before the wait is over", async () => {
  let looks = 0;
  const waiting = new WaitingRuns(async (_workspace, runs) => {
    looks += 1;
    const paused = { state: "paused", stop: STOP, nextWindowInMs: 5 } as const;
    const running = { state: "running", stop: null, nextWindowInMs: null } as const;
    return statesOf(runs, looks === 1 ? paused : running);
  });
  const state = await waiting.wait("w", "r1", { timeoutMs: 600_000 });
  assert.deepEqual([state.state, looks], ["running", 2]);
  assert.equal(waiting.count, 0);
});

/** So many who wait for paused runs, and who was looked at in each turn since. */
async function manyWaiting(t: TestContext, count: number) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let looks: string[] = [];
  const waiting = new WaitingRuns(async (_workspace, runs) => {
    looks.push(...runs);
    return statesOf(runs, { state: "paused", stop: STOP, nextWindowInMs: null });
  });
  const leaving = new AbortController();
  const options = { timeoutMs: 600_000, signal: leaving.signal };
  const all = Array.from({ length: count }, (_, at) => waiting.wait("w", `r${at}`, options));
  const looksOfTurn = async (): Promise<string[]> => {
    looks = [];
    await nextTurn();
    const found = looks;
    looks = [];
    return found;
  };
  /** Lets so much time pass; who was looked at then, turn by turn. */
  const looksAfter = async (ms: number): Promise<number[]> => {
    t.mock.timers.tick(ms);
    const turns = [looks.length];
    while (turns.at(-1) !== 0 || turns.length < 3) turns.push((await looksOfTurn()).length);
    return turns.filter((one) => one > 0);
  };
  const leave = () => {
    leaving.abort();
    return Promise.all(all);
  };
  // Who comes is looked at, too, fifty in a turn.
  while ((await looksOfTurn()).length > 0);
  return { waiting, looksAfter, looksOfTurn, leave };
}

test("A commit has all who wait looked at, and others have a turn after fifty", async (t) => {
  const { waiting, looksAfter, leave } = await manyWaiting(t, 120);
  waiting.look("w");
  assert.deepEqual(await looksAfter(20), [50, 50, 20]);
  await leave();
});

test("A commit behind a rest has who waits looked at without waiting for any time", async (t) => {
  const { waiting, looksAfter, leave } = await manyWaiting(t, 60);
  waiting.look("w");
  assert.deepEqual(await looksAfter(0), [50, 10]);
  waiting.look("w");
  assert.deepEqual(await looksAfter(19), []);
  assert.deepEqual(await looksAfter(1), [50, 10]);
  await looksAfter(20);
  waiting.look("w");
  assert.deepEqual(await looksAfter(0), [50, 10]);
  await leave();
});

test("The more wait, the longer nobody is looked at again, whatever is committed", async (t) => {
  const { waiting, looksAfter, leave } = await manyWaiting(t, 700);
  waiting.look("w");
  assert.equal((await looksAfter(20)).length, 14);
  waiting.look("w");
  waiting.look("w");
  assert.deepEqual(await looksAfter(99), []);
  assert.equal((await looksAfter(1)).length, 14);
  assert.deepEqual(await looksAfter(1_000), []);
  await leave();
});

test("Who waits for the very run that is let go on is looked at at once", async (t) => {
  const { waiting, looksOfTurn, looksAfter, leave } = await manyWaiting(t, 700);
  const [turn] = [looksOfTurn()];
  waiting.look("w", "r5");
  assert.deepEqual(await turn, ["r5"]);
  assert.equal((await looksAfter(20)).length, 14);
  await leave();
});

test("However many wait for one run, it is looked at once, and all are told", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let [looks, stop]: [number, typeof STOP | null] = [0, STOP];
  const waiting = new WaitingRuns(async (_workspace, runs) => {
    looks += runs.length;
    const state = stop === null ? "running" : "paused";
    return statesOf(runs, { state, stop, nextWindowInMs: null });
  });
  const all = Array.from({ length: 1_000 }, () => waiting.wait("w", "r", { timeoutMs: 600_000 }));
  await nextTurn();
  [looks, stop] = [0, null];
  waiting.look("w");
  t.mock.timers.tick(20);
  const states = await Promise.all(all);
  assert.ok(states.every(({ state }) => state === "running"));
  assert.equal(looks, 1);
});

/** Times at which a workspace's commits are asked for in a second, where so many are waited for. */
async function commitsAsked(t: TestContext, workspaces: number): Promise<number> {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const state = { state: "paused", stop: STOP, nextWindowInMs: null } as const;
  const waiting = new WaitingRuns(
    async (_workspace, runs) => statesOf(runs, state),
    async (workspace) => {
      if (workspace === "w0") asked += 1;
      return 1;
    },
  );
  const leaving = new AbortController();
  const options = { timeoutMs: 600_000, signal: leaving.signal };
  const names = Array.from({ length: workspaces }, (_, at) => `w${at}`);
  const all = names.map((workspace) => waiting.wait(workspace, "r", options));
  for (let ms = 0; ms < 1_000; ms += 20) {
    await nextTurn();
    t.mock.timers.tick(20);
  }
  leaving.abort();
  await Promise.all(all);
  return asked;
}

test("Other nodes' commits are asked for the less often, the more workspaces wait", async (t) => {
  assert.equal(await commitsAsked(t, 1), 26);
  t.mock.timers.reset();
  assert.equal(await commitsAsked(t, 100), 11);
});

test("A run that is gone fails those who wait for it, and nobody else", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let known = ["r1", "r2"];
  const waiting = new WaitingRuns(async (_workspace, runs) => {
    const seen = runs.filter((run) => known.includes(run));
    const states = statesOf(seen, { state: "paused", stop: STOP, nextWindowInMs: null });
    return known.length === 2 ? states : statesOf(seen, { ...GOES_ON });
  });
  const all = ["r1", "r2"].map((run) => waiting.wait("w", run, { timeoutMs: 600_000 }));
  await nextTurn();
  await nextTurn();
  known = ["r2"];
  waiting.look("w");
  t.mock.timers.tick(20);
  const told = await Promise.allSettled(all);
  assert.deepEqual(
    told.map((one) => (one.status === "fulfilled" ? one.value.state : String(one.reason))),
    ['TollgateError: There is no run "r1".', "running"],
  );
});
