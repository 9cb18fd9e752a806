/** Rows come back exactly as they were written: to the last digit, whatever their ids look like. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Run } from "../domain/run/run.ts";
import type { Store, UnitOfWork, Writes } from "../engine/ports.ts";
import { anyId, anyOutcome, anyRows, anyRun, anyStep } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { customerRow, runRow, stepRow, writesOf } from "./sample-rows-contract.ts";

const RUNS_PER_LAW = 25;

/** Writes in one unit. */
export function write(store: Store, workspace: string, some: Partial<Writes>): Promise<void> {
  return store.transact(workspace, async (unit) => {
    const head = await unit.head();
    await unit.write(writesOf({ head, ...some }));
  });
}

/** Reads in one unit. */
export function read<T>(
  store: Store,
  workspace: string,
  work: (unit: UnitOfWork) => T | Promise<T>,
): Promise<T> {
  return store.transact(workspace, work);
}

/** A unit that fails makes a store forget what it remembers of rows, so that reads decode them. */
export async function forgetRows(store: Store, workspace: string): Promise<void> {
  const failed = store.transact(workspace, () => {
    throw new Error("on purpose");
  });
  await assert.rejects(failed, /on purpose/);
}

const anyBoundRun = anyRun.chain((run) =>
  fc.record({
    run: fc.constant(run),
    steps: fc.uniqueArray(anyStep(run), { maxLength: 4, selector: identityOf }),
    outcomes: fc.uniqueArray(anyOutcome(run), { maxLength: 3, selector: ({ key }) => key }),
  }),
);

function identityOf({ source, id }: { readonly source: string; readonly id: string }): string {
  return JSON.stringify([source, id]);
}

/** Rows in one order, whatever order the store answers in. */
export function sorted<T>(rows: readonly T[]): T[] {
  return rows
    .map((row) => ({ row, text: textOf(row) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ row }) => row);
}

/** A text of a value that does not depend on the order of its keys. */
function textOf(value: unknown): string {
  if (value instanceof Map) return textOf([...value]);
  if (Array.isArray(value)) return `[${value.map(textOf)}]`;
  if (typeof value !== "object" || value === null) return `${typeof value} ${value}`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}: ${textOf(item)}`)}}`;
}

async function checkRuns(scene: Scene): Promise<void> {
  const property = fc.asyncProperty(anyBoundRun, async ({ run, steps, outcomes }) => {
    const workspace = await scene.anotherWorkspace();
    const store = scene.store();
    await write(store, workspace, { runs: [run], steps, formerSteps: steps, outcomes });
    await forgetRows(store, workspace);
    await read(store, workspace, async (unit) => {
      assert.deepEqual(await unit.runs([run.id]), [run]);
      assert.deepEqual(sorted(await unit.steps(steps)), sorted(steps));
      assert.deepEqual(sorted(await unit.stepsOfRun(run.id)), sorted(steps));
      const two = await unit.stepsOfRun(run.id, 2);
      assert.equal(two.length, Math.min(2, steps.length));
      assert.deepEqual(sorted(await unit.outcomes(outcomes)), sorted(outcomes));
      assert.deepEqual(sorted(await unit.outcomesOfRun(run.id)), sorted(outcomes));
    });
    assert.deepEqual(await store.run(workspace, run.id), run);
    assert.deepEqual(sorted(await store.stepsOfRun(workspace, run.id)), sorted(steps));
    assert.deepEqual(sorted(await store.outcomesOfRun(workspace, run.id)), sorted(outcomes));
  });
  await fc.assert(property, { numRuns: RUNS_PER_LAW });
}

async function checkOthers(scene: Scene): Promise<void> {
  const property = fc.asyncProperty(anyRows, async (rows) => {
    const workspace = await scene.anotherWorkspace();
    const store = scene.store();
    await write(store, workspace, {
      customers: [rows.customer],
      counters: [rows.counter],
      rollups: [rows.rollup],
      calls: [rows.call],
      witnesses: [rows.witness],
      suspended: [rows.suspended],
      conflicts: [rows.conflict],
      adjustments: [rows.adjustment],
      periods: [rows.period],
      statements: [rows.statement],
      journal: [rows.journal],
    });
    await forgetRows(store, workspace);
    await read(store, workspace, (unit) => checkInUnit(unit, rows));
    const { customer, counter, rollup, statement, period, journal, adjustment } = rows;
    const { customer: adjusted, bookedPeriod } = adjustment;
    const booked = await store.adjustmentsOf(workspace, {
      customer: adjusted,
      period: bookedPeriod,
    });
    assert.deepEqual(booked, [adjustment]);
    assert.deepEqual(await store.customer(workspace, customer.id), customer);
    assert.deepEqual(await store.countersOf(workspace, counter), [counter]);
    assert.deepEqual(await store.rollups(workspace, {}), [rollup]);
    assert.deepEqual(await store.statement(workspace, statement.id), statement);
    assert.deepEqual(await store.periodsOf(workspace, period.customer), [period]);
    assert.deepEqual(await store.journal(workspace, journal.seq - 1, 9), [journal]);
    assert.deepEqual(await store.listSuspended(workspace, 9), [rows.suspended]);
  });
  await fc.assert(property, { numRuns: RUNS_PER_LAW });
}

type Sample = typeof anyRows extends fc.Arbitrary<infer T> ? T : never;

async function checkInUnit(unit: UnitOfWork, rows: Sample): Promise<void> {
  const { customer, call, witness, suspended, conflict, period, journal, adjustment } = rows;
  assert.deepEqual(await unit.customers([customer.id]), [customer]);
  assert.deepEqual(await unit.counters([rows.counter]), [rows.counter]);
  assert.deepEqual(await unit.calls([call.callId]), [call]);
  assert.deepEqual(await unit.witnesses([witness]), [witness]);
  assert.deepEqual(await unit.witnessesOfCalls([witness.callId]), [witness]);
  assert.deepEqual(await unit.suspended([suspended]), [suspended]);
  assert.deepEqual(await unit.suspendedOfRuns([suspended.run]), [suspended]);
  assert.deepEqual(await unit.conflicts([conflict]), [conflict]);
  assert.deepEqual(await unit.periods([period]), [period]);
  assert.deepEqual(await unit.periodsOf(period.customer), [period]);
  assert.deepEqual(await unit.journalled([journal]), [journal]);
  const { customer: adjusted, bookedPeriod } = adjustment;
  const booked = await unit.adjustments({ customer: adjusted, period: bookedPeriod });
  assert.deepEqual(booked, [adjustment]);
}

async function checkSeparateIds(scene: Scene): Promise<void> {
  const property = fc.asyncProperty(fc.uniqueArray(anyId, { minLength: 2 }), async (ids) => {
    const workspace = await scene.anotherWorkspace();
    const store = scene.store();
    const runs = ids.map((id, height): Run => runRow({ id, height }));
    const steps = ids.map((id, seq) => stepRow({ id, seq, run: ids[0] ?? "" }));
    const customers = ids.map((id, index) => customerRow({ id, createdAtMs: index }));
    await write(store, workspace, { runs, steps, customers });
    await forgetRows(store, workspace);
    for (const [index, id] of ids.entries()) {
      await read(store, workspace, async (unit) => {
        assert.deepEqual(await unit.runs([id]), [runs[index]]);
        assert.deepEqual(await unit.steps([{ run: ids[0] ?? "", source: "sdk", id }]), [
          steps[index],
        ]);
        assert.deepEqual(await unit.customers([id]), [customers[index]]);
      });
    }
  });
  await fc.assert(property, { numRuns: RUNS_PER_LAW });
}

const UUID = "550e8400-e29b-41d4-a716-446655440000";

async function checkUuids({ store, workspace }: Scene): Promise<void> {
  const ids = [UUID, UUID.toUpperCase(), UUID.replaceAll("-", ""), `{${UUID}}`, `${UUID} `];
  const steps = ids.map((id, index) => stepRow({ id, seq: index + 1 }));
  await write(store(), workspace, { runs: [runRow({ id: "r1" })], steps });
  const found = await read(store(), workspace, (unit) => unit.stepsOfRun("r1"));
  assert.deepEqual(sorted(found), sorted(steps));
  for (const step of steps) {
    assert.deepEqual(await read(store(), workspace, (unit) => unit.steps([step])), [step]);
  }
}

async function checkJoinedKeys({ store, workspace }: Scene): Promise<void> {
  const keys = [
    { run: "a", source: "bc", id: "d" },
    { run: "ab", source: "c", id: "d" },
    { run: "a", source: "b", id: "cd" },
    { run: "a", source: "b,c", id: "d" },
  ];
  const steps = keys.map((key, index) => stepRow({ ...key, seq: index + 1 }));
  const runs = ["a", "ab"].map((id) => runRow({ id }));
  await write(store(), workspace, { runs, steps });
  for (const step of steps) {
    assert.deepEqual(await read(store(), workspace, (unit) => unit.steps([step])), [step]);
  }
}

/** Rows there and back. */
export const ROUND_TRIPS: readonly Clause[] = [
  { name: "runs, steps and outcomes come back as they were written", check: checkRuns },
  { name: "rows of every other kind come back as they were written", check: checkOthers },
  { name: "ids that differ in any way are different ids", check: checkSeparateIds },
  { name: "a UUID in any spelling stays the text it is", check: checkUuids },
  { name: "identities that read the same when joined are different", check: checkJoinedKeys },
];
