/**
 * The real engine over every store: what happens must not depend on where it is kept, every total
 * is the sum of its parts, and the order of arrival changes no total.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { composeEngine, nodeDigest } from "../compose.ts";
import { present } from "../domain/assert.ts";
import type { Store } from "../engine/ports.ts";
import { anyTwoArrivals, totalsOf } from "./arrival-order-contract.ts";
import { assertConserved } from "./conservation-contract.ts";
import { anyHistory } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { deliver, engineOver, type Holdings, holdings, play } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { sorted } from "./round-trip-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-engine-"));
const memory = new MemoryStore();
const stores = new Map<string, Store>();
let workspaces = 0;
const DAY_MS = 86_400_000;

before(async () => {
  const server = await postgresServer();
  const connectionString = await server.createDatabase();
  stores.set("SQLite", openSqliteStore({ dataDir, digest: nodeDigest }));
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});

after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function newWorkspace(): string {
  workspaces += 1;
  return `w${workspaces}`;
}

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const full = isFull ? 20 : 1;

test("the same history has the same answers and leaves the same rows on every store", async () => {
  const property = fc.asyncProperty(anyHistory, async (happenings) => {
    const isRecovered = happenings.some(({ kind }) => kind === "fail");
    // A recovery may forget a sign of life, and with it whose silence has lasted longest.
    const history = happenings.filter(({ kind }) => !isRecovered || kind !== "abandon");
    const workspace = newWorkspace();
    const answers = await play(memory, workspace, history);
    const rows = await holdings(memory, workspace);
    const seen = (all: Holdings) => (isRecovered ? recovered(all) : all);
    for (const [name, store] of stores) {
      assert.deepEqual(await play(store, workspace, history), answers, `answers of ${name}`);
      assert.deepEqual(seen(await holdings(store, workspace)), seen(rows), `rows of ${name}`);
    }
  });
  await fc.assert(property, { numRuns: 25 * full });
});

test("a crash after any history loses nothing that was acknowledged", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const folders = ["before", "after"].map((name) => join(dataDir, `${newWorkspace()} ${name}`));
    const [before = "", after = ""] = folders;
    const store = openSqliteStore({ dataDir: before, digest: nodeDigest });
    await play(store, "w", history);
    // The files as they are while the process still holds what it has not written.
    cpSync(before, after, { recursive: true });
    const survivor = openSqliteStore({ dataDir: after, digest: nodeDigest });
    await composeEngine(survivor).recover("w");
    const found = await holdings(survivor, "w");
    await survivor.close();
    const wanted = await holdings(store, "w");
    await store.close();
    assert.deepEqual(recovered(found), recovered(wanted));
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: 25 * full });
});

/**
 * What a recovery brings back. Rows that came to zero again are not made anew, and a duplicate's
 * sign of life, which changes no total, is not worth a write of its own.
 */
function recovered({ runs, rollups, counters, balances, ...rest }: Holdings) {
  return {
    ...rest,
    runs: sorted(runs.map(({ lastSeenAtMs: _, ...run }) => run)),
    rollups: rollups.filter((row) => row.steps !== 0 || row.cost !== 0n || row.charge !== 0n),
    counters: counters.filter(({ counter }) => counter.cardVersionId !== null),
    balances: balances.filter(({ settled }) => settled !== 0n),
  };
}

test("whatever happens, each total is the sum of its parts", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    // A store of its own: so many histories are not to be held at once.
    const own = new MemoryStore();
    await play(own, "w", history);
    assertConserved(await holdings(own, "w"));
  });
  await fc.assert(property, { numRuns: isFull ? 40_000 : 300 });
});

for (const [where, runs] of [
  [["memory"], isFull ? 15_000 : 36],
  [["SQLite", "PostgreSQL"], 24 * full],
] as const) {
  test(`no total depends on the order in which events arrive (${where.join(", ")})`, async () => {
    const property = fc.asyncProperty(anyTwoArrivals, fc.constantFrom(...where), inTwoOrders);
    await fc.assert(property, { numRuns: runs });
  });
}

type Arrival = Parameters<typeof deliver>[2];

/** Lets the same events arrive in two orders, the second one in a store of this name. */
async function inTwoOrders([one, other]: readonly Arrival[], name: string): Promise<void> {
  const [a, b] = [newWorkspace(), newWorkspace()];
  const [own, store] = [new MemoryStore(), stores.get(name) ?? new MemoryStore()];
  const [here, there] = [await engineOver(own, a), await engineOver(store, b)];
  await deliver(own, a, { ...present(one, "an order"), world: here });
  await deliver(store, b, { ...present(other, "another order"), world: there });
  const compare = async (when: string) => {
    const first = await holdings(own, a);
    const second = await holdings(store, b);
    assertConserved(second);
    assert.deepEqual(totalsOf(second), totalsOf(first), when);
  };
  await compare("as it arrived");
  for (const { advance } of [here, there]) advance(40 * DAY_MS);
  // The one by the timer, the other because its periods are closed.
  await here.engine.settleOutcomes(a);
  await there.engine.closePeriod(b, { customer: null, period: "", early: false });
  assert.equal(await there.engine.settleOutcomes(b), 0, "a close settles all that is due");
  await compare("when all of it is final");
}
