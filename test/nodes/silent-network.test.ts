/**
 * The network between a node and its database lets nothing through and says nothing, as where a
 * cable is pulled or a firewall forgets a connection: callers are told `store.unknown` in bounded
 * time, and what they send again counts once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "../../src/engine/commit/engine-world.test.ts";
import { postgresServer } from "../postgres-server.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { openNode } from "./nodes.ts";

const BOUNDS = { statementMaxMs: 400, lockMaxMs: 200, answerLateMs: 100 };
/** The server ends a session that it heard nothing of behind its transaction. */
const SILENCE = { silenceMaxMs: 500, connectMaxMs: 500 };
const WAIT_MAX_MS = 10_000;

test("a network that falls silent costs bounded time, and nothing counts twice", async () => {
  const url = await (await postgresServer()).createDatabase();
  const proxy = await CuttingProxy.start(url);
  const node = await openNode(proxy.url, { bounds: { ...BOUNDS, ...SILENCE } });
  const steps = [step({ run: "r1", id: "s1" }), step({ run: "r1", id: "s2" })];
  const send = () => node.engine.ingest("default", steps);
  await node.engine.ingest("default", [step({ run: "r1", id: "s0" })]);
  proxy.isSilent = true;
  const began = performance.now();
  const isUnknown = { code: "store.unknown" };
  await assert.rejects(send(), isUnknown);
  assert.ok(performance.now() - began < WAIT_MAX_MS, "the answer is unknown in bounded time");
  await assert.rejects(async () => node.store.run("default", "r1"), isUnknown);
  proxy.isSilent = false;
  const told = async (): Promise<string[]> => {
    const { results } = await send();
    return results.map(({ status }) => status);
  };
  let first: string[] | null = null;
  while (first === null && performance.now() - began < WAIT_MAX_MS) {
    first = await told().catch(() => null);
  }
  assert.ok(first !== null, "the node works again");
  assert.deepEqual(await told(), ["duplicate", "duplicate"]);
  assert.equal((await node.store.run("default", "r1"))?.own.steps, 3);
  await node.close();
  proxy.close();
});
