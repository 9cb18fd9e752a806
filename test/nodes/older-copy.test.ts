/**
 * A copy of the database from before goes on under nodes that knew more: a standby that was
 * promoted before it had everything, or a backup in the place of what was lost. What nodes remember
 * of commits that are no more decides nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import type { Engine } from "../../src/engine/engine.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { postgresServer } from "../postgres-server.ts";
import { type Asked, BY, call, type Json, toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

const AT_ONCE = "POST /v1/rate-cards?effective=now";

const charging = (unit: string) => ({
  key: "card",
  currency: "USD",
  charges: [{ key: "steps", meter: { count: "steps" }, price: { model: "per_unit", unit } }],
});

const steps = (limit: string) => ({
  budget: { each: "run", measure: "steps", limit, stages: [{ at: "100%", do: "pause" }] },
  ...BY,
});

async function runSql(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Drops the partitions that a database has. */
const WITHOUT_MONTHS = `DO $$ BEGIN
  EXECUTE (SELECT 'DROP TABLE ' || string_agg(inhrelid::regclass::text, ',')
    FROM pg_inherits WHERE inhparent = 'steps'::regclass);
END $$`;

/** Cuts every connection to a database, and lets a copy go on in its place. */
async function replace(url: string, copy: string): Promise<void> {
  const nameOf = (of: string) => new URL(of).pathname.slice(1);
  const [lost, kept] = [nameOf(url), nameOf(copy)];
  const client = new pg.Client({ connectionString: url.replace(/[^/]*$/, "postgres") });
  await client.connect();
  try {
    await client.query(`ALTER DATABASE ${lost} ALLOW_CONNECTIONS false`);
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
      [lost],
    );
    for (let attempt = 0; ; attempt += 1) {
      // A session that was ended may take a moment to go.
      const renamed = client.query(`ALTER DATABASE ${lost} RENAME TO ${lost}_lost`);
      if (await renamed.then(() => true).catch(() => attempt > 100)) break;
    }
    await client.query(`ALTER DATABASE ${kept} RENAME TO ${lost}`);
  } finally {
    await client.end();
  }
}

const ask = (node: Asked, run: string, id: string) =>
  call(node, `POST /v1/runs/${run}/holds`, {
    holds: [{ source: "t", id, kind: "tool", tool: "search" }],
  });

async function chargeOf(node: Asked, run: string): Promise<unknown> {
  const { totals } = await call(node, `GET /v1/runs/${run}`);
  return totals?.own?.charge;
}

/** Until it is taken: what was cut is told as unknown, once for each connection. */
async function sent(node: Asked, events: readonly object[]): Promise<Json> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call(node, "POST /v1/events", events);
    } catch (error) {
      assert.match(String(error), /store\.unknown/);
      assert.ok(attempt < 20, "it is taken in the end");
    }
  }
}

test("what nodes knew of commits that a copy lacks decides nothing", async () => {
  const server = await postgresServer();
  const url = await server.createDatabase();
  const early = await serveNode(url);
  await call(early.client, AT_ONCE, charging("0.01"));
  // A key of the copy.
  const { key } = early.client;
  await early.close();
  const copy = await server.copyDatabase(url);
  const nodes = [await serveNode(url), await serveNode(url)] as const;
  const [one, two] = nodes.map(({ engine }) => engine) as [Engine, Engine];
  const [here, there] = nodes.map(({ client }) => ({ url: client.url, key })) as [Asked, Asked];
  try {
    // Lost: a card, a budget, a workspace, and the month in which steps are first heard of.
    await call(here, AT_ONCE, charging("0.05"));
    await call(here, "PUT /v1/budgets/lost", steps("1"));
    const lost = await one.createSandbox("default", { name: "one", startMs: 0 });
    await one.ingest(lost, []);
    await call(here, "POST /v1/events", [toolStep("lost", "s1", "acme")]);
    assert.equal(await chargeOf(here, "lost"), "0.05");
    await replace(url, copy);
    // As many acts of the same kinds, on another node.
    await sent(there, [toolStep("r0", "s1", "acme")]);
    await call(there, AT_ONCE, charging("0.02"));
    await call(there, "PUT /v1/budgets/kept", steps("9"));
    const other = await two.createSandbox("default", { name: "two", startMs: 0 });
    const again = await sent(here, [toolStep("r1", "s1", "acme"), toolStep("r1", "s2")]);
    assert.equal(again.results?.[1]?.status, "accepted");
    assert.equal(await chargeOf(here, "r1"), "0.04");
    const { decisions } = await ask(here, "r1", "s3");
    assert.equal(decisions?.[0]?.decision, "allow");
    const budgets = decisions?.[0]?.budgets as unknown as readonly { budget: string }[];
    assert.deepEqual(
      budgets.map(({ budget }) => budget),
      ["kept"],
    );
    assert.notEqual(lost, other);
    await assert.rejects(async () => nodes[0].store.rules(lost), { code: "store.corrupt" });
    const { findings } = await verifyDatabase(url, () => undefined);
    assert.deepEqual(findings, []);
  } finally {
    for (const node of nodes) await node.close();
  }
});

test("the partition of a month that a copy lacks is made again", async () => {
  const server = await postgresServer();
  const url = await server.createDatabase();
  const early = await serveNode(url);
  const { key } = early.client;
  await early.close();
  const copy = await server.copyDatabase(url);
  // As if it had been made before the month began.
  await runSql(copy, WITHOUT_MONTHS);
  const node = await serveNode(url);
  const at = { url: node.client.url, key };
  try {
    await call(at, "POST /v1/events", [toolStep("r1", "s1", "acme")]);
    await replace(url, copy);
    const { results } = await sent(at, [toolStep("r1", "s1", "acme")]);
    assert.equal(results?.[0]?.status, "accepted");
  } finally {
    await node.close();
  }
});
