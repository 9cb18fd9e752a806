/**
 * The second wall: the role that the product works as sees nothing without a tenant and nothing but
 * its tenant's with one, and whatever is asked over HTTP, no byte of a mirror workspace shows.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "pg";
import { prepareWorkspace } from "../../src/compose.ts";
import { Sessions } from "../../src/store/postgres/sessions.ts";
import { postgresServer } from "../postgres-server.ts";
import { type Asked, BY, call, opening, toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

/** Stands in the mirror's data wherever the original says something else. */
const MARK = "mirrored";
/** Tables without a workspace: the role may not read them at all, but for the schema's number. */
const OF_THE_INSTALLATION = ["installation", "leases", "moved_tables", "signing_keys"];

let node: Awaited<ReturnType<typeof serveNode>>;
let mirror: Asked;
let databaseUrl: string;
let app: Client;
let owner: Client;

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  databaseUrl = url;
  node = await serveNode(url);
  await prepareWorkspace(node.engine, MARK);
  const wanted = { scopes: ["admin"], label: "test" } as const;
  const { secret } = await node.engine.createKey(MARK, wanted);
  mirror = { url: node.client.url, key: secret };
  await fill(node.client, "plain");
  await fill(mirror, MARK);
  const { default: pg } = await import("pg");
  owner = new pg.Client({ connectionString: url });
  app = new pg.Client({ connectionString: url, options: "-c role=tollgate_app" });
  await Promise.all([owner.connect(), app.connect()]);
});

after(async () => {
  await Promise.all([owner.end(), app.end()]);
  await node.close();
});

/** The same ids in both workspaces, and a word of its own in all that is said of them. */
async function fill(at: Asked, word: string): Promise<void> {
  const price = { model: "per_unit", unit: "0.01" };
  const charges = [{ key: word, meter: { count: "steps" }, price }];
  await call(at, "POST /v1/rate-cards", { key: `card-${word}`, currency: "USD", charges });
  const budget = { each: "customer", measure: "steps", limit: "5", per: "month" };
  await call(at, "PUT /v1/budgets/steps", { budget, ...BY, reason: word });
  const labels = { word };
  const steps = ["s1", "s2"].map((id) => ({ ...toolStep("r1", id, "acme"), labels, tool: word }));
  const own = { ...toolStep(`run-${word}`, "s1", `customer-${word}`), tool: word };
  const late = { ...toolStep("nobody's", `late-${word}`), tool: word };
  await call(at, "POST /v1/events", [opening("r1", "acme"), ...steps, own, late]);
  const holds = [{ source: word, id: "h1", kind: "tool", tool: word }];
  await call(at, "POST /v1/runs/r1/holds", { holds });
  await call(at, "POST /v1/runs/r1/outcomes", { outcome: word });
  await call(at, "POST /v1/keys", { scopes: ["read"], label: word });
}

/** Every table of the schema; partitions are the table's that they are part of. */
async function tables(): Promise<{ name: string; hasTenant: boolean }[]> {
  const { rows } = await owner.query(`SELECT c.relname AS name, EXISTS (SELECT FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attname IN ('ws', 'workspace')) AS has_tenant
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition ORDER BY 1`);
  return rows.map((row) => ({ name: String(row.name), hasTenant: row.has_tenant === true }));
}

async function countOf(client: Client, table: string, where = "true"): Promise<number> {
  const { rows } = await client.query(`SELECT count(*) AS n FROM ${table} WHERE ${where}`);
  return Number(rows[0]?.n);
}

async function become(ws: number | null): Promise<void> {
  await app.query("SELECT set_config('tollgate.ws', $1, false)", [ws === null ? "" : String(ws)]);
}

async function numberOf(workspace: string): Promise<number> {
  const { rows } = await owner.query("SELECT ws FROM workspaces WHERE id = $1", [workspace]);
  return Number(rows[0]?.ws);
}

test("the role of the product owns nothing and passes no wall", async () => {
  const { rows } = await owner.query(`SELECT rolsuper, rolbypassrls, rolcreaterole, rolcanlogin,
      (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid) AS owned
    FROM pg_roles r WHERE rolname = 'tollgate_app'`);
  const none = { rolsuper: false, rolbypassrls: false, rolcreaterole: false };
  assert.deepEqual(rows, [{ ...none, rolcanlogin: false, owned: "0" }]);
  const { rows: asked } = await app.query("SELECT current_user AS role");
  assert.equal(asked[0]?.role, "tollgate_app");
});

test("an address that names another role takes no node out from behind the wall", async () => {
  const options = encodeURIComponent("-c role=postgres -c work_mem=8MB");
  const sessions = await Sessions.open(`${databaseUrl}?options=${options}`);
  const sql = "SELECT current_user::text AS role, current_setting('work_mem') AS memory";
  assert.deepEqual(await sessions.rows(null, sql, []), [{ role: "tollgate_app", memory: "8MB" }]);
  await sessions.end();
});

test("without a tenant no table shows a row, though they are full", async () => {
  await become(null);
  let filled = 0;
  for (const { name, hasTenant } of await tables()) {
    if (!hasTenant) continue;
    if ((await countOf(owner, name)) > 0) filled += 1;
    assert.equal(await countOf(app, name), 0, name);
  }
  assert.ok(filled >= 15, `${filled} tables are full`);
});

test("a tenant sees its own rows and no other's", async () => {
  const [plain, other] = [await numberOf("default"), await numberOf(MARK)];
  await become(plain);
  for (const { name, hasTenant } of await tables()) {
    if (!hasTenant) continue;
    const isKey = name === "api_keys";
    const own = isKey ? "workspace = 'default'" : `ws = ${plain}`;
    assert.equal(await countOf(app, name), await countOf(owner, name, own), name);
    const of = isKey ? `workspace = '${MARK}'` : `ws = ${other}`;
    assert.equal(await countOf(app, name, of), 0, `${name} of the other one`);
  }
});

test("what belongs to no workspace is behind functions", async () => {
  const open = (await tables()).filter(({ hasTenant }) => !hasTenant).map(({ name }) => name);
  assert.deepEqual(open, [...OF_THE_INSTALLATION, "tollgate_schema"]);
  for (const name of OF_THE_INSTALLATION) {
    await assert.rejects(countOf(app, name), /permission denied/, name);
  }
  await assert.rejects(countOf(app, "steps_of_nobody"), /does not exist/);
});

test("a tenant writes nothing that is another's, and into no partition directly", async () => {
  const [plain, other] = [await numberOf("default"), await numberOf(MARK)];
  await become(plain);
  const stop = `INSERT INTO stops VALUES (${other}, 'run', 'r1', '')`;
  await assert.rejects(app.query(stop), /row-level security/);
  const taken = await app.query(`UPDATE customers SET name = 'x' WHERE ws = ${other}`);
  assert.equal(taken.rowCount, 0);
  const { rows } = await owner.query(
    "SELECT relid::regclass AS name FROM pg_partition_tree('steps') WHERE isleaf",
  );
  assert.ok(rows.length > 0);
  for (const { name } of rows) await assert.rejects(countOf(app, name), /permission denied/);
});

/** Ids that stand for what a path names: those of the asker, and those that only the mirror has. */
const NAMES = ["r1", "acme", "steps", "h1", `run-${MARK}`, `customer-${MARK}`, `card-${MARK}`];

async function beginningOf({ body }: Response): Promise<string> {
  const chunk = await body?.getReader().read();
  return Buffer.from(chunk?.value ?? []).toString("utf8");
}

async function answersOf(caller: Asked): Promise<{ path: string; text: string }[]> {
  const document = await call(caller, "GET /v1/openapi.json");
  const paths = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    "get" in item && path !== "/v1/openapi.json" ? [path] : [],
  );
  const urls = paths.flatMap((path) =>
    path.includes("{") ? NAMES.map((name) => path.replaceAll(/\{\w+\}/g, name)) : [path],
  );
  const headers = { authorization: `Bearer ${caller.key}` };
  const answers = [];
  for (const path of urls) {
    const url = `${caller.url}${path}${path.endsWith("/wait") ? "?timeoutMs=1" : ""}`;
    const stop = new AbortController();
    const answer = await fetch(url, { headers, signal: stop.signal });
    // A stream never ends: what it says at first is enough.
    const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
    answers.push({ path, text: isStream ? await beginningOf(answer) : await answer.text() });
    stop.abort();
  }
  return answers;
}

test("no answer of any route shows a word of the mirror workspace", async (t) => {
  const own = await answersOf(mirror);
  const shown = own.filter(({ path, text }) => text.replaceAll(path, "").includes(MARK));
  t.diagnostic(`${own.length} answers, ${shown.length} of the mirror's say its word`);
  assert.ok(shown.length >= 10, "the mirror is asked for what it has");
  for (const { path, text } of await answersOf(node.client)) {
    // What was asked for is repeated in a refusal; nothing else may say the word.
    const named = NAMES.filter((name) => path.includes(name));
    const rest = named.reduce((left, name) => left.replaceAll(name, ""), text);
    assert.ok(!rest.includes(MARK), `${path}: ${text}`);
  }
});
