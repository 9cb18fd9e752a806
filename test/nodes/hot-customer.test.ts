/**
 * A customer whose callers never pause delays nobody else: while two nodes are flooded with holds
 * and steps of one customer, another one's are answered within a few commits of being asked. That
 * is counted, not timed: how long a commit takes is the machine's affair.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { postgresServer } from "../postgres-server.ts";
import { BY, call, opening, toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

type Served = Awaited<ReturnType<typeof serveNode>>;
const CALLERS_PER_NODE = 12;
const ASKS = 25;
/** The commit under way on each node, one that came before, and its own. */
const COMMITS_MAX_COUNT = 8;
let nodes: Served[] = [];

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  nodes = [await serveNode(url), await serveNode(url)];
});

after(async () => {
  for (const node of nodes) await node.close();
});

const nodeAt = (index: number): Served => nodes[index % nodes.length] as Served;

/** Holds and steps of one customer without end, until `isOver`. */
async function flood(caller: number, isOver: () => boolean): Promise<number> {
  const { client } = nodeAt(caller);
  let answered = 0;
  while (!isOver()) {
    const id = `s-${caller}-${answered}`;
    const holds = [{ source: "t", id, kind: "tool", tool: "search" }];
    await call(client, "POST /v1/runs/hot/holds", { holds });
    await call(client, "POST /v1/events", [toolStep("hot", id)]);
    answered += 1;
  }
  return answered;
}

test("a customer who is asked for without pause delays no other one", async (t) => {
  const budget = { each: "customer", measure: "steps", limit: "1000000", per: "month" };
  await call(nodeAt(0).client, "PUT /v1/budgets/steps", { budget, ...BY });
  const runs = [opening("hot", "loud"), opening("cold", "quiet")];
  await call(nodeAt(0).client, "POST /v1/events", runs);
  let isOver = false;
  const callers = CALLERS_PER_NODE * nodes.length;
  const floods = Array.from({ length: callers }, (_, caller) => flood(caller, () => isOver));
  const waits: number[] = [];
  const { store } = nodeAt(0);
  for (let ask = 0; ask < ASKS; ask += 1) {
    const before = await store.commits("default");
    const holds = [{ source: "t", id: `q-${ask}`, kind: "tool", tool: "search" }];
    const { decisions } = await call(nodeAt(ask).client, "POST /v1/runs/cold/holds", { holds });
    assert.equal(decisions?.[0]?.decision, "allow");
    waits.push((await store.commits("default")) - before);
  }
  isOver = true;
  const answered = (await Promise.all(floods)).reduce((sum, count) => sum + count, 0);
  waits.sort((a, b) => a - b);
  const median = waits[Math.floor(ASKS / 2)] ?? 0;
  t.diagnostic(
    `commits until answered: median ${median}, most ${waits.at(-1)}; ${answered} others`,
  );
  assert.ok(answered > ASKS, "there was a flood");
  assert.ok(median <= COMMITS_MAX_COUNT, `waited for ${waits} commits`);
});
