/**
 * A unit that only adds steps lets the next one begin before it is on disk. The next one sees what
 * it left; where that does not come true, it begins anew on what is so.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeDigest } from "../../compose.ts";
import { TOUCHED_TOLD_COUNT } from "../../domain/database-limits.ts";
import type { Store, UnitOfWork, Writes } from "../../engine/ports.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { amount, rollupRow, runRow, stepRow, writesOf } from "../sample-rows-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

const RUN = "r1";

/** Writes a step as a unit of the engine does: with totals, and with a link of its own. */
async function add(unit: UnitOfWork, id: string, extra: Partial<Writes> = {}): Promise<void> {
  await unit.runs([RUN]);
  const head = await unit.head();
  const seq = head.lastSeq + 1;
  const after = { lastSeq: seq, digest: `behind ${id}`, committedAtMs: head.committedAtMs };
  const steps = [stepRow({ id, run: RUN, seq, cost: amount(5) })];
  await unit.write(writesOf({ steps, rollups: [rollupRow({ steps: 1 })], head: after, ...extra }));
}

const keyOf = (id: string) => ({ run: RUN, source: stepRow({ id }).source, id });

type Ask = (sql: string) => Promise<unknown[]>;

/** Statements on a connection of one's own. */
async function connect(connectionString: string): Promise<{ ask: Ask; end(): Promise<void> }> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString });
  await client.connect();
  return { ask: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
}

/** Who holds a store up, and who watches. */
type Others = Readonly<Record<"hold" | "watch", Ask>>;

/** A store that has long been alone on its workspace. */
async function alone(
  work: (store: Store, url: string, others: Others) => Promise<void>,
): Promise<void> {
  const connectionString = await (await postgresServer()).createDatabase();
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  const [holder, watcher] = [await connect(connectionString), await connect(connectionString)];
  try {
    await store.createWorkspace("w");
    const { customer } = stepRow({ id: "e0" });
    const run = runRow({ id: RUN, customer });
    for (let no = 0; no <= TOUCHED_TOLD_COUNT; no += 1) {
      const runs = no === 0 ? [run] : [];
      await store.transact("w", (unit) => add(unit, `before-${no}`, { runs }));
    }
    await work(store, connectionString, { hold: holder.ask, watch: watcher.ask });
  } finally {
    await holder.end();
    await watcher.end();
    await store.close();
  }
}

const WAITING = `FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE`;
const HOLD_UP = "BEGIN; LOCK TABLE rollups IN SHARE MODE";

/** Begins a unit that the server cannot finish; resolves when the next one may begin. */
async function beginHeldUp(store: Store, id: string, extra: Partial<Writes> = {}) {
  const { promise: handedOver, resolve } = Promise.withResolvers<void>();
  let hasEnded = false;
  const landed = store
    .transact("w", (unit) => add(unit, id, extra), resolve)
    .finally(() => {
      hasEnded = true;
    });
  landed.catch(() => undefined);
  await Promise.race([handedOver, landed]);
  return { landed, hasEnded: () => hasEnded };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}

test("a unit begins while the one before it is written, and sees its steps", async () => {
  await alone(async (store, _url, { hold }) => {
    await hold(HOLD_UP);
    const first = await beginHeldUp(store, "e1");
    const seen = Promise.withResolvers<readonly unknown[]>();
    const second = store.transact(
      "w",
      async (unit) => {
        await unit.runs([RUN]);
        const found = await unit.steps([keyOf("e1"), keyOf("e2"), keyOf("before-3")]);
        seen.resolve([...found.map(({ id }) => id), (await unit.head()).digest]);
        await add(unit, "e2");
      },
      () => undefined,
    );
    assert.deepEqual(await seen.promise, ["e1", "before-3", "behind e1"]);
    assert.equal(first.hasEnded(), false, "the first unit is not on disk");
    await hold("COMMIT");
    await Promise.all([first.landed, second]);
    const steps = (await store.stepsOfRun("w", RUN)).map(({ id }) => id);
    assert.deepEqual(steps.slice(-2), ["e1", "e2"]);
  });
});

const balanceAt = (scope: string, settled = 0n) => {
  return { budgetId: 1, scope, window: "", settled, stagesTold: 0, grantedAtMs: 0 };
};

test("a unit knows balances of the one before it, and waits for what it cannot know", async () => {
  await alone(async (store, _url, { hold, watch }) => {
    const read = async ({ spending }: UnitOfWork, scope: string) =>
      (await spending.balances([balanceAt(scope)])).map(({ settled }) => settled);
    const [known, unknown] = [balanceAt(RUN, 5n), balanceAt("other run", 6n)];
    await store.transact("w", (unit) => add(unit, "e0", { balances: [balanceAt("third", 7n)] }));
    await store.transact("w", (unit) => read(unit, RUN));
    await hold(HOLD_UP);
    const first = await beginHeldUp(store, "e1", { balances: [known, unknown] });
    const seen = Promise.withResolvers<readonly bigint[]>();
    const second = store.transact(
      "w",
      async (unit) => {
        seen.resolve([...(await read(unit, RUN)), ...(await read(unit, "third"))]);
        const waited = await read(unit, "other run");
        await add(unit, "e2", { balances: [{ ...known, settled: known.settled + 3n }] });
        return waited;
      },
      () => undefined,
    );
    assert.deepEqual(await seen.promise, [5n, 7n]);
    await until(async () => (await watch(`SELECT 1 ${WAITING} '%workspaces%'`)).length === 1);
    assert.equal(first.hasEnded(), false, "the first unit is not on disk");
    await hold("COMMIT");
    await first.landed;
    assert.deepEqual(await second, [6n]);
    const { spending } = store;
    assert.deepEqual(
      (await spending.balances("w", [known])).map(({ settled }) => settled),
      [8n],
    );
  });
});

test("a unit whose forerunner fails begins anew without its steps, and is committed", async () => {
  await alone(async (store, _url, { hold, watch }) => {
    await hold(HOLD_UP);
    const first = await beginHeldUp(store, "e1");
    const seen: string[] = [];
    const second = store.transact(
      "w",
      async (unit) => {
        await unit.runs([RUN]);
        seen.push((await unit.steps([keyOf("e1")])).map(({ id }) => id).join());
        await add(unit, "e2");
      },
      () => undefined,
    );
    await until(async () => (await watch(`SELECT 1 ${WAITING} '%workspaces%'`)).length === 1);
    await watch(`SELECT pg_terminate_backend(pid) ${WAITING} '%INSERT INTO rollups%'`);
    await assert.rejects(first.landed, { code: "store.unknown" });
    await hold("COMMIT");
    await second;
    assert.deepEqual(seen, ["e1", ""]);
    const steps = (await store.stepsOfRun("w", RUN)).map(({ id }) => id);
    assert.ok(!steps.includes("e1") && steps.includes("e2"));
    await store.transact("w", (unit) => add(unit, "e1"));
  });
});

test("a unit begins anew where another node commits between it and the one before", async () => {
  await alone(async (store, connectionString, { hold, watch }) => {
    const other = await openPostgresStore({ connectionString, digest: nodeDigest });
    await hold(HOLD_UP);
    const first = await beginHeldUp(store, "e1");
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const heads: string[] = [];
    const second = store.transact(
      "w",
      async (unit) => {
        heads.push((await unit.head()).digest);
        begun.resolve();
        await gate.promise;
        await add(unit, "e3");
      },
      () => undefined,
    );
    await begun.promise;
    const between = other.transact("w", (unit) => add(unit, "e2"));
    await until(async () => (await watch(`SELECT 1 ${WAITING} '%workspaces%'`)).length === 1);
    await hold("COMMIT");
    await Promise.all([first.landed, between]);
    gate.resolve();
    await second;
    await other.close();
    assert.deepEqual(heads, ["behind e1", "behind e2"]);
    const steps = (await store.stepsOfRun("w", RUN)).map(({ id }) => id);
    assert.deepEqual(steps.slice(-3), ["e1", "e2", "e3"]);
  });
});

test("a unit is not committed without the rows that could not be sent", async () => {
  await alone(async (store) => {
    const noInteger = { firstSeq: 0.5, lastSeq: 1, digest: "d", committedAtMs: 0 };
    const half = store.transact("w", (unit) => add(unit, "e1", { link: noInteger }));
    await assert.rejects(half, /0\.5/);
    assert.deepEqual(await store.transact("w", (unit) => unit.steps([keyOf("e1")])), []);
    await store.transact("w", (unit) => add(unit, "e1"));
  });
});
