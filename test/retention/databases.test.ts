/**
 * Old steps are removed from a database beside its nodes: what a folder answers after a removal,
 * the database answers too, and partitions of which nothing is to stay are emptied in one go.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { composeHttp, DEFAULT_WORKSPACE, nodeDigest } from "../../src/compose.ts";
import { moveToPostgres } from "../../src/store/move/move-to-postgres.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { removeFromPostgres } from "../../src/store/retain/remove-from-postgres.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { makeVariedHistory, OCTOBER, OTHER_WORKSPACE } from "../faults/varied-history.ts";
import { toolStep } from "../nodes/calls.ts";
import { postgresServer } from "../postgres-server.ts";
import { closeAll, type Place, retainAt, withEngine } from "./retaining.ts";

const NOW_MS = Date.UTC(2028, 0, 15);
const folder = mkdtempSync(join(tmpdir(), "tollgate-retention-"));
const dataDir = join(folder, "data");
let place: Place;
let client: Client;

before(async () => {
  await makeVariedHistory(dataDir);
  await withEngine({ dataDir }, NOW_MS, async (engine) => {
    for (const workspace of [DEFAULT_WORKSPACE, OTHER_WORKSPACE]) await closeAll(engine, workspace);
  });
  const databaseUrl = await (await postgresServer()).createDatabase();
  place = { dataDir: "", databaseUrl };
  const move = { dataDir, connectionString: databaseUrl, digest: nodeDigest };
  await moveToPostgres({ ...move, installation: {}, onProgress: () => {} });
  const { default: pg } = await import("pg");
  client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
});

after(async () => {
  await client.end();
  rmSync(folder, { recursive: true });
});

const verified = () => verifyDatabase(place.databaseUrl ?? "", () => undefined);

async function statusesOf(events: readonly object[]) {
  return withEngine(place, NOW_MS, async (engine) => {
    const { intake } = composeHttp(engine);
    const { results } = await intake.ingestBody(DEFAULT_WORKSPACE, JSON.stringify(events), "json");
    return results.map(({ result }) => result.error?.code ?? result.status);
  });
}

test("nothing is removed of a run whose steps are not those that were condensed", async () => {
  const counted = await client.query(`SELECT s.ws, s.run, count(*)::integer AS steps FROM steps s
    GROUP BY 1, 2 ORDER BY 1, 2`);
  const [found] = counted.rows as [{ ws: number; run: string; steps: number }];
  const one = { ...found, seq: 1, workspace: DEFAULT_WORKSPACE };
  const removing = removeFromPostgres(place.databaseUrl ?? "", {
    runs: [{ ...one, steps: one.steps - 1 }],
  });
  await assert.rejects(removing, { code: "store.corrupt", message: /older version/ });
  const after = await client.query("SELECT count(*)::integer AS steps FROM steps");
  const before = (counted.rows as { steps: number }[]).reduce((sum, { steps }) => sum + steps, 0);
  assert.equal(after.rows[0].steps, before);
});

test("a database loses the steps that a folder loses, and verifies alike", async () => {
  const copy = join(folder, "copy");
  cpSync(dataDir, copy, { recursive: true });
  const fromFolder = await retainAt({ dataDir: copy }, NOW_MS);
  const fromDatabase = await retainAt(place, NOW_MS);
  assert.ok(fromFolder.steps > 0);
  assert.deepEqual(fromDatabase, fromFolder);
  const [there, here] = [verifyDataFolder(copy), await verified()];
  assert.deepEqual(here.findings, []);
  assert.deepEqual(here.removed, there.removed);
  // Texts that steps repeat are named in a folder alone, and only while a step has them.
  assert.deepEqual(here.checked, there.checked);
});

test("retries are duplicates, wherever the steps went", async () => {
  const steps = OCTOBER.slice(1, 7).filter(({ completeness }) => completeness !== "partial");
  assert.deepEqual(new Set(await statusesOf(steps)), new Set(["duplicate"]));
  assert.deepEqual((await verified()).findings, []);
});

test("a month in which no run has a step is passed by", async () => {
  // As a folder leaves it that is moved: run by run, by the month in which each was opened.
  const { rows } = await client.query(`INSERT INTO runs SELECT (jsonb_populate_record(r,
      '{"id": "without-steps", "month": 600}')).* FROM runs r WHERE r.customer IS NOT NULL LIMIT 1
    RETURNING ws`);
  const [{ ws }] = rows as [{ ws: number }];
  const one = { ws, run: "without-steps", seq: 1, steps: 0, workspace: DEFAULT_WORKSPACE };
  assert.equal(await removeFromPostgres(place.databaseUrl ?? "", { runs: [one] }), 0);
  await client.query("DELETE FROM runs WHERE id = 'without-steps'");
});

const endedRun = (id: string) => [
  toolStep(id, "s1", "acme"),
  toolStep(id, "s2", "acme"),
  { type: "run.closed", run: id, source: "sdk", id: "end", ending: "completed", ...AT },
];

test("a month of which nothing stays is emptied, and takes new steps at once", async () => {
  const [{ month }] = (
    await client.query(`SELECT (12 * (extract(year FROM now()) - 1970)
      + extract(month FROM now()) - 1)::integer AS month`)
  ).rows as [{ month: number }];
  await statusesOf(endedRun("native"));
  const sizeOf = async () => {
    const sql = `SELECT pg_relation_size('steps_${month}') AS size,
      (SELECT count(*) FROM steps_${month})::integer AS steps`;
    return (await client.query(sql)).rows[0] as { size: string; steps: number };
  };
  assert.deepEqual((await sizeOf()).steps > 0, true);
  const laterMs = Date.UTC(2028, 8, 15);
  await withEngine(place, laterMs, (engine) => closeAll(engine, DEFAULT_WORKSPACE));
  const { steps } = await retainAt(place, laterMs);
  assert.ok(steps >= 2);
  assert.deepEqual(await sizeOf(), { size: "0", steps: 0 });
  assert.deepEqual(await statusesOf(endedRun("native")), ["duplicate", "duplicate", "duplicate"]);
  assert.deepEqual((await statusesOf(endedRun("next"))).slice(0, 2), ["accepted", "accepted"]);
  assert.equal((await sizeOf()).steps, 2);
  assert.deepEqual((await verified()).findings, []);
});

test("whoever reads a month sees all of it, and keeps nobody waiting for its removal", async () => {
  await statusesOf(endedRun("seen"));
  const laterMs = Date.UTC(2029, 8, 15);
  await withEngine(place, laterMs, (engine) => closeAll(engine, DEFAULT_WORKSPACE));
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  const counted = async () => {
    const sql = "SELECT count(*)::integer AS steps FROM steps WHERE run = 'seen'";
    return (await client.query(sql)).rows[0].steps;
  };
  assert.equal(await counted(), 2);
  assert.ok((await retainAt(place, laterMs)).steps >= 2);
  assert.equal(await counted(), 2, "what it has begun to read stays as it was");
  await client.query("COMMIT");
  assert.equal(await counted(), 0);
  assert.deepEqual((await verified()).findings, []);
});

test("a month that somebody holds is told by its name, and nothing of it is removed", async () => {
  await statusesOf(endedRun("held"));
  const sql = "SELECT ws, id AS run, month FROM runs WHERE id = 'held'";
  const [held] = (await client.query(sql)).rows as [{ ws: number; run: string; month: number }];
  await client.query(`BEGIN; LOCK TABLE steps_${held.month} IN ROW EXCLUSIVE MODE`);
  const runs = [{ ...held, seq: 1, steps: 2, workspace: DEFAULT_WORKSPACE }];
  await assert.rejects(removeFromPostgres(place.databaseUrl ?? "", { runs }), (error) => {
    const { code, message } = error as { code: string; message: string };
    const month = new Date().toISOString().slice(0, "2026-11".length);
    return code === "store.month_in_use" && message.includes(`steps of ${month} for 5 seconds`);
  });
  await client.query("COMMIT");
  assert.deepEqual((await verified()).findings, []);
});

test("a copy has the steps that are removed while it is made", async () => {
  await statusesOf(endedRun("copied"));
  const { rows } = await client.query("SELECT ws, id AS run FROM runs WHERE id = 'copied'");
  const [copied] = rows as [{ ws: number; run: string }];
  // What is copied last before the steps.
  await client.query("BEGIN; LOCK TABLE witnesses IN ACCESS EXCLUSIVE MODE");
  const copying = verified();
  const waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'witnesses'::regclass";
  while ((await client.query(waiting)).rows.length === 0) await sleep(5);
  const runs = [{ ...copied, seq: 1, steps: 2, workspace: DEFAULT_WORKSPACE }];
  assert.equal(await removeFromPostgres(place.databaseUrl ?? "", { runs }), 2);
  await client.query("COMMIT");
  assert.deepEqual((await copying).findings, []);
});

const AT = { occurredAt: "2026-11-01T00:00:00Z" };
