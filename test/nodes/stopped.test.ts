/**
 * A node that is stopped (SIGSTOP) in the middle of its work holds nobody up for long, and does no
 * harm when it goes on, with TOLLGATE_TEST_FULL after a minute: its transaction was ended by the
 * server, and its lease is another's.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { GivenUp } from "../../src/engine/duties/guarded-store.ts";
import { PeriodicWork } from "../../src/engine/duties/periodic-work.ts";
import { resend, sendMany } from "../crash/load.ts";
import { assertUsageIsWhatWasSent } from "../crash/recount.ts";
import { World } from "../crash/world.ts";
import { postgresServer } from "../postgres-server.ts";
import { openNode, startNode } from "./nodes.ts";

/** Longer than a lease lasts, so that the other node does the periodic work meanwhile. */
const STOPPED_MS = process.env.TOLLGATE_TEST_FULL === undefined ? 0 : 60_000;
const IS_LONG = STOPPED_MS > 0;
/** Longer than it takes a node to ask for the lease, or to renew it. */
const ASKED_MS = 12_000;
const ROUND_MS = 3_000;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);

function afterRequests(count: number): () => boolean {
  let left = count;
  return () => {
    left -= 1;
    return left < 0;
  };
}

interface LeaseRow {
  readonly holder: string;
  readonly fence: string;
}

/** Who does the periodic work of a database; undefined: nobody yet. */
async function leaseIn(url: string): Promise<LeaseRow | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT holder, fence FROM leases WHERE name = 'duties'");
  await client.end();
  return rows[0];
}

/** A node that asks for the lease before any other is there, as nobody does in its first second. */
async function startHolder(url: string) {
  const node = await startNode(url);
  for (let passedMs = 0; IS_LONG && passedMs < ASKED_MS; passedMs += 500) {
    const held = await leaseIn(url);
    if (held !== undefined) return { node, held };
    await sleep(500);
  }
  assert.ok(!IS_LONG, "the first node took the lease");
  return { node, held: undefined };
}

test("a node that was stopped under load holds nobody up, and wakes without harm", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const url = await (await postgresServer()).createDatabase();
  const { node: stopped, held } = await startHolder(url);
  const other = await startNode(url);
  const world = new World(seed);
  try {
    let isOver = false;
    const load = sendMany(stopped.client, world, { connections: 4, isOver: () => isOver });
    await new Promise((resolve) => setTimeout(resolve, 400));
    stopped.child.kill("SIGSTOP");
    isOver = true;
    const began = performance.now();
    // What the stopped node was asked and has not answered is sent to the other one.
    await resend(other.client, world, 100);
    const waitedMs = performance.now() - began;
    assert.ok(waitedMs < 20_000, `the workspace was held for ${waitedMs} ms`);
    await assertUsageIsWhatWasSent(other.client, world);
    for (let passedMs = 0; passedMs < STOPPED_MS; passedMs += ROUND_MS) {
      await sendMany(other.client, world, { connections: 1, isOver: afterRequests(20) });
      await sleep(ROUND_MS);
    }
    const taken = IS_LONG ? await leaseIn(url) : undefined;
    assert.ok(!IS_LONG || taken?.holder !== held?.holder, "the lease is the other node's");
    assert.ok(!IS_LONG || Number(taken?.fence) > Number(held?.fence), "and its fence has grown");
    stopped.child.kill("SIGCONT");
    await load;
    await resend(stopped.client, world, 100);
    await assertUsageIsWhatWasSent(stopped.client, world);
    await sleep(IS_LONG ? ASKED_MS : 0);
    assert.deepEqual(IS_LONG ? await leaseIn(url) : undefined, taken, "it stays where it went");
  } finally {
    stopped.child.kill("SIGCONT");
    await Promise.all([stopped.end("SIGKILL"), other.end("SIGKILL")]);
  }
});

test("periodic work of a node whose lease went to another one does nothing", async () => {
  const url = await (await postgresServer()).createDatabase();
  const [slow, quick] = [await openNode(url), await openNode(url)];
  try {
    const first = await slow.store.leases.take("duties", "slow", 1);
    assert.ok(first !== null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // The slow node is stopped here, and goes on after the other has taken over.
    const second = await quick.store.leases.take("duties", "quick", 60_000);
    assert.ok(second !== null && second.fence > first.fence, "the fence grew");
    assert.equal(await slow.store.leases.take("duties", "slow", 1), null);
    const late = slow.engine.periodicWork(first);
    assert.ok(late instanceof PeriodicWork);
    const before = await slow.store.commits("default");
    await assert.rejects(late.doWhatIsDue("default"), GivenUp);
    assert.equal(await slow.store.commits("default"), before, "nothing was written");
    await quick.engine.periodicWork(second).doWhatIsDue("default");
    await quick.store.leases.end(second);
    assert.ok((await slow.store.leases.take("duties", "slow", 1)) !== null, "it was given back");
  } finally {
    await slow.close();
    await quick.close();
  }
});
