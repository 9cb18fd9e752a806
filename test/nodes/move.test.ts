/**
 * A data folder moves into a PostgreSQL database whole: what verifies there, verifies here, a move
 * that was cut off goes on, and what is altered in the database is found as it is in the folder.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Client } from "pg";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { moveToPostgres } from "../../src/store/move/move-to-postgres.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { makeVariedHistory } from "../faults/varied-history.ts";
import { postgresServer } from "../postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-move-"));
const dataDir = join(folder, "data");
let url: string;
let client: Client;

before(async () => {
  await makeVariedHistory(dataDir);
  url = await (await postgresServer()).createDatabase();
  await move({ to: url });
  const { default: pg } = await import("pg");
  client = new pg.Client({ connectionString: url });
  await client.connect();
});

after(async () => {
  await client.end();
  rmSync(folder, { recursive: true });
});

interface Wanted {
  readonly to: string;
  readonly from?: string;
  readonly rowsAtOnce?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

function move({ to, from = dataDir, onProgress = () => undefined, rowsAtOnce = 7 }: Wanted) {
  const installation = { "payment-key": "00ff" };
  const where = { dataDir: from, connectionString: to, digest: nodeDigest };
  return moveToPostgres({ ...where, onProgress, installation, rowsAtOnce });
}

const verified = (at: string) => verifyDatabase(at, () => undefined);

test("what was moved verifies as it did, row for row", async () => {
  const before = verifyDataFolder(dataDir);
  const here = await verified(url);
  assert.deepEqual(here.findings, []);
  assert.deepEqual(here.checked, before.checked);
  assert.ok(
    Object.values(here.checked).every((count) => count > 0),
    "every table has rows",
  );
});

test("runs, bills and balances say the same from the database", async () => {
  const folderCopy = join(folder, "copy");
  cpSync(dataDir, folderCopy, { recursive: true });
  const sqlite = openSqliteStore({ dataDir: folderCopy, digest: nodeDigest });
  const postgres = await openPostgresStore({ connectionString: url, digest: nodeDigest });
  try {
    for (const workspace of await sqlite.workspaces()) {
      const tell = async (store: typeof sqlite | typeof postgres) => {
        const engine = composeEngine(store);
        const ids = await store.runIds(workspace, "", 1_000);
        return {
          trees: await Promise.all(ids.map((id) => engine.runTree(workspace, id))),
          statements: await store.listStatements(workspace),
          balances: await store.spending.balancesOf(workspace, { limit: 1_000 }),
          head: await store.transact(workspace, (unit) => unit.head()),
        };
      };
      assert.deepEqual(await tell(postgres), await tell(sqlite), workspace);
    }
  } finally {
    await sqlite.close();
    await postgres.close();
  }
});

test("a move that is cut off again and again goes on, and nodes wait for its end", async () => {
  const to = await (await postgresServer()).createDatabase();
  let cuts = 0;
  let furthest = 0;
  for (;;) {
    const cutAfter = furthest + 40;
    const onProgress = (done: number): void => {
      assert.ok(done >= 0);
      furthest = Math.max(furthest, done);
      if (done >= cutAfter) throw new Error("cut off");
    };
    try {
      await move({ to, onProgress, rowsAtOnce: 5 });
      break;
    } catch (error) {
      assert.match(String(error), /cut off/);
      cuts += 1;
      const early = openPostgresStore({ connectionString: to, digest: nodeDigest });
      await assert.rejects(early, { code: "store.moving" });
    }
  }
  assert.ok(cuts >= 3, `cut off ${cuts} times`);
  const here = await verified(to);
  assert.deepEqual(here, await verified(url));
  const again = { code: "store.not_empty", message: /All of this folder was moved/ };
  await assert.rejects(move({ to }), again);
});

test("a folder that went on is not mixed with what was moved of it before", async () => {
  const [to, from] = [await (await postgresServer()).createDatabase(), join(folder, "went-on")];
  cpSync(dataDir, from, { recursive: true });
  const cut = (done: number): void => {
    if (done > 20) throw new Error("cut off");
  };
  await assert.rejects(move({ to, from, onProgress: cut }), /cut off/);
  const store = openSqliteStore({ dataDir: from, digest: nodeDigest });
  await assert.rejects(move({ to, from }), { code: "store.locked" });
  await composeEngine(store).saveWorkspace("default", { graceHours: 3 });
  await store.close();
  await assert.rejects(move({ to, from }), { code: "store.not_empty" });
});

/** What is altered of a table; of any other one, its checksum. */
const ALTERED: Readonly<Record<string, string>> = {
  steps: "body = replace(body, '1', '2')",
  former_steps: "seq = seq + 900",
  runs: "own_charge = own_charge + 1",
  rollups: "steps = steps + 1",
  counters: "amount = amount + 1",
  budget_balances: "settled = settled + 1",
  budget_held: "level = level + 1",
  budget_limits: "level = level + 1",
  budgets: "counts_from = counts_from + 1",
  workspaces: "committed_at = committed_at + 1",
  chain: "committed_at = committed_at + 1",
  calls: "run = run || 'x'",
  customers: "time_zone = 'Asia/Tokyo'",
  periods: "closed_at = closed_at + 1",
  outcomes: "charge = charge + 1",
  rate_cards: "effective_from = effective_from + 1",
  statements: "total = '9' || total",
  stops: "scope = scope || 'x'",
  price_versions: "recorded_at = recorded_at + 1",
};

/** Tables that are altered at once: one by one with TOLLGATE_TEST_FULL. */
const TOGETHER = process.env.TOLLGATE_TEST_FULL === undefined ? 8 : 1;

test("whatever table of the database is altered, a finding names it", async () => {
  const { checked } = await verified(url);
  const tables = [...Object.keys(checked).filter((name) => name !== "names"), "budget_held"];
  for (let group = 0; group * TOGETHER < tables.length; group += 1) {
    const groups = Math.ceil(tables.length / TOGETHER);
    const altered = tables.filter((_, at) => at % groups === group);
    for (const table of altered) {
      const change = ALTERED[table] ?? "checksum = checksum + 1";
      const where = `ctid = (SELECT ctid FROM ${table} ORDER BY 1 LIMIT 1)`;
      await client.query(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
      const { rowCount } = await client.query(`UPDATE ${table} SET ${change} WHERE ${where}`);
      assert.ok((rowCount ?? 0) > 0, `${table} has a row to alter`);
    }
    const { findings } = await verified(url);
    for (const table of altered) {
      assert.ok(
        findings.some((found) => found.table === table),
        table,
      );
      await client.query(`DELETE FROM ${table}; INSERT INTO ${table} OVERRIDING SYSTEM VALUE
        SELECT * FROM kept_${table}; DROP TABLE kept_${table}`);
    }
  }
  assert.deepEqual((await verified(url)).findings, []);
});
