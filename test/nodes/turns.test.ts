/** What arrives while another node has the workspace is one unit, and not one behind the other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresServer } from "../postgres-server.ts";
import { call, toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

const REQUESTS = 12;

test("requests that arrive while a unit waits for other nodes go with it", async () => {
  const url = await (await postgresServer()).createDatabase();
  const node = await serveNode(url);
  const { default: pg } = await import("pg");
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    await call(node.client, "POST /v1/events", [toolStep("run", "first", "acme")]);
    const before = await node.store.commits("default");
    await other.query("BEGIN; SELECT FROM workspaces WHERE id = 'default' FOR UPDATE");
    const isWaiting = async () => {
      const { rows } = await other.query("SELECT FROM pg_locks WHERE NOT granted");
      return rows.length > 0;
    };
    const answers = [call(node.client, "POST /v1/events", [toolStep("run", "s-0")])];
    while (!(await isWaiting())) await sleep(2);
    for (let no = 1; no < REQUESTS; no += 1) {
      answers.push(call(node.client, "POST /v1/events", [toolStep("run", `s-${no}`)]));
    }
    while (node.engine.waitingCount < REQUESTS - 1) await sleep(2);
    await other.query("COMMIT");
    for (const { results } of await Promise.all(answers)) {
      assert.equal(results?.[0]?.status, "accepted");
    }
    assert.equal((await node.store.commits("default")) - before, 1);
    const { rows } = await other.query("SELECT own_steps FROM runs WHERE id = 'run'");
    assert.deepEqual(rows, [{ own_steps: `${REQUESTS + 1}` }]);
  } finally {
    await other.end();
    await node.close();
  }
});
