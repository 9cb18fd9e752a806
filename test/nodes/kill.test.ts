/**
 * `kill -9` of a node, and of PostgreSQL itself, under load on two nodes: what was acknowledged is
 * there once, what was not can be sent again to any node, and every total is the sum of its steps.
 * 5 cycles, 50 with TOLLGATE_TEST_FULL. TOLLGATE_SEED repeats a run's events.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { applyCrashCard } from "../crash/card.ts";
import { resend, sendMany } from "../crash/load.ts";
import { assertUsageIsWhatWasSent, recountTrees } from "../crash/recount.ts";
import { World } from "../crash/world.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const CYCLES = process.env.TOLLGATE_TEST_FULL === undefined ? 5 : 50;
const CONNECTIONS = 3;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);

/** What it acknowledged must be on disk when it is killed. */
let server: PostgresServer;
before(async () => {
  server = await startPostgres({ settings: { fsync: "on" } });
});
after(() => server.stop());

/** Whom a cycle kills: the database as often as a node. Returns how to start what is gone. */
async function kill(nodes: NodeProcess[], url: string, cycle: number) {
  if (cycle % 2 === 1) {
    await server.crash();
    return async () => undefined;
  }
  const victim = (cycle / 2) % nodes.length;
  await nodes[victim]?.end("SIGKILL");
  return async () => {
    nodes[victim] = await startNode(url);
  };
}

const title = `${CYCLES} kills of nodes and of PostgreSQL lose nothing and count nothing twice`;

test(title, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const url = await server.createDatabase();
  const nodes = [await startNode(url), await startNode(url)];
  const world = new World(seed);
  let cutOff = 0;
  try {
    await applyCrashCard(nodes[0]?.url ?? "", nodes[0]?.key ?? "");
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      let isOver = false;
      const load = nodes.map(({ client }) =>
        sendMany(client, world, { connections: CONNECTIONS, isOver: () => isOver }),
      );
      await sleep(100 + world.pick(400));
      const killed = kill(nodes, url, cycle);
      // A node whose database is gone answers at once: what more it was sent would prove nothing.
      await sleep(20);
      isOver = true;
      const restart = await killed;
      for (const report of await Promise.all(load)) {
        cutOff += report.cutOff + (report.statuses.get(503) ?? 0);
      }
      await restart();
      const { client } = nodes[world.pick(2)] as NodeProcess;
      await resend(client, world, 200);
      await assertUsageIsWhatWasSent(client, world);
    }
    const [one, other] = nodes as [NodeProcess, NodeProcess];
    await resend(one.client, world, world.events.length);
    await recountTrees(other.client);
    await assertUsageIsWhatWasSent(other.client, world);
  } finally {
    for (const node of nodes) await node.end("SIGKILL");
  }
  t.diagnostic(`${world.events.length} events, ${cutOff} requests cut off or told unknown`);
  assert.ok(cutOff > 0, "the kills hit requests in flight");
});
