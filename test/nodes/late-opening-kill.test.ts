/**
 * `kill -9` of a node while a run's late opening restates its steps: what is left is done once, by
 * another node that is sent the opening again, while steps of the run arrive there.
 * 2 kills, 10 with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  amidRestating,
  assertFinishes,
  assertWhole,
  isRestating,
  LATE_CARD,
  openLate,
  workUnopened,
} from "../crash/late-opening.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 2 : 10;
const WAIT_MAX_MS = 300;

let server: PostgresServer;
before(async () => {
  server = await startPostgres({ settings: { fsync: "on" } });
});
after(() => server.stop());

test(`${KILLS} kills of a node amid a late opening leave every step counted once`, async () => {
  const url = await server.createDatabase();
  const nodes: [NodeProcess, NodeProcess] = [await startNode(url), await startNode(url)];
  try {
    const { client: other } = nodes[1];
    await other.post("/v1/rate-cards", LATE_CARD);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const run = `r${kill}`;
      const [{ client, end }] = nodes;
      await workUnopened(client, run);
      const opened = openLate(client, run);
      await amidRestating(other, run, (kill * WAIT_MAX_MS) / KILLS);
      await end("SIGKILL");
      const wasAnswered = (await opened) !== null;
      await assertWhole(other, run);
      assert.equal(await isRestating(other, run), !wasAnswered, "answered at the end, not before");
      await assertFinishes(other, run);
      nodes[0] = await startNode(url);
    }
  } finally {
    for (const node of nodes) await node.end("SIGKILL");
  }
});
