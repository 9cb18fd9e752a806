/** Reports take as long as they take, and as many at once as anybody asks for: no commit waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { DATABASE_READERS_MAX_COUNT, TOUCHED_TOLD_COUNT } from "../../domain/database-limits.ts";
import { PLAIN_CARD, toolCall } from "../../engine/commit/engine-world.test.ts";
import { othersTurn } from "../../engine/commit/others-turn.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

const WORKSPACE = "default";
const CUSTOMERS = ["acme", "globex", "initech"];

test("commits that look rows up, keys and acts wait for no report", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  const engine = composeEngine(store);
  await store.createWorkspace(WORKSPACE);
  await engine.applyRateCard(WORKSPACE, { ...PLAIN_CARD, effectiveFromMs: 0 });
  const { secret } = await engine.createKey(WORKSPACE, { scopes: ["admin"], label: "test" });
  const other = new pg.Client({ connectionString });
  await other.connect();
  await other.query("BEGIN; LOCK TABLE statements IN ACCESS EXCLUSIVE MODE");
  let ended = 0;
  const reports = Array.from({ length: DATABASE_READERS_MAX_COUNT + 1 }, async () => {
    await store.listStatements(WORKSPACE);
    ended += 1;
  });
  let count = 0;
  const send = (run: string, customer: string) => {
    count += 1;
    return engine.ingest(WORKSPACE, [toolCall({ run, customer, id: `e${count}` })]);
  };
  for (const customer of CUSTOMERS) await send(`first of ${customer}`, customer);
  // Units overlap on a node that has found no other one's commit for so long.
  for (let no = 0; no <= TOUCHED_TOLD_COUNT; no += 1) await send("first of acme", "acme");
  // Only runs are new: each unit asks for them beside the one that is ahead of it.
  const sent: unknown[] = [];
  for (let no = 0; no < 60; no += 1) {
    sent.push(send(`r${no}`, CUSTOMERS[no % CUSTOMERS.length] as string));
    await othersTurn();
  }
  await Promise.all(sent);
  assert.equal((await engine.authenticate(secret)).label, "test");
  assert.equal(ended, 0, "no report had ended");
  await other.query("COMMIT");
  await Promise.all(reports);
  await other.end();
  await engine.drain();
  await store.close();
});
