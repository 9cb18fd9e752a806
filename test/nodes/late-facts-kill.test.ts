/**
 * `kill -9` of a node while what an event states late reaches many steps: what is left is done
 * once, by another node that is sent the event again. 2 kills each, 10 with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LATE_CARD, LATE_FACTS, LateRun, STEPS_BEFORE } from "../crash/late-facts.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 2 : 10;
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
