/** A file from before commits had times: it verifies, and tells from when it can tell. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { journalText } from "../../domain/event/codec.ts";
import { CHAIN_START } from "../../engine/commit/seal.ts";
import { verifyDataFolder } from "../verify/verify-data-folder.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";

const SCHEMA_WITHOUT_TIMES = 4;
/** Links have times since this one, and covered no overruns then. */
const SCHEMA_WITH_TIMES = 5;
const WS = "default";
const NOW_MS = Date.parse("2026-11-23T10:00:00Z");

const folder = mkdtempSync(join(tmpdir(), "tollgate-older-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One act, sealed as links were then: over its text, and over the time since there is one. */
function makeOlderFile(dataDir: string, schema: number): void {
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  const migrations = new URL("migrations/", import.meta.url);
  const files = readdirSync(migrations).sort().slice(0, schema);
  for (const name of files) db.exec(readFileSync(new URL(name, migrations), "utf8"));
  db.exec(`PRAGMA user_version = ${schema}`);
  const act = {
    ...({ seq: 1, kind: "workspace.saved", run: "", source: "workspace.saved" } as const),
    ...{ id: "workspace", contentHash: "", receivedAtMs: NOW_MS },
    document: '{"kind":"production","graceHours":0}',
  };
  const text = journalText(act);
  const hasTimes = schema >= SCHEMA_WITH_TIMES;
  const time = hasTimes ? `t1\u001f${NOW_MS}\n` : "";
  const digest = nodeDigest.sha256(`${CHAIN_START}\n${time}${text}`);
  const insert = (table: string, ...values: (string | number)[]) =>
    db.prepare(`INSERT INTO ${table} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
  insert("workspaces", 1, WS, 1, digest, 0);
  const { seq, kind, run, source, id, contentHash, receivedAtMs, document } = act;
  const about = [seq, kind, run, source, id, contentHash, receivedAtMs, document] as const;
  insert("journal", 1, ...about, nodeDigest.checksum(text));
  insert("chain", 1, 1, 1, digest, ...(hasTimes ? [NOW_MS] : []));
  db.close();
}

test("what an older file knew is refused up to its first commit with a time", async () => {
  const dataDir = mkdtempSync(join(folder, "without-times-"));
  makeOlderFile(dataDir, SCHEMA_WITHOUT_TIMES);
  const clock = { now: NOW_MS + 1_000 };
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  const tooEarly = (named: RegExp) => ({ code: "asof.too_early", message: named });
  await assert.rejects(engine.readsAt(WS, clock.now), tooEarly(/No commit has a time yet/));
  await engine.saveWorkspace(WS, { graceHours: 12 });
  await assert.rejects(engine.readsAt(WS, NOW_MS), tooEarly(/2026-11-23T10:00:01.000Z/));
  const { store: then } = await engine.readsAt(WS, clock.now);
  assert.equal((await then.acts(WS, { kind: "workspace.saved", limit: 9 })).length, 2);
  await store.settle(WS);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  await store.close();
});

test("links that covered no overruns verify, and those of today behind them", async () => {
  const dataDir = mkdtempSync(join(folder, "with-times-"));
  makeOlderFile(dataDir, SCHEMA_WITH_TIMES);
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await engine.saveWorkspace(WS, { graceHours: 12 });
  await store.settle(WS);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  await store.close();
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  db.exec("UPDATE journal SET document = replace(document, '12', '13') WHERE seq = 2");
  db.close();
  const tables = verifyDataFolder(dataDir).findings.map(({ table }) => table);
  assert.ok(tables.includes("chain"), `${tables}`);
});

test("a file that cannot be brought up to date is left at the version it has", () => {
  const dataDir = mkdtempSync(join(folder, "in-the-way-"));
  makeOlderFile(dataDir, SCHEMA_WITH_TIMES);
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  // Of a later schema, some steps behind the next one.
  db.exec("CREATE TABLE budgets (id TEXT)");
  const state = () => [
    db.prepare("PRAGMA user_version").get(),
    db.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").all(),
  ];
  const before = state();
  assert.throws(() => openSqliteStore({ dataDir, digest: nodeDigest }), /budgets already exists/);
  assert.deepEqual(state(), before);
  db.close();
});
