/** Usage by end user over random histories: nothing is lost, and every store tells the same. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/ports.ts";
import type { UsageDimension, UsageRow } from "../engine/reports/read-usage.ts";
import { anyHistory } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { engineOver, holdings, lengthMs, play } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-usage-"));
const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;
let workspaces = 0;

after(async () => {
  rmSync(folder, { recursive: true, force: true });
});

const SUMMED = ["steps", "unpriced", "inputTokens", "outputTokens", "cost", "charge"] as const;

/** Sums of rows by what is left of their groups without the end user. */
function withoutEndUser(rows: readonly UsageRow[]) {
  const sums = new Map<string, Record<string, bigint>>();
  for (const row of rows) {
    const { endUser: _, ...group } = row.group;
    const key = JSON.stringify(group);
    const sum = sums.get(key) ?? {};
    for (const name of SUMMED) sum[name] = (sum[name] ?? 0n) + BigInt(row[name]);
    sum.accrued = (sum.accrued ?? 0n) + row.accrued;
    sums.set(key, sum);
  }
  const telling = [...sums].filter(([, sum]) => Object.values(sum).some((one) => one !== 0n));
  return new Map(telling.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const byGroup = (rows: readonly UsageRow[]) =>
  rows.toSorted((a, b) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1));

async function assertLaws(engine: Engine, workspace: string): Promise<void> {
  const usage = (groupBy: readonly UsageDimension[], filter = {}) =>
    engine.usage(workspace, { groupBy, filter });
  for (const others of [[], ["customer"], ["period", "agent", "kind"]] as UsageDimension[][]) {
    const told = withoutEndUser(await usage([...others, "endUser"]));
    assert.deepEqual(told, withoutEndUser(await usage(others)), `by ${others.join()}`);
  }
  const { runs } = await holdings(engine.store, workspace);
  const periods = new Set((await usage(["period"])).map(({ group }) => group.period ?? ""));
  for (const endUser of new Set(runs.flatMap((run) => run.endUser ?? []))) {
    const own = runs.filter((run) => run.endUser === endUser && run.customer !== null);
    const [sum] = await usage([], { endUser });
    const sumOf = (of: (run: (typeof runs)[number]) => bigint) =>
      own.reduce((all, run) => all + of(run), 0n);
    assert.equal(
      BigInt(sum?.steps ?? 0),
      sumOf((run) => BigInt(run.own.steps)),
      endUser,
    );
    assert.equal(
      sum?.cost ?? 0n,
      sumOf((run) => run.own.cost),
      endUser,
    );
    const bounds = sumOf(({ corrections }) =>
      corrections.reduce((all, { cap, minimum }) => all + cap + minimum, 0n),
    );
    assert.equal(sum?.charge ?? 0n, sumOf((run) => run.own.charge) + bounds, endUser);
    const rows = (await usage(["period", "endUser"])).filter(
      (row) => row.group.endUser === endUser,
    );
    for (const period of periods) {
      const wanted = rows.filter(({ group }) => group.period === period);
      const read = await usage(["period", "endUser"], { endUser, period });
      assert.deepEqual(read, wanted, `${endUser} in ${period}`);
      const month = period.slice(0, "2026-11".length);
      const ofMonth = rows.filter(({ group }) => group.period?.startsWith(month));
      const readOf = await usage(["period", "endUser"], { endUser, period: month });
      assert.deepEqual(readOf, ofMonth, `${endUser} in ${month}`);
    }
  }
}

test("usage by end user adds up to all usage, whatever happened", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const store = new MemoryStore();
    await play(store, "w", history);
    const { engine, advance } = await engineOver(store, "w", { isNew: false });
    advance(history.reduce((sum, one) => sum + lengthMs(one), 0));
    await assertLaws(engine, "w");
  });
  await fc.assert(property, { numRuns: 60 * full });
});

test("every store tells the same usage by end user", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const stores: Store[] = [
    new MemoryStore(),
    openSqliteStore({ dataDir: folder, digest: nodeDigest }),
    await openPostgresStore({ connectionString, digest: nodeDigest }),
  ];
  const property = fc.asyncProperty(anyHistory, async (history) => {
    workspaces += 1;
    const workspace = `w${workspaces}`;
    const told: unknown[] = [];
    for (const store of stores) {
      await play(store, workspace, history);
      const { engine } = await engineOver(store, workspace, { isNew: false });
      const query = { groupBy: ["customer", "endUser"], filter: {} } as const;
      told.push(byGroup(await engine.usage(workspace, query)));
    }
    for (const rows of told) assert.deepEqual(rows, told[0]);
  });
  try {
    await fc.assert(property, { numRuns: 6 * full });
  } finally {
    for (const store of stores) await store.close();
  }
});
