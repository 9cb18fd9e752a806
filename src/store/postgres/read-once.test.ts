/** A customer's history is asked for once, however many pages it has, and no other's with it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { nodeDigest } from "../../compose.ts";
import { NO_MOMENTS } from "../../domain/simulation/moments.ts";
import {
  CUSTOMER_STEPS,
  FORMER_STEPS,
  PAGE_STEPS,
  pagesOf,
  writeLongHistory,
} from "../customer-steps-contract.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

const PAGES = Math.ceil(CUSTOMER_STEPS / PAGE_STEPS);
const QUIET = { onProgress: () => {}, signal: new AbortController().signal };

async function longHistory() {
  const connectionString = await (await postgresServer()).createDatabase();
  // One connection for reports: one that is not given back stops the next read.
  const bounds = { connectionsMax: 1, connectMaxMs: 2_000 };
  const store = await openPostgresStore({ connectionString, digest: nodeDigest, bounds });
  await writeLongHistory(store, "w");
  return { store, connectionString, history: store.history("w") };
}

test("steps are sorted by one statement, and taken from it in pages", async () => {
  const { store, history } = await longHistory();
  const sent = await sentIn(async () => {
    const { sizes } = await pagesOf(history.stepsOfCustomer("acme"));
    assert.deepEqual(sizes, [PAGE_STEPS, PAGE_STEPS, CUSTOMER_STEPS - 2 * PAGE_STEPS]);
  });
  const texts = sent.map(({ text }) => text);
  assert.equal(texts.filter((text) => /FROM steps/.test(text)).length, 1, texts.join("\n"));
  assert.equal(texts.filter((text) => text.startsWith("FETCH ")).length, PAGES);
  assert.equal(texts.at(-1), "CLOSE tollgate_pages");
  await store.close();
});

test("no transaction stays open while pages are taken, and who stops gives all back", async () => {
  const { store, connectionString, history } = await longHistory();
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (let again = 0; again < 2; again += 1) {
    for await (const page of history.stepsOfCustomer("acme")) {
      assert.equal(page.length, PAGE_STEPS);
      const { rows } = await client.query(`SELECT state FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'FETCH%'`);
      assert.deepEqual(rows, [{ state: "idle" }]);
      break;
    }
  }
  assert.equal((await store.listRuns("w", { limit: 3 })).length, 3);
  await client.end();
  await store.close();
});

test("a connection that is cut between pages is no end of the history", async () => {
  const { store, connectionString, history } = await longHistory();
  const client = new pg.Client({ connectionString });
  await client.connect();
  const cut = async () => {
    for await (const _page of history.stepsOfCustomer("acme")) {
      await client.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    }
  };
  await assert.rejects(cut, { code: "store.unknown" });
  // Before the first page it is asked again, on another connection.
  const { found } = await pagesOf(history.stepsOfCustomer("acme"));
  assert.equal(found.length, CUSTOMER_STEPS);
  await client.end();
  await store.close();
});

test("former steps are read in the order of their key, a page each", async () => {
  const { store, connectionString, history } = await longHistory();
  const sent = await sentIn(async () => {
    await pagesOf(history.formerStepsOfCustomer("acme"));
  });
  const asked = sent.filter(({ text }) => text.includes("FROM former_steps f WHERE"));
  assert.equal(asked.length, FORMER_STEPS / PAGE_STEPS + 1);
  const options = "-c enable_seqscan=off -c enable_bitmapscan=off";
  const client = new pg.Client({ connectionString, options });
  await client.connect();
  for (const { text, values } of asked) {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [...values]);
    assert.ok(!JSON.stringify(rows).includes('"Sort"'), JSON.stringify(rows));
  }
  await client.end();
  await store.close();
});

test("sums of named customers read their steps alone", async () => {
  const { store, history } = await longHistory();
  const sums = async (customers: readonly string[] | null) => {
    const progress: number[] = [];
    const onlooker = { ...QUIET, onProgress: (done: number) => void progress.push(done) };
    const request = { contenders: [], cards: [], rates: [], moments: NO_MOMENTS };
    await history.sumSteps({ ...request, customers }, onlooker);
    return progress.at(-1);
  };
  assert.equal(await sums(["acme"]), CUSTOMER_STEPS);
  assert.equal(await sums(["acme", "acme", "nobody"]), CUSTOMER_STEPS);
  assert.equal(await sums(["acme", "beta"]), 2 * CUSTOMER_STEPS);
  assert.equal(await sums(null), 2 * CUSTOMER_STEPS);
  await store.close();
});
