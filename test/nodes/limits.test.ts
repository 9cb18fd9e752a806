/**
 * Limits hold on whichever node a caller is: three processes, a thousand callers, and room for
 * exactly fifty.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresServer } from "../postgres-server.ts";
import { BY, call, opening } from "./calls.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const CALLERS = 1_000;
const ROOM = 50;
const ASKS_MAX_COUNT = 30;
const nodes: NodeProcess[] = [];

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  // The first one makes the schema and the workspace; the others find it.
  nodes.push(await startNode(url), ...(await Promise.all([startNode(url), startNode(url)])));
});

after(async () => {
  await Promise.all(nodes.map((node) => node.end("SIGTERM")));
});

interface Decision {
  readonly decision: string;
}

interface Answer {
  readonly decisions: Decision[];
  readonly code?: string;
}

const nodeOf = (caller: number): NodeProcess => nodes[caller % nodes.length] as NodeProcess;

async function open(run: string, customer: string, parentRun?: string): Promise<void> {
  await call(nodeOf(0), "POST /v1/events", [opening(run, customer, parentRun)]);
}

const everyone = Array.from({ length: CALLERS }, (_, caller) => caller);

/** Callers ask for one step of a run each, all at once, spread over all nodes. */
async function ask(
  callers: readonly number[],
  runOf: (caller: number) => string,
): Promise<number[]> {
  const asks = callers.map(async (caller) => {
    const path = `/v1/runs/${runOf(caller)}/holds`;
    const [decision] = await decided(nodeOf(caller), path, `s-${caller}`);
    return decision?.decision === "allow" ? [caller] : [];
  });
  return (await Promise.all(asks)).flat();
}

/**
 * A busy machine may take longer than the deadline of a decision. Who is told so asks again after
 * `Retry-After`, by the same identity: what was granted meanwhile is granted once.
 */
async function decided({ client }: NodeProcess, path: string, id: string): Promise<Decision[]> {
  const holds = [{ source: "t", id, kind: "tool", tool: "search" }];
  for (let asked = 1; ; asked += 1) {
    const { status, body } = await client.post<Answer>(path, { holds });
    if (status === 200) return body.decisions;
    const isUndecided = status === 503 && body.code === "hold.undecided";
    assert.ok(isUndecided && asked < ASKS_MAX_COUNT, JSON.stringify(body));
    await sleep(1_000);
  }
}

async function limitSteps(key: string, each: "customer" | "run"): Promise<void> {
  const per = each === "run" ? {} : { per: "month" };
  const budget = { each, measure: "steps", limit: String(ROOM), ...per };
  await call(nodeOf(1), `PUT /v1/budgets/${key}`, { budget, ...BY });
}

test("of 1,000 callers on three nodes exactly as many may go on as there is room for", async () => {
  await limitSteps("steps-of-customer", "customer");
  for (let run = 0; run < 10; run += 1) await open(`flat-${run}`, "acme");
  const runOf = (caller: number) => `flat-${caller % 10}`;
  const granted = await ask(everyone, runOf);
  assert.equal(granted.length, ROOM);
  // The same asks again are the same holds: no more room is taken, on whichever node.
  const refused = everyone.filter((caller) => !granted.includes(caller)).slice(0, 2 * ROOM);
  assert.deepEqual(await ask([...granted, ...refused], runOf), granted);
});

test("so they may in a tree of runs, whose root is what is limited", async () => {
  await limitSteps("steps-of-run", "run");
  await open("root", "tree-customer");
  for (let run = 0; run < 8; run += 1) {
    await open(`tree-${run}`, "tree-customer", run < 4 ? "root" : `tree-${run - 4}`);
  }
  const budget = { each: "customer", measure: "steps", limit: "100000", per: "month" };
  await call(nodeOf(2), "PUT /v1/budgets/steps-of-customer", { budget, ...BY });
  assert.equal((await ask(everyone, (caller) => `tree-${caller % 8}`)).length, ROOM);
});
