import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import type { Store } from "../../engine/ports.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { amount, rollupRow, runRow, stepRow, writesOf } from "../sample-rows-contract.ts";
import { storeContract } from "../store-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

const createDatabase = async () => (await postgresServer()).createDatabase();
/** One, for the store of the contract is opened again. */
const contractDatabase = { url: "" };
before(async () => {
  contractDatabase.url = await createDatabase();
});

storeContract({
  name: "the PostgreSQL store",
  open: () => openPostgresStore({ connectionString: contractDatabase.url, digest: nodeDigest }),
});

/** A fresh database with one workspace, for tests that break something. */
async function withStore(work: (store: Store, url: string) => Promise<void>) {
  const connectionString = await createDatabase();
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  try {
    await store.createWorkspace("w");
    await work(store, connectionString);
  } finally {
    await store.close();
  }
}

const oneRun = writesOf({ runs: [runRow({ id: "r1" })] });

test("a unit that goes on after a statement failed is not acknowledged", async () => {
  await withStore(async (store) => {
    const unit = store.transact("w", async (work) => {
      await work.write(oneRun);
      // No text of PostgreSQL holds NUL: the server refuses the statement.
      await assert.rejects(async () => work.runs(["\u0000"]), { code: "store.unknown" });
    });
    await assert.rejects(unit, { code: "store.unknown" });
    assert.equal(await store.run("w", "r1"), undefined);
  });
});

test("a step that is there is not written as a new one, nor is anything beside it", async () => {
  await withStore(async (store) => {
    const step = stepRow({ id: "e1", cost: amount(5) });
    await store.transact("w", (work) => work.write({ ...oneRun, steps: [step] }));
    const again = { ...step, seq: 2, cost: amount(9) };
    const twice = writesOf({ runs: [runRow({ id: "r2" })], steps: [again] });
    await assert.rejects(async () => store.transact("w", (work) => work.write(twice)), {
      code: "store.unknown",
      message: /duplicate key value/,
    });
    assert.deepEqual(await store.stepsOfRun("w", "r1"), [step]);
    assert.equal(await store.run("w", "r2"), undefined);
    const revised = writesOf({ steps: [{ ...again, revision: 2 }], formerSteps: [step] });
    await store.transact("w", (work) => work.write(revised));
    assert.deepEqual(await store.stepsOfRun("w", "r1"), [{ ...again, revision: 2 }]);
  });
});

test("a connection that is cut leaves the outcome unknown, and the next unit works", async () => {
  await withStore(async (store, url) => {
    const cut = store.transact("w", async (work) => {
      await work.write(oneRun);
      await cutConnections(url);
    });
    await assert.rejects(cut, { code: "store.unknown" });
    assert.equal(await store.run("w", "r1"), undefined);
    await store.transact("w", (work) => work.write(oneRun));
    assert.deepEqual(await store.run("w", "r1"), runRow({ id: "r1" }));
  });
});

test("a read on connections that were cut while nobody used them is asked on another", async () => {
  await withStore(async (store, url) => {
    await store.transact("w", (work) => work.write(oneRun));
    const ids = ["r1", "r1", "r1"];
    await Promise.all(ids.map((id) => store.run("w", id)));
    // By another process, for which this one waits: so nothing here has heard of it yet.
    const script = `import pg from "pg";
      const client = new pg.Client({ connectionString: ${JSON.stringify(url)} });
      await client.connect();
      await client.query(${JSON.stringify(CUT)});
      await client.end();`;
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(done.status, 0, String(done.stderr));
    assert.deepEqual(await store.run("w", "r1"), runRow({ id: "r1" }));
  });
});

async function runSql(url: string, sql: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const CUT = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;
const cutConnections = (url: string) => runSql(url, CUT);

test("two nodes that write one workspace take turns", async () => {
  await withStore(async (store, connectionString) => {
    const other = await openPostgresStore({ connectionString, digest: nodeDigest });
    const rollups = [rollupRow({ steps: 1 })];
    const add = (node: Store) =>
      node.transact("w", async (work) => {
        const head = await work.head();
        await work.write(writesOf({ rollups, head: { ...head, lastSeq: head.lastSeq + 1 } }));
      });
    await Promise.all(Array.from({ length: 20 }, (_, n) => add(n % 2 === 0 ? store : other)));
    await other.close();
    assert.equal((await store.rollups("w", {}))[0]?.steps, 20);
    const { lastSeq } = await store.transact("w", (work) => work.head());
    assert.equal(lastSeq, 20);
  });
});

test("a node finds the schema of another one, and refuses a newer one", async () => {
  await withStore(async (_store, connectionString) => {
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query("INSERT INTO tollgate_schema VALUES (9999)");
    await client.end();
    const newer = openPostgresStore({ connectionString, digest: nodeDigest });
    await assert.rejects(newer, { code: "store.version" });
  });
});

test("a node goes on beside a newer version whose migrations only add", async () => {
  await withStore(async (store, connectionString) => {
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query(`ALTER TABLE runs ADD COLUMN of_a_later_version text;
      CREATE TABLE of_a_later_version (ws integer);
      INSERT INTO tollgate_schema VALUES (9999, false)`);
    await client.end();
    // One that was there before, and one of the same version that starts now.
    await store.transact("w", (work) => work.write(oneRun));
    const started = await openPostgresStore({ connectionString, digest: nodeDigest });
    await started.transact("w", async (work) => {
      assert.deepEqual(await work.runs(["r1"]), [runRow({ id: "r1" })]);
      await work.write(writesOf({ runs: [runRow({ id: "r2" })] }));
    });
    assert.deepEqual(await store.run("w", "r2"), runRow({ id: "r2" }));
    await started.close();
  });
});

test("nodes that start at once on an empty database agree on its schema", async () => {
  const connectionString = await createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const nodes = await Promise.all([open(), open(), open()]);
  for (const node of nodes) await node.close();
});

test("of a database that cannot be used a start says why", async () => {
  const open = (connectionString: string) =>
    openPostgresStore({ connectionString, digest: nodeDigest });
  const code = "store.unreachable";
  const nobody = open("postgresql://postgres@127.0.0.1:1/none");
  await assert.rejects(nobody, { code, message: /cannot be used: connect ECONNREFUSED/ });
  const url = new URL(await createDatabase());
  await runSql(url.href, "CREATE ROLE poor LOGIN");
  url.username = "poor";
  await assert.rejects(open(url.href), { code, message: /cannot be used: permission denied/ });
  url.pathname = "/none";
  await assert.rejects(open(url.href), { code, message: /database "none" does not exist/ });
});
