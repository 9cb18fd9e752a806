/** Limits over the real server: many callers, several client processes, a kill in between. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startChild } from "../crash/child-server.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const CALLERS = 1_000;
const PROCESSES = 4;
const WHO = { reason: "test", by: "test" };

type Sent = Readonly<Record<string, unknown>>;

/** A client of one server with one key. */
function clientOf(url: string, key: string) {
  return async (method: string, path: string, body?: Sent | readonly Sent[]) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}${path}`, { method, headers, ...sent });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
}

const now = () => new Date().toISOString();

type Client = ReturnType<typeof clientOf>;

const ask = (id: string, cost = "0.10") => ({ source: "sdk", id, kind: "tool", tool: "t", cost });

async function decisionOf(client: Client, run: string, id: string): Promise<string> {
  const { decisions } = await client("POST", `/v1/runs/${run}/holds`, { holds: [ask(id)] });
  return decisions[0].decision;
}

async function openRun(client: Client, run: string, more: Sent = {}): Promise<void> {
  const opening = {
    type: "run.opened",
    id: `open ${run}`,
    source: "sdk",
    customer: run,
    run,
    ...more,
  };
  await client("POST", "/v1/events", [{ ...opening, occurredAt: now() }]);
}

async function limitRuns(client: Client, limit: string): Promise<void> {
  const budget = { each: "run", measure: "cost", limit };
  await client("PUT", "/v1/budgets/run.limit", { budget, ...WHO });
}

/** What one client process runs: asks at once for its share, prints how many were allowed. */
const CLIENT = `
  const [url, key, name, count, ...runs] = process.argv.slice(1);
  const asked = Array.from({ length: Number(count) }, async (_, at) => {
    const run = runs[at % runs.length];
    const holds = [{ source: "sdk", id: name + at, kind: "tool", tool: "t", cost: "0.10" }];
    const answer = await fetch(url + "/v1/runs/" + run + "/holds", {
      method: "POST",
      headers: { authorization: "Bearer " + key, "content-type": "application/json" },
      body: JSON.stringify({ holds }),
    });
    return (await answer.json()).decisions[0].decision;
  });
  const said = await Promise.all(asked);
  console.log(said.filter((one) => one === "allow").length);
`;

async function allowedInProcesses(server: TestServer, runs: readonly string[]): Promise<number> {
  const started = Array.from({ length: PROCESSES }, (_, at) => {
    const share = [`p${at}-`, String(CALLERS / PROCESSES), ...runs];
    const args = ["--input-type=module", "-e", CLIENT, server.url, server.adminKey, ...share];
    return promisify(execFile)(process.execPath, args);
  });
  const counts = (await Promise.all(started)).map(({ stdout }) => Number(stdout));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("a budget of 5.00, and a thousand callers who each ask for 0.10", () => {
  let server: TestServer;
  let client: Client;
  before(async () => {
    server = await startTestServer({ store: "sqlite" });
    client = clientOf(server.url, server.adminKey);
    await limitRuns(client, "5");
  });
  after(() => server.stop());

  test("lets exactly 50 go on, in one process", async () => {
    await openRun(client, "one");
    const asked = Array.from({ length: CALLERS }, (_, at) => decisionOf(client, "one", `s${at}`));
    const allowed = (await Promise.all(asked)).filter((said) => said === "allow");
    assert.equal(allowed.length, 50);
  });

  test("lets exactly 50 go on, through four client processes", async () => {
    await openRun(client, "several");
    assert.equal(await allowedInProcesses(server, ["several"]), 50);
  });

  test("lets exactly 50 go on in a tree of four levels with three sub-agents", async () => {
    await openRun(client, "root");
    const below = { customer: "root" };
    await openRun(client, "mid", { ...below, parentRun: "root" });
    await openRun(client, "low", { ...below, parentRun: "mid" });
    const leaves = ["leaf1", "leaf2", "leaf3"];
    for (const leaf of leaves)
      await openRun(client, leaf, { ...below, parentRun: "low", agent: leaf });
    assert.equal(await allowedInProcesses(server, leaves), 50);
  });

  test("lets 10 of 50 parallel steps of 0.10 go on under a run's own cap of 1.00", async () => {
    const open = { id: "open capped", source: "sdk", customer: "capped" };
    const caps = [{ measure: "cost", limit: "1.00" }];
    const path = "/v1/runs/capped/holds";
    const first = await client("POST", path, { open: { ...open, caps }, holds: [ask("s0")] });
    assert.equal(first.decisions[0].decision, "allow");
    const asked = Array.from({ length: 49 }, (_, at) => decisionOf(client, "capped", `s${at + 1}`));
    const allowed = (await Promise.all(asked)).filter((said) => said === "allow");
    assert.equal(allowed.length, 9);
  });

  test("tells who waits as soon as a stop is lifted", async (context) => {
    await openRun(client, "waits");
    const stop = { of: "run", id: "waits", ...WHO };
    await client("POST", "/v1/stops", { ...stop, mode: "pause" });
    const told = client("GET", "/v1/runs/waits/wait?timeoutMs=20000");
    const order: string[] = [];
    const heard = told.then((said) => order.push(said.state));
    // Should the wait come later than this, it is answered at once: the order is the same.
    await new Promise((done) => setTimeout(done, 200));
    order.push("resumed");
    const startMs = performance.now();
    await client("POST", "/v1/stops/resume", stop);
    await heard;
    context.diagnostic(`told after ${Math.round(performance.now() - startMs)} ms`);
    assert.deepEqual(order, ["resumed", "running"]);
  });
});

test("a hold outlives a kill, and the step that comes late settles it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-limits-"));
  const first = await startChild({ dataDir });
  let last = first;
  try {
    const key = first.adminKey ?? assert.fail("a first start makes a key");
    const client = clientOf(first.url, key);
    await limitRuns(client, "1");
    await openRun(client, "r1");
    await client("POST", "/v1/runs/r1/holds", { holds: [ask("s1", "0.80")] });
    await first.end("SIGKILL");
    const second = await startChild({ dataDir });
    last = second;
    const again = clientOf(second.url, key);
    const path = "/v1/runs/r1/holds";
    const refused = await again("POST", path, { holds: [ask("s2", "0.80")] });
    assert.equal(refused.decisions[0].reason, "held_by_others");
    const step = { id: "s1", source: "sdk", run: "r1", kind: "tool", tool: "t" };
    await again("POST", "/v1/events", [{ ...step, occurredAt: now() }]);
    const { holds } = await again("GET", path);
    assert.equal(holds[0].state, "settled");
    const allowed = await again("POST", path, { holds: [ask("s2", "0.80")] });
    assert.equal(allowed.decisions[0].decision, "allow");
  } finally {
    await last.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
});
