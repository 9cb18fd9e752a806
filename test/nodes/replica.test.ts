/**
 * Reports from a read replica: a real standby that follows by streaming. Reports go there and say
 * as of when; everything else goes to the database, and so do reports where the replica is of no
 * use.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nodeDigest, startTollgate } from "../../src/compose.ts";
import { REPLICA_AGE_MAX_MS, REPLICA_REST_MS } from "../../src/domain/database-limits.ts";
import { openPostgresReplica } from "../../src/store/postgres/postgres-store.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import type { StandbyServer } from "../postgres-standby.ts";
import { type Json, toolStep } from "./calls.ts";
import { CuttingProxy } from "./cutting-proxy.ts";

let server: PostgresServer;
let standby: StandbyServer;
let databaseUrl: string;
let replicaUrl: string;
let node: Awaited<ReturnType<typeof startTollgate>>;

const start = (readUrl: string) =>
  startTollgate({ dataDir: "", databaseUrl, port: 0, environment: { DATABASE_READ_URL: readUrl } });

before(async () => {
  server = await startPostgres({});
  databaseUrl = await server.createDatabase();
  standby = await server.standby();
  replicaUrl = standby.address(databaseUrl);
  node = await start(replicaUrl);
});

after(async () => {
  await node.stop();
  await standby.stop();
  await server.stop();
});

interface Answered {
  readonly status: number;
  readonly document: Json;
  /** Null: all that is committed is in it. */
  readonly asOf: string | null;
}

async function ask(path: string, body?: unknown, at = node): Promise<Answered> {
  const key = at.passingKey(["ingest", "read", "admin"]);
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(at.url + path, { headers, ...sent });
  const text = await answer.text();
  const lines = text.trim().split("\n");
  const document = JSON.parse(lines.at(-1) ?? "") as Json;
  return { status: answer.status, document, asOf: answer.headers.get("tollgate-as-of") };
}

/** Sends a step, and says how many the usage report then tells of. */
const send = (id: string) => ask("/v1/events", [toolStep("r1", id, "acme")]);
const stepsIn = ({ document }: Answered) => Number(document.rows?.[0]?.steps ?? 0);
const usage = (at = node) => ask("/v1/usage?groupBy=customer", undefined, at);

test("reports are read from the replica, which may lag, and they say as of when", async () => {
  await send("s1");
  await standby.caughtUp();
  const whole = await usage();
  assert.equal(stepsIn(whole), 1);
  assert.ok(whole.asOf !== null && Math.abs(Date.parse(whole.asOf) - Date.now()) < 30_000);
  await standby.follow(false);
  await send("s2");
  const late = await usage();
  assert.equal(stepsIn(late), 1);
  assert.ok(late.asOf !== null);
  await standby.follow(true);
  await standby.caughtUp();
  const caughtUp = await usage();
  assert.equal(stepsIn(caughtUp), 2);
  assert.ok((caughtUp.asOf ?? "") > (late.asOf ?? ""));
});

test("every report says as of when, and nothing else does", async () => {
  await ask("/v1/rate-cards", { key: "card", currency: "USD", charges: CHARGES });
  await standby.caughtUp();
  const reports: readonly [string, unknown?][] = [
    ["/v1/usage?groupBy=agent"],
    ["/v1/margin?by=customer"],
    ["/v1/statements"],
    ["/v1/simulations", { cards: ["current"] }],
    ["/v1/runs/r1/simulation", { card: "current" }],
    ["/v1/simulations/policies", { policies: [POLICY] }],
  ];
  for (const [path, body] of reports) {
    const { status, asOf, document } = await ask(path, body);
    assert.equal(status, 200, `${path}: ${JSON.stringify(document)}`);
    assert.notEqual(asOf, null, path);
  }
  for (const path of ["/v1/runs/r1", "/v1/runs", "/v1/budgets", "/v1/rate-cards"]) {
    const { status, asOf } = await ask(path);
    assert.deepEqual([status, asOf], [200, null], path);
  }
});

const POLICY = { key: "deep", rules: [{ rule: "fan_out", moreThan: 5, do: "block" }] };
const CHARGES = [
  { key: "steps", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } },
];

test("what was acknowledged is seen at once by all that is no report", async () => {
  await standby.follow(false);
  const budget = { each: "customer", measure: "steps", limit: "1", per: "month" };
  const key = node.passingKey(["admin"]);
  const put = await fetch(`${node.url}/v1/budgets/steps`, {
    method: "PUT",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ budget, reason: "test", by: "test" }),
  });
  assert.equal(put.status, 200, await put.text());
  const answer = await send("s3");
  assert.equal(answer.status, 200);
  const run = await ask("/v1/runs/r1");
  assert.equal(run.document.totals?.own?.steps as unknown, 3);
  const holds = [{ source: "t", id: "h1", kind: "tool", tool: "x" }];
  const held = await ask("/v1/runs/r1/holds", { holds });
  assert.equal(held.document.decisions?.[0]?.decision as unknown, "block");
  await standby.follow(true);
  await standby.caughtUp();
});

test("what was known at an instant is asked of the database itself", async () => {
  const { status, asOf } = await ask(`/v1/usage?asOf=${new Date().toISOString()}`);
  assert.deepEqual([status, asOf], [200, null]);
});

test("whom the replica does not know yet, the database knows", async () => {
  await standby.follow(false);
  await ask("/v1/events", [toolStep("r2", "s1", "just made")]);
  const { status, asOf } = await ask("/v1/margin?by=agent&customer=just%20made");
  assert.deepEqual([status, asOf], [200, null]);
  await standby.follow(true);
  await standby.caughtUp();
});

test("nothing is ever written through the replica's sessions", async () => {
  // Of a server that would let it: the database itself.
  const options = { connectionString: databaseUrl, digest: nodeDigest };
  const { store, asOfMs } = await openPostgresReplica(options);
  try {
    await assert.rejects(async () => store.createWorkspace("w"), { code: "store.unknown" });
    await assert.rejects(
      store.transact("default", () => null),
      { code: "store.unknown" },
    );
    assert.equal(await asOfMs(), null, "it follows no database");
  } finally {
    await store.close();
  }
});

test("an address that is no replica is not asked", async () => {
  const other = await start(databaseUrl);
  try {
    const { asOf, status } = await usage(other);
    assert.deepEqual([status, asOf], [200, null]);
  } finally {
    await other.stop();
  }
});

/** A node whose clock a test moves, and what it logs of a replica that is behind a proxy. */
async function watchedNode(proxied: CuttingProxy) {
  const ahead = { ms: 0 };
  const told: string[] = [];
  const log = (entry: object) => void told.push((entry as { what: string }).what);
  const started = await startTollgate({
    ...{ dataDir: "", databaseUrl, port: 0, logger: { info: log, error: log } },
    environment: { DATABASE_READ_URL: proxied.url },
    clock: { nowMs: () => Date.now() + ahead.ms, passedMs: () => performance.now() },
  });
  return { started, ahead, told: () => told.filter((what) => what?.includes("read replica")) };
}

async function behindSeconds(at: typeof node): Promise<number | null> {
  const headers = { authorization: `Bearer ${at.passingKey(["read"])}` };
  const text = await (await fetch(`${at.url}/metrics`, { headers })).text();
  const [, value] = /^tollgate_replica_behind_seconds (.+)$/m.exec(text) ?? [];
  return value === undefined ? null : Number(value);
}

const GIVEN_UP = "the read replica is given up; the database is asked instead";
const TAKEN_AGAIN = "the read replica is asked again";

test("an operator is told of a replica that is late or away, and that it is back", async (t) => {
  const proxy = await CuttingProxy.start(replicaUrl);
  const { started, ahead, told } = await watchedNode(proxy);
  t.after(() => proxy.close());
  t.after(() => started.stop());
  await send("s4");
  await standby.caughtUp();
  const isYoung = (seconds: number | null) => seconds !== null && seconds >= 0 && seconds < 60;
  assert.ok(isYoung(await behindSeconds(started)));
  assert.deepEqual(told(), []);
  ahead.ms = REPLICA_AGE_MAX_MS + 1_000;
  assert.ok(Number(await behindSeconds(started)) > 60);
  assert.equal((await usage(started)).asOf, null);
  assert.deepEqual(told(), [GIVEN_UP]);
  ahead.ms = 0;
  assert.ok(isYoung(await behindSeconds(started)));
  assert.deepEqual(told(), [GIVEN_UP, TAKEN_AGAIN]);
  proxy.isSilent = true;
  assert.equal(await behindSeconds(started), -1);
  assert.equal((await usage(started)).asOf, null);
  assert.deepEqual(told(), [GIVEN_UP, TAKEN_AGAIN, GIVEN_UP]);
  proxy.isSilent = false;
  ahead.ms = REPLICA_REST_MS;
  assert.ok(isYoung(await behindSeconds(started)));
  assert.deepEqual(told(), [GIVEN_UP, TAKEN_AGAIN, GIVEN_UP, TAKEN_AGAIN]);
});

test("while the replica is away, the database answers", async () => {
  assert.notEqual((await usage()).asOf, null);
  await standby.stop();
  const { status, asOf, ...answer } = await usage();
  assert.deepEqual([status, asOf], [200, null]);
  assert.ok(stepsIn({ status, asOf, ...answer }) >= 3);
  assert.equal(await behindSeconds(node), -1);
});

test("a wrong address of a replica is told by its name, and an empty one is none", async () => {
  await assert.rejects(start("nowhere"), {
    code: "cli.usage",
    message: /^DATABASE_READ_URL is no/,
  });
  const without = await start("");
  assert.equal((await usage(without)).asOf, null);
  assert.equal(await behindSeconds(without), null);
  await without.stop();
});
