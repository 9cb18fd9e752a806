/** All or nothing, one after the other, for ever, and each workspace for itself. */

import assert from "node:assert/strict";
import { TollgateError } from "../domain/errors.ts";
import { counterOf } from "../domain/rating/counter.ts";
import type { Store } from "../engine/ports.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { forgetRows, read, sorted, write } from "./round-trip-contract.ts";
import {
  adjustmentRow,
  amount,
  callRow,
  conflictRow,
  counterRow,
  customerRow,
  journalRow,
  outcomeRow,
  rollupRow,
  runRow,
  statementRow,
  stepRow,
  suspendedRow,
  witnessRow,
  writesOf,
} from "./sample-rows-contract.ts";

/** One row of each kind; `mark` tells one workspace's rows from another's. */
const oneOfEach = (mark: number) => ({
  runs: [
    runRow({ id: "r1", lastSeenAtMs: mark }),
    runRow({ id: "r2", parent: "r1", height: mark }),
  ],
  steps: [stepRow({ id: "e1", source: `source ${mark}`, cost: amount(mark) })],
  customers: [customerRow({ id: "acme", createdAtMs: mark })],
  outcomes: [outcomeRow({ key: "done", charge: amount(mark) })],
  counters: [counterRow({ counter: counterOf([], amount(mark)) })],
  rollups: [rollupRow({ cost: amount(mark) })],
  calls: [callRow({ callId: "call", id: `e${mark}` })],
  witnesses: [witnessRow({ id: "w1", seq: mark })],
  suspended: [suspendedRow({ id: "s1", seq: mark })],
  conflicts: [conflictRow({ seq: mark })],
  adjustments: [adjustmentRow({ seq: mark })],
  periods: [{ customer: "acme", period: "2026-10-01", closedAtMs: mark, statementId: "st" }],
  statements: [statementRow({ id: "st", closedAtMs: mark })],
  journal: [journalRow({ seq: mark, id: "j1" })],
  head: { lastSeq: mark, digest: String(mark).repeat(64).slice(0, 64), committedAtMs: 0 },
});

/** Everything a workspace holds, as far as the port shows it. */
async function everything(store: Store, workspace: string) {
  const key = { customer: "acme", period: "2026-11-01" };
  const inside = await read(store, workspace, async (unit) => ({
    head: { ...(await unit.head()) },
    below: sorted(await unit.descendants("r1")),
    runs: sorted(await unit.runs(["r1", "r2"])),
    steps: sorted(await unit.stepsOfRun("r1")),
    suspended: await unit.suspendedOfRuns(["r1"]),
    conflicts: sorted(await unit.conflicts([{ run: "r1", source: "sdk", id: "e1" }])),
    calls: sorted(await unit.calls(["call"])),
    witnesses: await unit.witnessesOfCalls(["call"]),
    customers: await unit.customers(["acme"]),
    outcomes: await unit.outcomesOfRun("r1"),
    journal: await unit.journalled([{ run: "r1", source: "sdk", id: "j1" }]),
    counters: await unit.counters([key]),
    periods: await unit.periodsOf("acme"),
    adjustments: await unit.adjustments(key),
    silent: sorted(await unit.silentRuns(Number.MAX_SAFE_INTEGER, 10)),
  }));
  return {
    inside,
    runs: sorted(await store.listRuns(workspace, { limit: 10 })),
    rollups: await store.rollups(workspace, {}),
    statements: await store.listStatements(workspace),
    journal: await store.journal(workspace, 0, 10),
    suspended: await store.listSuspended(workspace, 10),
    conflicts: await store.listConflicts(workspace, 10),
    toBill: await store.periodsToBill(workspace, ""),
  };
}

async function checkFailedUnit({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, oneOfEach(1));
  const before = await everything(store(), workspace);
  const failure = new TollgateError("run.cycle", "on purpose");
  const failed = store().transact(workspace, async (unit) => {
    await everythingInUnit(unit);
    await unit.write(writesOf(oneOfEach(2)));
    throw failure;
  });
  await assert.rejects(failed, (error) => error === failure, "its error passes through");
  assert.deepEqual(await everything(store(), workspace), before);
  // What the failed unit was the first to name must not be half known now.
  await write(store(), workspace, oneOfEach(2));
  const steps = sorted(await store().stepsOfRun(workspace, "r1"));
  assert.deepEqual(
    steps.map((step) => step.source),
    ["source 1", "source 2"].sort(),
  );
}

/** Reads as the engine does, so that whatever a store remembers is filled. */
async function everythingInUnit(unit: Parameters<Parameters<Store["transact"]>[1]>[0]) {
  const key = { customer: "acme", period: "2026-11-01" };
  await unit.runs(["r1", "r2"]);
  await unit.stepsOfRun("r1");
  await unit.customers(["acme"]);
  await unit.counters([key]);
  await unit.periodsOf("acme");
}

async function checkSynchronousFailure({ store, workspace }: Scene): Promise<void> {
  await forgetRows(store(), workspace);
  const answer = await read(store(), workspace, () => 42);
  assert.equal(answer, 42, "the next unit works");
}

async function checkReadCommits({ store, workspace }: Scene): Promise<void> {
  const step = stepRow({ id: "e1" });
  await store().transact(workspace, async (unit) => {
    await unit.write(writesOf({ runs: [runRow({ id: "r1" })], steps: [step] }));
    assert.equal(await store().run(workspace, "r1"), undefined, "unseen before the commit");
    assert.deepEqual(await store().stepsOfRun(workspace, "r1"), []);
  });
  assert.deepEqual(await store().run(workspace, "r1"), runRow({ id: "r1" }));
  assert.deepEqual(await store().stepsOfRun(workspace, "r1"), [step]);
}

const OVERLAPPING = Array.from({ length: 20 }, (_, index) => index + 1);

async function increment(store: Store, workspace: string): Promise<void> {
  await store.transact(workspace, async (unit) => {
    const head = await unit.head();
    await new Promise((resolve) => setImmediate(resolve));
    await unit.write(writesOf({ head: { ...head, lastSeq: head.lastSeq + 1 } }));
  });
}

async function checkOneAfterTheOther({ store, workspace }: Scene): Promise<void> {
  await Promise.all(OVERLAPPING.map(() => increment(store(), workspace)));
  const { lastSeq } = await read(store(), workspace, (unit) => unit.head());
  assert.equal(lastSeq, OVERLAPPING.length);
}

async function checkOverlappingWorkspaces(scene: Scene): Promise<void> {
  const other = await scene.anotherWorkspace();
  const both = [scene.workspace, other];
  const units = OVERLAPPING.map((n) => increment(scene.store(), both[n % 2] ?? other));
  await Promise.all(units);
  for (const workspace of both) {
    const { lastSeq } = await read(scene.store(), workspace, (unit) => unit.head());
    assert.equal(lastSeq, OVERLAPPING.length / 2);
  }
}

/** A failure must not take along what was acknowledged beside it. */
async function checkBesideAFailure({ store, workspace, anotherWorkspace }: Scene): Promise<void> {
  const key = {
    id: `key of ${workspace}`,
    hash: `hash of ${workspace}`,
    workspace,
    scopes: ["read"] as const,
    label: "",
    createdAtMs: 1,
    revokedAtMs: null,
  };
  const failed = store().transact(workspace, async (unit) => {
    await unit.write(writesOf({ runs: [runRow({ id: "r1" })] }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("on purpose");
  });
  const saved = store().keyring.save(key);
  const made = anotherWorkspace();
  await assert.rejects(failed, /on purpose/);
  await saved;
  assert.deepEqual(await store().keyring.byHash(key.hash), key);
  const another = await made;
  assert.ok((await store().workspaces()).includes(another));
  assert.equal(await store().run(workspace, "r1"), undefined);
}

async function checkIsolation(scene: Scene): Promise<void> {
  const [store, workspace] = [scene.store(), scene.workspace];
  const other = await scene.anotherWorkspace();
  await write(store, workspace, oneOfEach(1));
  const own = await everything(store, workspace);
  await write(store, other, oneOfEach(2));
  await write(store, other, { runs: [runRow({ id: "r3", parent: "r1" })] });
  await write(store, other, {
    freedCalls: [callRow({ callId: "call" })],
    promoted: [witnessRow({ id: "w1" })],
    released: [suspendedRow({ id: "s1" })],
    rollups: [rollupRow({ cost: amount(40) })],
  });
  assert.deepEqual(await everything(store, workspace), own);
  const theirs = await everything(store, other);
  assert.equal(theirs.inside.steps[0]?.cost, amount(2));
  assert.equal(theirs.rollups[0]?.cost, amount(42));
  await forgetRows(store, workspace);
  assert.deepEqual(await everything(store, workspace), own);
}

async function checkNeighbourFails(scene: Scene): Promise<void> {
  const [store, workspace] = [scene.store(), scene.workspace];
  const step = stepRow({ id: "e1", cost: amount(3) });
  const own = { steps: 1, unpriced: 0, cost: amount(3), charge: amount(0) };
  await write(store, workspace, {
    runs: [runRow({ id: "r1", own, tree: own })],
    steps: [step],
    counters: [counterRow({ counter: counterOf([], amount(3)) })],
    rollups: [rollupRow({ steps: 1, cost: amount(3) })],
  });
  await forgetRows(store, await scene.anotherWorkspace());
  assert.deepEqual((await store.run(workspace, "r1"))?.own, own);
  assert.equal((await store.rollups(workspace, {}))[0]?.cost, amount(3));
  assert.equal((await store.countersOf(workspace, counterRow({})))[0]?.counter.amount, amount(3));
}

async function checkUnknownWorkspace({ store }: Scene): Promise<void> {
  const refusal = { code: "store.corrupt" };
  const unit = store().transact("nobody's", () => 1);
  await assert.rejects(unit, refusal);
  await assert.rejects(async () => store().run("nobody's", "r1"), refusal);
}

async function checkMadeTwice({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, oneOfEach(1));
  const before = await everything(store(), workspace);
  await store().createWorkspace(workspace);
  assert.deepEqual(await everything(store(), workspace), before);
}

async function checkRestart({ store, workspace, restart }: Scene): Promise<void> {
  await write(store(), workspace, oneOfEach(1));
  const before = await everything(store(), workspace);
  await restart();
  assert.deepEqual(await everything(store(), workspace), before);
  await write(store(), workspace, { rollups: [rollupRow({ cost: amount(1) })] });
  assert.equal((await store().rollups(workspace, {}))[0]?.cost, amount(2));
}

/** Promises about whole units. */
export const ATOMICITY: readonly Clause[] = [
  {
    name: "a unit that throws writes nothing, and its error passes through",
    check: checkFailedUnit,
  },
  {
    name: "work that throws at once fails like work that throws late",
    check: checkSynchronousFailure,
  },
  { name: "a read sees every commit and nothing before it", check: checkReadCommits },
  { name: "units of one workspace run one after the other", check: checkOneAfterTheOther },
  { name: "units of several workspaces may overlap", check: checkOverlappingWorkspaces },
  { name: "what is saved beside a failing unit stays", check: checkBesideAFailure },
  { name: "no workspace sees or touches another's rows of equal ids", check: checkIsolation },
  { name: "a failed unit costs no other workspace its totals", check: checkNeighbourFails },
  { name: "a workspace that was never made is refused", check: checkUnknownWorkspace },
  { name: "a workspace made twice keeps what it holds", check: checkMadeTwice },
  { name: "a restart loses nothing", check: checkRestart },
];
