/** What a unit of work finds, and how its writes meet the rows that are there. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Amount, Quantity } from "../domain/money/decimal.ts";
import { type Counter, counterOf } from "../domain/rating/counter.ts";
import { addRollup } from "../domain/run/rollup.ts";
import { CHAIN_START } from "../engine/commit/seal.ts";
import type { ProvisionalFilter } from "../engine/ports.ts";
import { anyAmount } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { forgetRows, read, sorted, write } from "./round-trip-contract.ts";
import {
  adjustmentRow,
  amount,
  callRow,
  conflictRow,
  counterRow,
  journalRow,
  outcomeRow,
  rollupRow,
  runRow,
  stepRow,
  suspendedRow,
  witnessRow,
} from "./sample-rows-contract.ts";

async function checkAbsent({ store, workspace }: Scene): Promise<void> {
  const steps = [stepRow({ id: "e1" })];
  await write(store(), workspace, { runs: [runRow({ id: "r1" })], steps });
  await read(store(), workspace, async (unit) => {
    const gone = [
      { run: "r1", source: "sdk", id: "e2" },
      { run: "r2", source: "sdk", id: "e1" },
    ];
    assert.deepEqual(await unit.steps([...gone, ...steps]), steps);
    assert.deepEqual(await unit.runs(["r2"]), []);
    assert.deepEqual(await unit.steps([]), []);
    assert.deepEqual(await unit.runs([]), []);
    assert.deepEqual(await unit.calls([]), []);
    assert.deepEqual(await unit.counters([]), []);
    assert.deepEqual(await unit.outcomes([{ run: "r1", key: "none" }]), []);
    assert.deepEqual(await unit.stepsOfRun("r2"), []);
  });
}

async function checkAskedTwice({ store, workspace }: Scene): Promise<void> {
  const step = stepRow({ id: "e1" });
  await write(store(), workspace, { runs: [runRow({ id: "r1" })], steps: [step] });
  const found = await read(store(), workspace, (unit) => unit.steps([step, step]));
  assert.ok(found.length > 0);
  for (const row of found) assert.deepEqual(row, step);
}

async function checkReplaced({ store, workspace }: Scene): Promise<void> {
  const former = stepRow({ id: "e1", seq: 1, cost: amount(5) });
  const revised = stepRow({ id: "e1", seq: 2, revision: 2, cost: amount(7) });
  const run = runRow({ id: "r1" });
  await write(store(), workspace, { runs: [run], steps: [former] });
  const closed = runRow({ id: "r1", status: "completed", closedAtMs: 9 });
  const outcome = outcomeRow({ key: "done" });
  await write(store(), workspace, {
    runs: [closed],
    steps: [revised],
    formerSteps: [former],
    outcomes: [outcome],
  });
  const reversed = outcomeRow({ key: "done", status: "reversed" });
  await write(store(), workspace, { outcomes: [reversed] });
  await read(store(), workspace, async (unit) => {
    assert.deepEqual(await unit.stepsOfRun("r1"), [revised]);
    assert.deepEqual(await unit.runs(["r1"]), [closed]);
    assert.deepEqual(await unit.outcomesOfRun("r1"), [reversed]);
  });
  assert.equal((await store().stepsOfRun(workspace, "r1")).length, 1);
}

async function checkDescendants({ store, workspace }: Scene): Promise<void> {
  const parents = {
    root: null,
    a: "root",
    b: "root",
    a1: "a",
    a11: "a1",
    other: null,
    o1: "other",
  };
  const runs = Object.entries(parents).map(([id, parent]) => runRow({ id, parent }));
  await write(store(), workspace, { runs });
  const below = (id: string) =>
    read(store(), workspace, async (unit) => (await unit.descendants(id)).map((run) => run.id));
  assert.deepEqual(sorted(await below("root")), ["a", "a1", "a11", "b"]);
  assert.deepEqual(sorted(await below("a")), ["a1", "a11"]);
  assert.deepEqual(await below("a11"), []);
  assert.deepEqual(await below("none"), []);
}

/** A store may leave signs of life in memory, and whoever binds the tree edits these rows. */
async function checkDescendantsAreCurrent({ store, workspace }: Scene): Promise<void> {
  const child = runRow({ id: "child", parent: "root", lastSeenAtMs: 10 });
  await write(store(), workspace, { runs: [runRow({ id: "root", height: 1 }), child] });
  const seen = { ...child, lastSeenAtMs: 20 };
  await write(store(), workspace, { runs: [seen], steps: [stepRow({ id: "e1", run: "child" })] });
  await read(store(), workspace, async (unit) => {
    assert.deepEqual(await unit.descendants("root"), [seen]);
    assert.deepEqual(await unit.runs(["child"]), [seen]);
  });
}

async function checkCalls({ store, workspace }: Scene): Promise<void> {
  const acme = callRow({ callId: "c1" });
  const zeta = callRow({ callId: "c1", customer: "zeta", run: "r2" });
  await write(store(), workspace, { calls: [acme, zeta] });
  const calls = () => read(store(), workspace, (unit) => unit.calls(["c1"]));
  assert.deepEqual(sorted(await calls()), sorted([acme, zeta]));
  await write(store(), workspace, { freedCalls: [zeta] });
  assert.deepEqual(await calls(), [acme]);
  const next = callRow({ callId: "c1", id: "e2" });
  await write(store(), workspace, { freedCalls: [acme], calls: [next] });
  assert.deepEqual(await calls(), [next], "freed and taken again in one unit: taken");
}

async function checkWitnesses({ store, workspace }: Scene): Promise<void> {
  const rows = ["w1", "w2"].map((id, index) => witnessRow({ id, seq: index + 1 }));
  const [first, second] = rows;
  await write(store(), workspace, { witnesses: rows });
  await write(store(), workspace, { promoted: rows.slice(0, 1) });
  const left = () => read(store(), workspace, (unit) => unit.witnessesOfCalls(["call"]));
  assert.deepEqual(await left(), [second]);
  await write(store(), workspace, { promoted: rows, witnesses: rows.slice(0, 1) });
  assert.deepEqual(await left(), [first], "promoted and linked again in one unit: linked");
}

async function checkSuspended({ store, workspace }: Scene): Promise<void> {
  const rows = ["s1", "s2"].map((id, index) => suspendedRow({ id, seq: index + 1 }));
  const [first, second] = rows;
  await write(store(), workspace, { suspended: rows });
  const waiting = () => read(store(), workspace, (unit) => unit.suspendedOfRuns(["r1"]));
  assert.deepEqual(sorted(await waiting()), sorted(rows));
  await write(store(), workspace, { released: rows.slice(0, 1) });
  assert.deepEqual(await waiting(), [second]);
  await write(store(), workspace, { released: rows, suspended: rows.slice(0, 1) });
  assert.deepEqual(await waiting(), [first], "released and suspended again in one unit: waits");
  const others = ["r2", "r3"].map((run) => suspendedRow({ run, id: "s1", seq: 9 }));
  await write(store(), workspace, { suspended: others });
  const both = await read(store(), workspace, (unit) => {
    return unit.suspendedOfRuns(["r1", "r3", "none"]);
  });
  assert.deepEqual(sorted(both), sorted([first, others[1]]));
  assert.deepEqual(await waiting(), [first]);
}

async function checkConflicts({ store, workspace }: Scene): Promise<void> {
  const rows = [4, 9].map((seq) => conflictRow({ seq, contentHash: `1hash${seq}` }));
  const key = { run: "r1", source: "sdk", id: "e1" };
  await write(store(), workspace, { conflicts: rows });
  const known = () => read(store(), workspace, (unit) => unit.conflicts([key]));
  assert.deepEqual(sorted(await known()), sorted(rows));
  const settled = rows.map((row) => (row.seq === 4 ? { ...row, settled: "second" as const } : row));
  await write(store(), workspace, { conflicts: settled.slice(0, 1) });
  assert.deepEqual(sorted(await known()), sorted(settled));
}

async function checkCounters({ store, workspace }: Scene): Promise<void> {
  const counter = (quantity: bigint): Counter =>
    counterOf([{ cardVersionId: 1, quantity }], quantity as Amount);
  const cells = ["", "gpt-5", "gpt-5-mini"].map((cell) =>
    counterRow({ cell, counter: counter(1n) }),
  );
  const later = counterRow({ period: "2026-12-01", counter: counter(3n) });
  await write(store(), workspace, { counters: [...cells, later] });
  const moved = counterRow({ cell: "gpt-5", counter: counter(2n) });
  await write(store(), workspace, { counters: [moved] });
  const rows = await read(store(), workspace, (unit) => unit.counters([moved, later]));
  const [plain, , mini] = cells;
  assert.deepEqual(sorted(rows), sorted([plain, moved, mini, later]));
  const one = await read(store(), workspace, (unit) => unit.counters([moved]));
  assert.equal(one.length, 3);
}

async function checkRollups(scene: Scene): Promise<void> {
  const anyDelta = fc.record({
    agent: fc.constantFrom("", "support"),
    tool: fc.constantFrom("", "search"),
    steps: fc.integer({ min: -5, max: 2 ** 40 }),
    unpriced: fc.integer({ min: -5, max: 5 }),
    cost: anyAmount,
    charge: anyAmount,
    inputTokens: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }) as fc.Arbitrary<Quantity>,
  });
  const property = fc.asyncProperty(fc.array(anyDelta, { maxLength: 6 }), async (deltas) => {
    const workspace = await scene.anotherWorkspace();
    const sums = new Map<string, ReturnType<typeof rollupRow>>();
    for (const delta of deltas.map(rollupRow)) {
      await write(scene.store(), workspace, { rollups: [delta] });
      if (delta.steps % 2 === 0) await forgetRows(scene.store(), workspace);
      const key = JSON.stringify([delta.agent, delta.tool]);
      const before = sums.get(key);
      sums.set(key, before === undefined ? delta : addRollup(before, delta));
    }
    const rows = await scene.store().rollups(workspace, {});
    assert.deepEqual(sorted(rows), sorted([...sums.values()]));
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkAdjustments({ store, workspace }: Scene): Promise<void> {
  const rows = [12, 3, 7].map((seq) => adjustmentRow({ seq, amount: amount(-seq) }));
  const elsewhere = [
    adjustmentRow({ seq: 20, customer: "zeta" }),
    adjustmentRow({ seq: 21, bookedPeriod: "2026-12-01", originPeriod: "2026-11-01" }),
  ];
  await write(store(), workspace, { adjustments: [...rows.slice(0, 2), ...elsewhere] });
  await write(store(), workspace, { adjustments: rows.slice(2) });
  const key = { customer: "acme", period: "2026-11-01" };
  const found = await read(store(), workspace, (unit) => unit.adjustments(key));
  for (const [after, limit] of [
    [0, 1],
    [found[0]?.seq ?? 0, 9],
  ] as const) {
    const page = await read(store(), workspace, (unit) => unit.adjustments(key, { after, limit }));
    assert.deepEqual(page, found.filter(({ seq }) => seq > after).slice(0, limit));
  }
  assert.deepEqual(
    found.map((row) => row.seq),
    [3, 7, 12],
  );
}

async function checkJournalled({ store, workspace }: Scene): Promise<void> {
  const event = journalRow({ seq: 1, id: "close" });
  const act = journalRow({ seq: 2, run: "", source: "customer", id: "acme" });
  await write(store(), workspace, { journal: [event, act] });
  await write(store(), workspace, { journal: [{ ...act, seq: 3 }] });
  const found = await read(store(), workspace, (unit) => unit.journalled([event, act]));
  assert.deepEqual(found, [event], "acts of a person have no identity to repeat");
  assert.equal((await store().journal(workspace, 0, 9)).length, 3);
}

async function checkSilentRuns({ store, workspace }: Scene): Promise<void> {
  const seen = (id: string, lastSeenAtMs: number, some = {}) =>
    runRow({ id, lastSeenAtMs, ...some });
  await write(store(), workspace, {
    runs: [
      ...[seen("old", 10), seen("older", 5), seen("edge", 20), seen("young", 30)],
      seen("ended", 5, { status: "completed" }),
      seen("standing", 5, { standing: true }),
    ],
  });
  const silent = (limit: number) =>
    read(store(), workspace, async (unit) =>
      (await unit.silentRuns(20, limit)).map((run) => run.id),
    );
  assert.deepEqual(await silent(10), ["older", "old"], "longest silent first");
  assert.deepEqual(await silent(1), ["older"]);
}

async function checkUnfinishedRuns({ store, workspace }: Scene): Promise<void> {
  const restating = { opened: true, agent: "support" };
  const runs = [
    ...[runRow({ id: "b", restating }), runRow({ id: "c", suspended: 2 })],
    runRow({ id: "a", customer: "beta", restating: { opened: false, agent: null } }),
    // Nothing is to do in these: one is done, one's customer is not known.
    ...[runRow({ id: "done" }), runRow({ id: "waits", customer: null, suspended: 2 })],
  ];
  await write(store(), workspace, { runs });
  const left = (limit: number, customer?: string) =>
    read(store(), workspace, async (unit) => unit.unfinishedRuns(limit, customer));
  const [b, c, a] = runs;
  assert.deepEqual(await left(10), [b, c, a]);
  assert.deepEqual(await left(1), [b]);
  assert.deepEqual(await left(10, "beta"), [a]);
}

/** Provisional outcomes of two customers, among others that are none. */
const WAITING_ROWS = [
  outcomeRow({ key: "b", status: "provisional", finalAtMs: 20 }),
  outcomeRow({ key: "a", status: "provisional", finalAtMs: 20 }),
  outcomeRow({ key: "first", status: "provisional", finalAtMs: 10 }),
  outcomeRow({ key: "late", status: "provisional", finalAtMs: 21 }),
  outcomeRow({ run: "r2", customer: "beta", key: "x", status: "provisional", finalAtMs: 15 }),
  outcomeRow({ key: "final", finalAtMs: 5 }),
  outcomeRow({ key: "at once" }),
  outcomeRow({ key: "off", status: "reversed", finalAtMs: 5 }),
];

async function checkDueOutcomes({ store, workspace }: Scene): Promise<void> {
  const runs = [runRow({ id: "r1", customer: "acme" }), runRow({ id: "r2", customer: "beta" })];
  await write(store(), workspace, { runs, outcomes: WAITING_ROWS });
  const due = (of: { readonly customer?: string; readonly limit: number }) =>
    read(store(), workspace, async (unit) =>
      (await unit.dueOutcomes(20, of)).map(({ key }) => key),
    );
  assert.deepEqual(await due({ limit: 10 }), ["first", "x", "a", "b"]);
  assert.deepEqual(await due({ limit: 2 }), ["first", "x"]);
  assert.deepEqual(await due({ customer: "beta", limit: 10 }), ["x"]);
  assert.deepEqual(await due({ customer: "nobody", limit: 10 }), []);
  await write(store(), workspace, { outcomes: [outcomeRow({ key: "first", finalAtMs: 10 })] });
  assert.deepEqual(await due({ limit: 10 }), ["x", "a", "b"], "a final one is not due again");
}

async function checkWaitingOutcomes({ store, workspace }: Scene): Promise<void> {
  const runs = [runRow({ id: "r1", customer: "acme" }), runRow({ id: "r2", customer: "beta" })];
  await write(store(), workspace, { runs, outcomes: WAITING_ROWS });
  const pageOf = (filter: ProvisionalFilter) => store().provisionalOutcomes(workspace, filter);
  const keysOf = async (filter: ProvisionalFilter) => (await pageOf(filter)).map(({ key }) => key);
  assert.deepEqual(await keysOf({ limit: 10 }), ["a", "b", "first", "late", "x"]);
  assert.deepEqual(await keysOf({ customer: "beta", limit: 10 }), ["x"]);
  const page = await pageOf({ limit: 2 });
  const after = page.at(-1) ?? assert.fail("an empty page");
  assert.deepEqual(await keysOf({ limit: 10, after }), ["first", "late", "x"]);
  assert.deepEqual(page[0], WAITING_ROWS[1]);
}

async function checkChain({ store, workspace }: Scene): Promise<void> {
  const head = () => read(store(), workspace, (unit) => unit.head());
  assert.deepEqual({ ...(await head()) }, { lastSeq: 0, digest: CHAIN_START, committedAtMs: 0 });
  const digest = "ab".repeat(32);
  const first = { lastSeq: 3, digest, committedAtMs: 1_000 };
  await write(store(), workspace, { link: { ...first, firstSeq: 1 }, head: first });
  assert.deepEqual({ ...(await head()) }, first);
  const lastSeq = Number.MAX_SAFE_INTEGER;
  const last = { lastSeq, digest: "cd".repeat(32), committedAtMs: 2_000 };
  await write(store(), workspace, { link: { ...last, firstSeq: 4 }, head: last });
  assert.deepEqual({ ...(await head()) }, last);
}

/** Reads and writes of a unit. */
export const UNITS: readonly Clause[] = [
  { name: "what does not exist is left out of an answer", check: checkAbsent },
  { name: "a key asked for twice does no harm", check: checkAskedTwice },
  { name: "a row replaces the row of its key", check: checkReplaced },
  { name: "all runs below a run are found, at any depth", check: checkDescendants },
  { name: "a run below is as the last unit left it", check: checkDescendantsAreCurrent },
  { name: "a call is held once a customer, and may be freed and taken again", check: checkCalls },
  { name: "a witness is promoted once, and may be linked again", check: checkWitnesses },
  { name: "what waits is released once, and may wait again", check: checkSuspended },
  { name: "all conflicts of an identity are kept, settled or not", check: checkConflicts },
  { name: "a counter is kept for each period, charge and cell", check: checkCounters },
  { name: "roll-ups gain what each unit adds, exactly", check: checkRollups },
  {
    name: "adjustments are found by the period that carries them, in order",
    check: checkAdjustments,
  },
  { name: "an event is journalled under its identity, an act is not", check: checkJournalled },
  { name: "only open runs that were silent too long are silent", check: checkSilentRuns },
  {
    name: "runs in which something is left to do are found by customer",
    check: checkUnfinishedRuns,
  },
  { name: "an outcome is due at the instant at which it is final", check: checkDueOutcomes },
  { name: "outcomes that are not final are read page by page", check: checkWaitingOutcomes },
  { name: "the chain starts at zeros and goes on from its last link", check: checkChain },
];
