/** However many workspaces nodes work on, each remembers of them what it has room for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { NOW_MS, step } from "../../engine/commit/engine-world.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { runRow } from "../sample-rows-contract.ts";
import { KnownRows } from "./known-rows.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

const WORKSPACES = Array.from({ length: 40 }, (_, no) => `w${no}`);
const RUNS = ["r1", "r2", "r3", "r4"];
const FIRST_ROUNDS = 4;
const ROUNDS = 4;

/** How many statements ask for margins, their alerts or customers while it works. */
async function looksIn(work: () => Promise<void>): Promise<number> {
  const look = /^\s*SELECT.* FROM (journal|rollups|customers) /s;
  return (await sentIn(work)).filter(({ text }) => look.test(text)).length;
}

test("two nodes on forty workspaces in turns look at no customer again", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const stores = [await open(), await open()];
  const engines = stores.map((store) => composeEngine(store, { clock: { nowMs: () => NOW_MS } }));
  for (const workspace of WORKSPACES) await stores[0]?.createWorkspace(workspace);
  const round = async (no: number) => {
    for (const workspace of WORKSPACES) {
      const steps = RUNS.map((run) => step({ run, id: `s${no}`, customer: `of-${run}` }));
      await engines[no % 2]?.ingest(workspace, steps);
    }
  };
  const rounds = async (from: number, to: number) => {
    for (let no = from; no < to; no += 1) await round(no);
  };
  const first = await looksIn(() => rounds(0, FIRST_ROUNDS));
  assert.ok(first >= WORKSPACES.length, `${first} looks at first: they are counted`);
  const looks = await looksIn(() => rounds(FIRST_ROUNDS, FIRST_ROUNDS + ROUNDS));
  assert.equal(looks, 0);
  for (const workspace of WORKSPACES) {
    for (const id of RUNS) {
      const run = await stores[1]?.run(workspace, id);
      assert.equal(run?.tree.steps, FIRST_ROUNDS + ROUNDS);
    }
  }
  for (const store of stores) await store.close();
});

test("a workspace that others leave no room for is read again", async () => {
  const known = new KnownRows(200_000);
  const commit = { place: "here", commits: 1, digest: "d" };
  const noMore = async () => [];
  const knowsRun = async (ws: number) => {
    const rows = await known.asOf(ws, commit, noMore);
    return rows.runs(["r1"]).found.length === 1;
  };
  const learn = async (ws: number, count: number) => {
    const ids = Array.from({ length: count }, (_, no) => `r${no}`);
    const runs = ids.map((id) => ({ run: runRow({ id }), month: 0 }));
    (await known.asOf(ws, commit, noMore)).learnRuns(runs, ids);
    await known.asOf(ws, commit, noMore);
  };
  await learn(1, 100);
  await learn(2, 100);
  assert.deepEqual([await knowsRun(1), await knowsRun(2)], [true, true]);
  // What weighs too much is kept alone, while it is used.
  await learn(3, 1_000);
  assert.deepEqual([await knowsRun(3), await knowsRun(2), await knowsRun(1)], [true, false, false]);
});
