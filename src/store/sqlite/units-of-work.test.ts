import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { nodeDigest } from "../../compose.ts";
import type { Balance } from "../../domain/budget/budget.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { Store, UnitOfWork, Writes } from "../../engine/ports.ts";
import { runRow, stepRow, writesOf } from "../sample-rows-contract.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { inlineWriter, type Writer } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-units-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A store whose commits happen when `let go` says so. */
async function heldStore(name: string) {
  const dataDir = join(folder, name);
  const before = openSqliteStore({ dataDir, digest: nodeDigest });
  for (const workspace of ["w", "v"]) await before.createWorkspace(workspace);
  await before.transact("w", (unit) => add(unit, { id: "s0", runs: [runRow({ id: "r1" })] }));
  await before.settle("w");
  await before.close();
  const waiting: (() => void)[] = [];
  const held = (writer: Writer): Writer => ({
    ...{ readOnTheWay: writer.readOnTheWay, close: writer.close },
    commit: async (transaction) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      await writer.commit(transaction);
    },
  });
  const store = openSqliteStore({
    dataDir,
    digest: nodeDigest,
    writer: (place) => held(inlineWriter(place)),
  });
  const letGo = async (): Promise<void> => {
    await turns();
    waiting.shift()?.();
    await turns();
  };
  return { store, letGo };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

/** Adds a step to run r1, as a unit of new steps does. */
async function add(
  unit: UnitOfWork,
  { id, ...some }: Partial<Writes> & { readonly id: string },
): Promise<void> {
  const head = await unit.head();
  const seq = head.lastSeq + 1;
  const step = stepRow({ id, seq, contentHash: `1${id}` });
  await unit.write(writesOf({ ...some, steps: [step], head: { ...head, lastSeq: seq } }));
}

/** A unit that may begin early, what was told of it, and what it found. */
function early<T>(store: Store, work: (unit: UnitOfWork) => Promise<T>, workspace = "w") {
  const told = { hasBegun: false, isHandedOver: false, found: undefined as T | undefined };
  const done = store.transact(
    workspace,
    async (unit) => {
      told.hasBegun = true;
      told.found = await work(unit);
    },
    () => {
      told.isHandedOver = true;
    },
  );
  return { told, done };
}

const idsIn = async (unit: UnitOfWork, ids: readonly string[]): Promise<string[]> => {
  const found = await unit.steps(ids.map((id) => ({ run: "r1", source: "sdk", id })));
  return found.map(({ id }) => id).sort();
};

test("a unit begins while the one before is on its way, and sees its steps", async () => {
  const { store, letGo } = await heldStore("sees");
  const read = early(store, (unit) => idsIn(unit, ["s0"]));
  await read.done;
  const first = early(store, (unit) => add(unit, { id: "s1" }));
  await turns();
  assert.ok(first.told.isHandedOver);
  const second = early(store, (unit) => idsIn(unit, ["s0", "s1", "s2"]));
  await turns();
  assert.deepEqual(second.told.found, ["s0", "s1"]);
  await letGo();
  await Promise.all([first.done, second.done]);
  await store.close();
});

test("a unit that asks for what only the file knows is answered once it is there", async () => {
  const { store, letGo } = await heldStore("waits");
  const call = { ...{ run: "r1", source: "sdk", id: "s1" }, callId: "c1", customer: "acme" };
  const first = early(store, (unit) => add(unit, { id: "s1", calls: [call] }));
  await turns();
  const ids = early(store, (unit) => idsIn(unit, ["s0", "s1"]));
  await turns();
  // Nobody has read the run's identities since the file was opened.
  assert.deepEqual([ids.told.hasBegun, ids.told.found], [true, undefined]);
  await letGo();
  await first.done;
  await ids.done;
  assert.deepEqual(ids.told.found, ["s0", "s1"]);
  const third = early(store, (unit) => add(unit, { id: "s2", calls: [{ ...call, callId: "c2" }] }));
  await turns();
  const calls = early(store, async (unit) => [...(await unit.calls(["c1", "c2"]))].length);
  await turns();
  assert.equal(calls.told.found, undefined);
  await letGo();
  await Promise.all([third.done, calls.done]);
  assert.equal(calls.told.found, 2);
  await store.close();
});

test("nothing else begins before what is on its way has arrived", async () => {
  const { store, letGo } = await heldStore("others");
  const first = early(store, (unit) => add(unit, { id: "s1" }));
  await turns();
  const elsewhere = early(store, async (unit) => unit.head(), "v");
  let hasBegun = false;
  const act = store.transact("w", () => {
    hasBegun = true;
  });
  await turns();
  assert.deepEqual([hasBegun, elsewhere.told.found], [false, undefined]);
  await letGo();
  await Promise.all([first.done, act, elsewhere.done]);
  await store.close();
});

/** A balance of a budget of runs, as it stands after a unit. */
const balanceOf = (scope: string, settled: bigint): Balance => ({
  ...{ budgetId: 1, scope, window: "", settled, stagesTold: 0, grantedAtMs: 0 },
});

const settledIn = (kept: readonly Balance[]): bigint[] => kept.map(({ settled }) => settled);

test("a unit finds balances of the one on its way; others once they are on disk", async () => {
  const { store, letGo } = await heldStore("balances");
  const key = balanceOf("r1", 5n);
  const first = early(store, (unit) => add(unit, { id: "s1", balances: [key] }));
  await turns();
  assert.ok(first.told.isHandedOver);
  const second = early(store, async (unit) => settledIn(await unit.spending.balances([key])));
  await turns();
  assert.deepEqual(second.told.found, [5n]);
  assert.deepEqual(settledIn(await store.spending.balances("w", [key])), []);
  await letGo();
  await Promise.all([first.done, second.done]);
  assert.deepEqual(settledIn(await store.spending.balances("w", [key])), [5n]);
  await store.close();
});

/** A hold of run r1 for 3 of its balance. */
const holdOf = (id: string, state: Hold["state"] = "open", callId: string | null = null): Hold => ({
  ...{ run: "r1", source: "sdk", id, holdId: `hold_${id}`, state, customer: "acme", callId },
  ...{ contentHash: `1${id}`, grantedAtMs: 1, expiresAtMs: 2, onExpiry: "estimate" as const },
  ...{ cost: 0n as Amount, charge: 0n as Amount, currency: null, maxOutputTokens: null },
  ...{ isClamped: false, document: "{}", endedAtMs: state === "open" ? null : 3 },
  reserves: [{ budgetId: 1, scope: "r1", window: "", amount: 3n }],
  settledBy: state === "settled" ? { run: "r1", source: "sdk", id: `by ${id}` } : null,
});

/** Everything that a unit is told of holds. */
async function holdsIn({ spending }: UnitOfWork, ids: readonly string[]) {
  const keys = ids.map((id) => ({ run: "r1", source: "sdk", id }));
  const [balance] = await spending.balances([balanceOf("r1", 0n)]);
  const said = (holds: readonly Hold[]) => holds.map(({ id, state }) => `${id} ${state}`);
  return {
    held: balance?.held ?? 0n,
    counting: await spending.countingHoldCount(),
    known: said(await spending.holds(keys)),
    open: said(await spending.countingHolds(keys)),
    ofCall: said(await spending.countingHoldsOfCalls(["c1"])),
  };
}

/** Holds alone, as a unit that decides leaves them. */
async function putHolds(unit: UnitOfWork, holds: readonly Hold[]): Promise<void> {
  await unit.write(writesOf({ holds, head: await unit.head() }));
}

test("a unit finds the holds of the one on its way, those that ended among them", async () => {
  const { store, letGo } = await heldStore("holds");
  const first = early(store, (unit) => putHolds(unit, [holdOf("h1"), holdOf("h2", "open", "c1")]));
  await turns();
  assert.ok(first.told.isHandedOver);
  const second = early(store, async (unit) => {
    const found = await holdsIn(unit, ["h1", "h2", "h3"]);
    await putHolds(unit, [holdOf("h1", "released"), holdOf("h3")]);
    return found;
  });
  await turns();
  const both = ["h1 open", "h2 open"];
  const after = { held: 6n, counting: 2, known: both, open: both, ofCall: ["h2 open"] };
  assert.deepEqual(second.told.found, after);
  assert.deepEqual(await store.spending.balances("w", [balanceOf("r1", 0n)]), []);
  await letGo();
  await first.done;
  assert.ok(second.told.isHandedOver);
  const third = early(store, async (unit) => {
    const found = await holdsIn(unit, ["h1", "h2", "h3"]);
    await putHolds(unit, [holdOf("h2", "settled", "c1")]);
    return found;
  });
  await turns();
  const open = ["h2 open", "h3 open"];
  const known = ["h1 released", ...open];
  assert.deepEqual(third.told.found, { held: 6n, counting: 2, known, open, ofCall: ["h2 open"] });
  await letGo();
  await second.done;
  const fourth = early(store, (unit) => holdsIn(unit, ["h1", "h2", "h3"]));
  await turns();
  const ended = ["h1 released", "h2 settled", "h3 open"];
  const rest = { open: ["h3 open"], ofCall: [] };
  assert.deepEqual(fourth.told.found, { held: 3n, counting: 1, known: ended, ...rest });
  const [kept] = await store.spending.balances("w", [balanceOf("r1", 0n)]);
  assert.equal(kept?.held, 6n, "who is no unit sees what is on disk");
  await letGo();
  await Promise.all([third.done, fourth.done]);
  await store.close();
  const reopened = openSqliteStore({ dataDir: join(folder, "holds"), digest: nodeDigest });
  assert.deepEqual(
    await reopened.transact("w", (unit) => holdsIn(unit, ["h1", "h2", "h3"])),
    fourth.told.found,
  );
  await reopened.close();
});

test("which holds a step settled is read once the file has them", async () => {
  const { store, letGo } = await heldStore("settled");
  const granted = early(store, (unit) => putHolds(unit, [holdOf("h1")]));
  await letGo();
  await granted.done;
  const settling = early(store, (unit) => putHolds(unit, [holdOf("h1", "settled")]));
  await turns();
  const asking = early(store, async (unit) => {
    const settlers = [{ run: "r1", source: "sdk", id: "by h1" }];
    return (await unit.spending.holdsSettledBy(settlers)).map(({ id }) => id);
  });
  await turns();
  assert.deepEqual([asking.told.hasBegun, asking.told.found], [true, undefined]);
  await letGo();
  await Promise.all([settling.done, asking.done]);
  assert.deepEqual(asking.told.found, ["h1"]);
  await store.close();
});

test("totals that go to the file take along balances of the unit on its way", async () => {
  const { store, letGo } = await heldStore("flushed");
  const first = early(store, (unit) => add(unit, { id: "s1", balances: [balanceOf("r1", 5n)] }));
  await turns();
  const closed = [runRow({ id: "r1", status: "completed" })];
  const second = early(store, (unit) =>
    add(unit, { id: "s2", runs: closed, balances: [balanceOf("r2", 7n)] }),
  );
  await letGo();
  await letGo();
  await Promise.all([first.done, second.done]);
  await store.close();
  const reopened = openSqliteStore({ dataDir: join(folder, "flushed"), digest: nodeDigest });
  assert.deepEqual(reopened.unsummedSteps("w"), []);
  const kept = await reopened.spending.balances("w", [balanceOf("r1", 0n), balanceOf("r2", 0n)]);
  assert.deepEqual(settledIn(kept), [5n, 7n]);
  await reopened.close();
});

test("a unit that writes more than steps and holds hands nothing over", async () => {
  const { store, letGo } = await heldStore("more");
  const freed = early(store, (unit) => add(unit, { id: "s1", freedLimits: [freedLimit] }));
  await turns();
  assert.equal(freed.told.isHandedOver, false);
  await letGo();
  await freed.done;
  const closing = early(store, (unit) =>
    add(unit, { id: "s2", runs: [runRow({ id: "r1", status: "completed" })] }),
  );
  await turns();
  assert.equal(closing.told.isHandedOver, false);
  await letGo();
  await closing.done;
  await store.close();
});

const freedLimit = { budgetId: 1, scope: "run:r1" };
