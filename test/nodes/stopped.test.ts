/**
 * A node that is stopped (SIGSTOP) in the middle of its work holds nobody up for long, and does no
 * harm when it goes on, with TOLLGATE_TEST_FULL after a minute: its transaction was ended by the
 * server, and its lease is another's.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GivenUp } from "../../src/engine/guarded-store.ts";
import { PeriodicWork } from "../../src/engine/periodic-work.ts";
import { resend, sendMany } from "../crash/load.ts";
import { assertUsageIsWhatWasSent } from "../crash/recount.ts";
import { World } from "../crash/world.ts";
import { postgresServer } from "../postgres-server.ts";
import { openNode, startNode } from "./nodes.ts";

/** Longer than a lease lasts, so that the other node does the periodic work meanwhile. */
const STOPPED_MS = process.env.TOLLGATE_TEST_FULL === undefined ? 0 : 60_000;
const ROUND_MS = 3_000;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);

after(async () => (await postgresServer()).stop());

function afterRequests(count: number): () => boolean {
  let left = count;
  return () => {
    left -= 1;
    return left < 0;
  };
}

test("a node that was stopped under load holds nobody up, and wakes without harm", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const url = await (await postgresServer()).createDatabase();
  const [stopped, other] = [await startNode(url), await startNode(url)];
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
    stopped.child.kill("SIGCONT");
    await load;
    await resend(stopped.client, world, 100);
    await assertUsageIsWhatWasSent(stopped.client, world);
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
