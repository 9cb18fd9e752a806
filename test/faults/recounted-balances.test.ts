/**
 * Balances that a former version left wrong are set to what their steps say. A step counts as one;
 * the limit is 7, so what is settled above it is an overrun.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { newWorld, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { type RecountOptions, recount } from "../../src/store/recount/recount.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { postgresServer } from "../postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-recount-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const UNIT = 10n ** 9n;
const WHO = { reason: "a version before counted twice", by: "anna" };
const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const BUDGET = { each: "customer", measure: "steps", per: "lifetime", limit: "7" };

type Place = Pick<RecountOptions, "dataDir" | "databaseUrl">;

async function openAt({ dataDir, databaseUrl }: Place) {
  const store =
    databaseUrl === undefined
      ? openSqliteStore({ dataDir, digest: nodeDigest })
      : await openPostgresStore({ connectionString: databaseUrl, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  return { store, engine, limits: engine.limits };
}

async function at<T>(place: Place, work: (engine: Engine) => Promise<T>): Promise<T> {
  const { store, engine } = await openAt(place);
  try {
    const done = await work(engine);
    for (const workspace of await store.workspaces()) await store.settle(workspace);
    return done;
  } finally {
    await store.close();
  }
}

const again = (place: Place, apply: RecountOptions["apply"]) =>
  recount(() => openAt(place), { ...place, apply, onProgress: () => {} });

async function findings({ dataDir, databaseUrl }: Place): Promise<string[]> {
  const { findings: found } =
    databaseUrl === undefined
      ? verifyDataFolder(dataDir)
      : await verifyDatabase(databaseUrl, () => {});
  return found.map(({ table, key, problem }) => `${table} ${key}: ${problem}`);
}

async function placeOf({ store }: Engine, key: string) {
  const record = (await store.spending.budgets("w")).find(({ budget }) => budget.key === key);
  return { budgetId: record?.id ?? assert.fail(key), scope: "acme", window: "" };
}

/** Moves balances as a defect would: with the overruns that follow, and without any step. */
async function spoil(engine: Engine, key: string, by: { settled: bigint; overruns?: bigint }) {
  const differences = [{ ...(await placeOf(engine, key)), overruns: 0n, ...by }];
  await engine.limits.recount("w", { ...WHO, differences, asOfSeq: Number.MAX_SAFE_INTEGER });
}

/** Five steps of acme under three budgets, two of which count them wrongly by then. */
async function spoiled(place: Place): Promise<void> {
  const { store } = await openAt(place);
  await store.createWorkspace("w");
  await store.close();
  await at(place, async (engine) => {
    for (const key of ["twice", "over", "right"]) {
      await engine.limits.saveBudget("w", { key, document: BUDGET, ...WHO });
    }
    const steps = ["a", "b", "c", "d", "e"].map((id) => toolCall({ id, customer: "acme" }));
    await engine.ingest("w", steps);
    await spoil(engine, "twice", { settled: 5n * UNIT });
    await spoil(engine, "over", { settled: 0n, overruns: 2n * UNIT });
  });
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  sqlite: async () => ({ dataDir: join(folder, "sqlite") }),
  postgres: async () => {
    return { dataDir: "", databaseUrl: await (await postgresServer()).createDatabase() };
  },
};

for (const [name, make] of Object.entries(places)) {
  test(`balances are set to what their steps say, once that is wanted (${name})`, async () => {
    const place = await make();
    await spoiled(place);
    const wrong = await findings(place);
    assert.equal(wrong.length, 2);
    assert.match(wrong.join("\n"), /settled is 10, its parts add up to 5/);
    assert.match(wrong.join("\n"), /add up to 2, 0 was settled above the limit/);
    const balance = { workspace: "w", scope: "acme", window: "" };
    const wanted = [
      { ...balance, budget: "twice", difference: "-5", overruns: "0" },
      { ...balance, budget: "over", difference: "0", overruns: "-2" },
    ];
    assert.deepEqual(await again(place, null), wanted);
    assert.deepEqual(await findings(place), wrong, "nothing was set");

    assert.deepEqual(await again(place, WHO), wanted);
    assert.deepEqual(await findings(place), []);
    assert.deepEqual(await again(place, WHO), []);
    await at(place, async (engine) => {
      const { balances } = await engine.limits.balancesOf("w", "twice", { limit: 10 });
      assert.deepEqual(
        balances.map(({ settled }) => settled),
        [5n * UNIT],
      );
    });
  });
}

test("of a budget that is out of force, and of one whose limit has changed", async () => {
  const place = { dataDir: join(folder, "retired") };
  await spoiled(place);
  await at(place, async (engine) => {
    await engine.limits.setLimit("w", { budget: "twice", scope: "acme", limit: "9", ...WHO });
    await engine.limits.retireBudget("w", { key: "over", ...WHO });
    await spoil(engine, "twice", { settled: -3n * UNIT });
  });
  assert.notDeepEqual(await findings(place), []);
  assert.notDeepEqual(await again(place, WHO), []);
  assert.deepEqual(await findings(place), []);
});

test("nothing is set where anything else does not verify", async () => {
  const place = { dataDir: join(folder, "corrupt") };
  await spoiled(place);
  const db = new DatabaseSync(join(place.dataDir, "tollgate.db"));
  db.exec("DELETE FROM rollups");
  db.close();
  const wrong = await findings(place);
  await assert.rejects(again(place, WHO), { code: "store.corrupt" });
  assert.deepEqual(await findings(place), wrong);
});

test("a difference is booked once, whoever else saw it, and what came since stays", async () => {
  const { engine, send, store } = await newWorld();
  await engine.limits.saveBudget("w", { key: "twice", document: BUDGET, ...WHO });
  await send(toolCall({ id: "a", customer: "acme" }));
  const differences = [{ ...(await placeOf(engine, "twice")), settled: 2n * UNIT, overruns: 0n }];
  await send(toolCall({ id: "b", customer: "acme" }));
  await engine.limits.recount("w", { ...WHO, differences, asOfSeq: 1 });
  const twice = engine.limits.recount("w", { ...WHO, differences, asOfSeq: 1 });
  await assert.rejects(twice, { code: "booking.conflict" });
  const { balances } = await engine.limits.balancesOf("w", "twice", { limit: 10 });
  assert.deepEqual(
    balances.map(({ settled }) => settled),
    [4n * UNIT],
  );
  assert.equal(
    (await store.acts("w", { kind: "budget.recounted", afterSeq: 0, limit: 9 })).length,
    1,
  );
});
