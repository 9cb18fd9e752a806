/**
 * What a unit of work or a request asks of a table that grows with use, it finds by an index.
 * SQLite plans without having counted anything, and takes the primary key (ws, seq) for as good as
 * an index of four columns: then every opening of a run read the whole journal of its workspace. So
 * statements name their index, and this test reads the plans of all that a varied history asks.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { fillVaried } from "../varied-history-contract.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";

/** These have a row or more for each run, event, hold or act. */
const GROWING =
  "journal|steps|former_steps|runs|former_runs|outcomes|former_outcomes|calls|witnesses|" +
  "suspended|conflicts|adjustments|holds|overruns|chain|counters|rollups|credit_books|customers";
const BY_WORKSPACE_ALONE = new RegExp(
  `^(SCAN (${GROWING})\\b|SEARCH \\w+ USING ` +
    `(PRIMARY KEY|(COVERING )?INDEX (sqlite_autoindex_)?(${GROWING})_\\w+) ` +
    "\\(ws=\\?( AND seq[<>]\\?)*\\)$)",
);
/** Tables of which a workspace has few rows. */
const FEW = /FROM (rate_cards|price_versions|budgets|stops|api_keys|signing_keys|workspaces)\b/;
/** Pages of everything, in the order of their index, and what is asked for by people, rarely. */
const PAGES = [
  /FROM journal WHERE ws = \? AND seq > \? ORDER BY seq LIMIT/,
  /FROM runs WHERE ws = \? ORDER BY opened_at DESC, id DESC LIMIT/,
  /FROM chain c WHERE c.ws = w.ws ORDER BY first_seq DESC LIMIT 1/,
  /FROM conflicts WHERE ws = \? AND seq > \? AND settled IS NULL ORDER BY seq LIMIT/,
  /FROM runs INDEXED BY runs_unfinished WHERE ws = \? AND .* ORDER BY customer, id LIMIT/,
  /FROM holds INDEXED BY holds_counting WHERE ws = \? AND state = 'open'/,
  // A customer gets twelve a year, and people look at them.
  /FROM statements WHERE ws = \? AND customer = \? ORDER BY period DESC/,
  /substr\(period, 1, length/,
];

test("every statement of a varied history finds its rows by an index of its own", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-plans-"));
  const asked = new Set<string>();
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql, ...rest) {
    asked.add(sql);
    return prepare.call(this, sql, ...rest);
  };
  try {
    const store = openSqliteStore({ dataDir, digest: nodeDigest });
    await fillVaried(store);
    const [workspace = ""] = await store.workspaces();
    await store.transact(workspace, (unit) => unit.descendants("root"));
    await store.close();
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  const reading = [...asked].filter((sql) => /^\s*(SELECT|WITH|DELETE|UPDATE)/.test(sql));
  assert.ok(reading.length > 60, `${reading.length} statements`);
  const poor = reading.filter((sql) => {
    const text = sql.replace(/\s+/g, " ");
    if (FEW.test(text) || PAGES.some((page) => page.test(text))) return false;
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    return plan.some(({ detail }) => BY_WORKSPACE_ALONE.test(detail));
  });
  db.close();
  rmSync(dataDir, { recursive: true });
  assert.deepEqual(poor, []);
});
