/** Nodes that take turns tell one another how many holds count: nobody counts them again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { NOW_MS, opened, step } from "../../engine/commit/engine-world.test.ts";
import type { Engine } from "../../engine/engine.ts";
import { ask } from "../../engine/limits/holds-world.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

const WORKSPACE = "w";
const RUN = "r1";
const NO_REQUEST = { run: RUN, asks: [], releases: [], renewals: [], caps: [] };
const TURNS = 40;

/** How many times holds are counted while it works. */
async function countsIn(work: () => Promise<void>): Promise<number> {
  const sent = await sentIn(work);
  return sent.filter(({ text }) => text.includes("count(*) AS n FROM holds")).length;
}

/** Sets two aside, settles one and releases another, as turns go. */
async function take(engine: Engine, turn: number): Promise<void> {
  const asks = [ask(`a${turn}`), ask(`b${turn}`)];
  await engine.hold(WORKSPACE, [], { ...NO_REQUEST, asks });
  if (turn % 2 === 1) await engine.ingest(WORKSPACE, [step({ run: RUN, id: `a${turn - 1}` })]);
  const releases = [{ run: RUN, source: "sdk", id: `b${turn - 2}` }];
  if (turn % 3 === 2) await engine.hold(WORKSPACE, [], { ...NO_REQUEST, releases });
}

test("two nodes in turns count holds once each, and know how many count", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const stores = [await open(), await open()] as const;
  const engines = stores.map((store) => composeEngine(store, { clock: { nowMs: () => NOW_MS } }));
  const [first, second] = engines as [Engine, Engine];
  await first.store.createWorkspace(WORKSPACE);
  await first.ingest(WORKSPACE, [opened({ run: RUN, customer: "acme" })]);
  const client = new pg.Client({ connectionString });
  await client.connect();
  const counts = await countsIn(async () => {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const [engine, store] = turn % 2 === 0 ? [first, stores[0]] : [second, stores[1]];
      await take(engine, turn);
      const known = await store.transact(WORKSPACE, (unit) => unit.spending.countingHoldCount());
      const { rows } = await client.query("SELECT count(*) FROM holds WHERE state = 'open'");
      assert.equal(known, Number(rows[0].count), `turn ${turn}`);
    }
  });
  assert.ok(counts <= engines.length, `${counts} counts in ${TURNS} turns`);
  await client.end();
  for (const store of stores) await store.close();
});
