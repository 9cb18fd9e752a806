/** Alerts of two nodes on one database: each is sent once, and at least once after a kill. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type HookServer, startHookServer } from "../e2e/hook-server.ts";
import { postgresServer } from "../postgres-server.ts";
import { BY, call } from "./calls.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const ALERTS = 20;
const WAIT_MAX_MS = 15_000;
/** Beyond the lease that a sender takes on a message. */
const LEASE_OVER_MS = 61_000;

let url = "";
let nodes: NodeProcess[] = [];
let hooks: HookServer;

before(async () => {
  url = await (await postgresServer()).createDatabase();
  hooks = await startHookServer();
  const first = await startNode(url);
  nodes = [first, await startNode(url)];
  const route = { channel: "webhook", url: `${hooks.url}/ops`, types: ["run.paused"] };
  await call(first, "PUT /v1/alerts/routes/ops", { ...route, perMinute: 100, ...BY });
});

after(async () => {
  for (const node of nodes) await node.end("SIGTERM");
  await hooks.stop();
});

const idOf = ({ headers }: HookServer["posted"][number]) => String(headers["webhook-id"]);
const customerOf = ({ body }: HookServer["posted"][number]) =>
  (JSON.parse(body) as { data: { customer: string } }).data.customer;

async function until(what: () => boolean): Promise<void> {
  const endMs = Date.now() + WAIT_MAX_MS;
  while (!what()) {
    assert.ok(Date.now() < endMs, "it did not come");
    await sleep(20);
  }
}

/** Lets customers wait, told to one node after the other, several at a time. */
async function pause(on: readonly NodeProcess[], names: readonly string[]): Promise<void> {
  const stop = { of: "customer", mode: "pause", ...BY };
  await Promise.all(
    names.map(async (id, at) => {
      const node = on[at % on.length];
      if (node !== undefined) await call(node, "POST /v1/stops", { ...stop, id });
    }),
  );
}

test("two nodes send every alert, and none of them twice, while nothing fails", async () => {
  const names = Array.from({ length: ALERTS }, (_, n) => `calm-${n}`);
  await pause(nodes, names);
  await until(() => hooks.posted.length >= ALERTS);
  // Both look at what is due once a second.
  await sleep(2_500);
  assert.equal(hooks.posted.length, ALERTS);
  assert.equal(new Set(hooks.posted.map(idOf)).size, ALERTS);
  assert.deepEqual(hooks.posted.map(customerOf).sort(), names.toSorted());
});

test("what a killed node had taken another sends by the same ids, after its lease", async (t) => {
  const before = hooks.posted.length;
  hooks.answer(null);
  const [first, second] = nodes;
  assert.ok(first !== undefined && second !== undefined);
  const names = Array.from({ length: 8 }, (_, n) => `cut-${n}`);
  await pause([first], names.slice(0, 4));
  await until(() => hooks.posted.length > before);
  const taken = hooks.posted.slice(before).map(idOf);
  await first.end("SIGKILL");
  await pause([second], names.slice(4));
  hooks.answer(204);
  const later = await startNode(url, { aheadMs: LEASE_OVER_MS });
  nodes = [second, later];
  const answered = () => hooks.posted.slice(before + taken.length);
  await until(() => new Set(answered().map(customerOf)).size === names.length);
  const sent = hooks.posted.slice(before);
  t.diagnostic(`${taken.length} were under way at the kill, ${sent.length} posts of 8 alerts`);
  assert.deepEqual([...new Set(sent.map(customerOf))].sort(), names.toSorted());
  const ids = new Map(sent.map((one) => [customerOf(one), idOf(one)]));
  for (const one of sent) assert.equal(idOf(one), ids.get(customerOf(one)), "an id is stable");
  assert.ok(taken.every((id) => answered().some((one) => idOf(one) === id)));
});
