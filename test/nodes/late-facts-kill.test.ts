/**
 * `kill -9` of a node while what an event states late reaches many steps: what is left is done
 * once, by another node that is sent the event again. 2 kills each, 10 with TOLLGATE_TEST_FULL, and
 * 20 of a tree of thousands of runs.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { LATE_CARD, LATE_FACTS, LateRun, STEPS_BEFORE } from "../crash/late-facts.ts";
import { LateTree, STEPS_OF_TREE } from "../crash/late-tree.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const KILLS = isFull ? 10 : 2;
const TREE_KILLS = isFull ? 20 : 2;
const WAIT_MAX_MS = 300;

let server: PostgresServer;
before(async () => {
  server = await startPostgres({ settings: { fsync: "on" } });
});
after(() => server.stop());

for (const [name, fact] of Object.entries(LATE_FACTS)) {
  test(`${KILLS} kills of a node amid a late ${name} leave every step counted once`, async () => {
    const url = await server.createDatabase();
    const nodes: [NodeProcess, NodeProcess] = [await startNode(url), await startNode(url)];
    try {
      const { client: other } = nodes[1];
      await other.post("/v1/rate-cards", LATE_CARD);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const run = new LateRun(fact, `r${kill}`);
        const [{ client, end }] = nodes;
        await run.work(client);
        const stated = run.state(client);
        await run.amid(other, (kill * WAIT_MAX_MS) / KILLS);
        await end("SIGKILL");
        const wasAnswered = (await stated) !== null;
        const followed = await run.assertWhole(other);
        if (wasAnswered) assert.equal(followed, STEPS_BEFORE, "answered at the end, not before");
        await run.assertFinishes(other);
        nodes[0] = await startNode(url);
      }
    } finally {
      for (const node of nodes) await node.end("SIGKILL");
    }
  });
}

test(`${TREE_KILLS} kills of a node amid a tree's late customer bind all or nothing`, async (t) => {
  const url = await server.createDatabase();
  const nodes: [NodeProcess, NodeProcess] = [await startNode(url), await startNode(url)];
  const parts: string[] = [];
  try {
    const { client: other } = nodes[1];
    await other.post("/v1/rate-cards", LATE_CARD);
    for (let kill = 0; kill < TREE_KILLS; kill += 1) {
      const tree = new LateTree(`t${kill}`);
      const [{ client, end }] = nodes;
      await tree.work(client);
      const named = tree.name(client);
      await tree.amid(other, kill % 2 === 0 ? "binding" : "counting", kill / TREE_KILLS);
      await end("SIGKILL");
      const wasAnswered = (await named) !== null;
      const { isBound, counted } = await tree.assertWhole(other);
      if (wasAnswered) assert.equal(counted, STEPS_OF_TREE, "answered at the end, not before");
      parts.push(isBound ? `${counted}` : "nothing");
      await tree.assertFinishes(other, isBound);
      nodes[0] = await startNode(url);
    }
  } finally {
    for (const node of nodes) await node.end("SIGKILL");
  }
  assert.deepEqual((await verifyDatabase(url, () => undefined)).findings, []);
  t.diagnostic(`bound or counted when it was killed: ${parts.join(", ")}`);
});
