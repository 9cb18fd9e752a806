/**
 * Large requests on one node, so that units begin while the one before them is written, and the
 * database ends connections of units at random: what was acknowledged is there once, what was not
 * can be sent again, every total is the sum of its steps, and verification agrees.
 * TOLLGATE_SEED repeats a run's events.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TOUCHED_TOLD_COUNT } from "../../src/domain/database-limits.ts";
import type { Store } from "../../src/engine/ports.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { CRASH_CARD } from "../crash/card.ts";
import { resend, send } from "../crash/load.ts";
import { assertUsageIsWhatWasSent, recountTrees } from "../crash/recount.ts";
import { type SentEvent, World } from "../crash/world.ts";
import { postgresServer } from "../postgres-server.ts";
import { BY, call } from "./calls.ts";
import { serveNode } from "./nodes.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const SENDERS = 6;
const EVENTS_PER_REQUEST = 110;
const REQUESTS = isFull ? 600 : 60;
/** Now and then an opening, an outcome, a void, a second witness: none begins behind it. */
const PLAIN_SHARE = 0.999;

/** Units know what the one before them left of balances: verification adds them up. */
const BUDGETS = [
  { each: "run", measure: "cost", limit: "1000000" },
  { each: "customer", measure: "steps", per: "day", limit: "10000000" },
] as const;

function requestOf(world: World): SentEvent[] {
  const batch: SentEvent[] = [];
  while (batch.length < EVENTS_PER_REQUEST) batch.push(...world.request());
  return batch.slice(0, EVENTS_PER_REQUEST);
}

/** Counts units that begin before the one ahead of them has ended. */
function countOverlaps(store: Store): () => number {
  const transact = store.transact.bind(store);
  let [running, overlaps] = [0, 0];
  store.transact = async (workspace, work, handedOver) => {
    if (handedOver !== undefined && running > 0) overlaps += 1;
    running += 1;
    return transact(workspace, work, handedOver).finally(() => {
      running -= 1;
    });
  };
  return () => overlaps;
}

const title = "connections cut under overlapping units lose nothing and count nothing twice";

test(title, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const url = await (await postgresServer()).createDatabase();
  const node = await serveNode(url);
  const overlaps = countOverlaps(node.store);
  const { default: pg } = await import("pg");
  const killer = new pg.Client({ connectionString: url });
  await killer.connect();
  const world = new World(seed, { plainShare: PLAIN_SHARE });
  let unknown = 0;
  try {
    const { status } = await node.client.post("/v1/rate-cards", CRASH_CARD);
    assert.ok(status < 300, `the card was answered ${status}`);
    for (const budget of BUDGETS) {
      await call(node.client, `PUT /v1/budgets/each-${budget.each}`, { budget, ...BY });
    }
    // A node that has long been alone tells nobody what it touched, and lets units overlap.
    for (let no = 0; no <= TOUCHED_TOLD_COUNT; no += 1) await send(node.client, world.request());
    let left = REQUESTS;
    const sender = async (): Promise<void> => {
      while (left > 0 || unknown === 0 || overlaps() === 0) {
        left -= 1;
        const { status } = await send(node.client, requestOf(world));
        if (status !== 200) unknown += 1;
      }
    };
    const cutting = (async () => {
      while (left > 0 || unknown === 0) {
        await sleep(50 + world.pick(250));
        await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND backend_xid IS NOT NULL`);
      }
    })();
    await Promise.all([cutting, ...Array.from({ length: SENDERS }, sender)]);
    await resend(node.client, world, world.events.length);
    await recountTrees(node.client);
    await assertUsageIsWhatWasSent(node.client, world);
  } finally {
    await killer.end();
    await node.close();
  }
  assert.deepEqual((await verifyDatabase(url, () => undefined)).findings, []);
  t.diagnostic(`${world.events.length} events, ${overlaps()} overlaps, ${unknown} told unknown`);
  assert.ok(unknown > 0, "cuts hit units in flight");
  assert.ok(overlaps() > 0, "units overlapped");
});
