/**
 * Statements of units of work, as the server plans them: whatever they read or change, they find it
 * by an index that begins with the workspace. So no unit gets slower as other workspaces grow, a
 * workspace's rows can lie together, and no statement reads a whole table.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { postgresServer } from "../postgres-server.ts";
import { BY, call, opening, toolStep } from "./calls.ts";
import { distribution, namesKey } from "./distribution.ts";
import { serveNode } from "./nodes.ts";

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Plan[];
}

const texts = new Set<string>();
const { query } = pg.Client.prototype;
type Served = Awaited<ReturnType<typeof serveNode>>;
let node: Served;
let other: Served;
let owner: pg.Client;
/** Of the day's work, functions of the schema aside. */
let statements: readonly string[] = [];

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  node = await serveNode(url);
  other = await serveNode(url);
  owner = new pg.Client({ connectionString: url });
  await owner.connect();
  // Every statement of this process is noted from here on.
  pg.Client.prototype.query = function (this: pg.Client, ...sent: unknown[]): never {
    const [first] = sent;
    const { text } = typeof first === "string" ? { text: first } : (first as { text: string });
    if (text !== undefined) texts.add(text);
    return Reflect.apply(query, this, sent) as never;
  } as typeof query;
  await work();
  // An empty table is read whole if it may be: what counts is whether it must.
  await owner.query("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
  const asked = [...texts].filter((text) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(text));
  statements = asked.filter((text) => !/^SELECT (\* FROM )?tollgate_/.test(text));
});

after(async () => {
  pg.Client.prototype.query = query;
  await owner.end();
  await node.close();
  await other.close();
});

/** What people have decided before: rules that units of work look at. */
async function decided(): Promise<void> {
  const { client } = node;
  const budget = { each: "customer", measure: "steps", limit: "1000", per: "month" };
  await call(client, "PUT /v1/budgets/steps", { budget, ...BY });
  const price = { model: "per_unit", unit: "0.01" };
  const counted = { key: "done", meter: { count: "outcomes" }, price, settles: { afterHours: 24 } };
  const charges = [{ key: "steps", meter: { count: "steps" }, price }, counted];
  await call(client, "POST /v1/rate-cards", { key: "card", currency: "USD", charges });
  const rules = [{ rule: "error_storm", moreThan: 6, within: 10, do: "pause" }];
  await call(client, "PUT /v1/policies/long", { policy: { where: {}, rules }, ...BY });
  await call(client, "PUT /v1/customers/acme", { name: "Acme" });
  const grant = { id: "g1", customer: "acme", amount: "100", ...BY };
  await call(client, "POST /v1/credits/grants", grant);
  const from = "2026-11-01";
  const dated = { key: "c", name: "C", kind: "minimum", per: "period", currency: "USD", from };
  const commitments = [{ ...dated, amount: "50" }];
  await call(client, "PUT /v1/customers/acme/commitments", { commitments });
}

/** What callers do all day: steps, trees, retries, late customers, outcomes, holds, their ends. */
async function work(): Promise<void> {
  const { client } = node;
  await decided();
  texts.clear();
  const late = toolStep("later", "s1");
  const called = { ...toolStep("r1", "s3"), callId: "call-1" };
  const witness = { ...called, source: "other" };
  const first = [opening("r1", "acme"), opening("r2", "acme", "r1"), toolStep("r1", "s1"), late];
  await call(client, "POST /v1/events", [...first, called, witness]);
  await call(client, "POST /v1/events", [toolStep("r1", "s1"), toolStep("r2", "s2", "acme")]);
  await call(client, "POST /v1/events", [opening("later", "globex")]);
  await call(client, "POST /v1/runs/r1/outcomes", { outcome: "done" });
  const holds = ["h1", "h2"].map((id) => ({ source: "t", id, kind: "tool", tool: "search" }));
  await call(client, "POST /v1/runs/r1/holds", { holds });
  await call(client, "POST /v1/events", [
    toolStep("r1", "h1"),
    { ...toolStep("r1", "s1"), attempt: 2 },
  ]);
  const at = { source: "t", run: "r1", occurredAt: new Date().toISOString() };
  await call(other.client, "POST /v1/events", [
    { ...toolStep("r1", "a1"), type: "step.amended", target: { id: "s1" }, reason: "late" },
    { ...at, type: "step.voided", id: "v1", target: { id: "s3" }, reason: "twice" },
  ]);
  await call(client, "POST /v1/events", [toolStep("r3", "s1", "initech")]);
  await call(client, "POST /v1/runs/r1/close", { status: "completed" }).catch(() => undefined);
}

/** For no values in particular: EXPLAIN alone knows this since PostgreSQL 16. */
async function planOf(text: string): Promise<Plan> {
  const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  const values = Array.from({ length: Math.max(0, ...numbers) }, () => "NULL");
  await owner.query(`PREPARE planned AS ${text}`);
  const given = values.length === 0 ? "" : `(${values.join(", ")})`;
  const { rows } = await owner.query(`EXPLAIN (FORMAT JSON) EXECUTE planned${given}`);
  await owner.query("DEALLOCATE planned");
  return rows[0]?.["QUERY PLAN"][0].Plan as Plan;
}

function scans(plan: Plan): Plan[] {
  const below = (plan.Plans ?? []).flatMap(scans);
  const isScan = plan["Node Type"].endsWith("Scan") && plan["Relation Name"] !== undefined;
  return isScan ? [plan, ...below] : below;
}

/** A bitmap's index stands below the scan of its table. */
function conditionOf(scan: Plan): string {
  return [scan, ...(scan.Plans ?? [])].map((each) => each["Index Cond"] ?? "").join(" ");
}

/** Each insertion of a statement, which may be of several: its table, columns and workspace. */
const INSERTS = /INSERT INTO (\w+) \([^)]*\)\s+(?:SELECT|VALUES) *\S+?(?=[,) ]|$)/g;

test("every table is distributed by a column of its key, or said to stay", async () => {
  const { distributed, elsewhere } = distribution();
  const { rows } = await owner.query(`SELECT c.relname AS name, array(
      SELECT a.attname::text FROM pg_index i JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
      WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
    (SELECT count(*)::integer FROM pg_index i WHERE i.indrelid = c.oid
      AND i.indisunique AND NOT i.indisprimary) AS unique_count
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname`);
  const tables = rows as { name: string; key: string[]; unique_count: number }[];
  const said = [...distributed.keys(), ...elsewhere];
  assert.deepEqual(said.toSorted(), tables.map(({ name }) => name).toSorted());
  for (const { name, key, unique_count: count } of tables) {
    const column = distributed.get(name);
    if (column === undefined) continue;
    assert.ok(key.includes(column), `${name} has ${column} in its key`);
    assert.equal(count, 0, `${name} is unique by its key alone`);
  }
});

test("what is distributed is found by its customer, who is bound to a run once", async (t) => {
  const { distributed } = distribution();
  let found = 0;
  for (const text of statements) {
    for (const [insert, table = ""] of text.matchAll(INSERTS)) {
      const own = distributed.get(table);
      if (own !== undefined) assert.match(insert, new RegExp(`\\(ws, [^)]*\\b${own}\\b`), text);
    }
    for (const scan of scans(await planOf(text))) {
      const column = distributed.get(scan["Relation Name"]?.replace(/_\d+$/, "") ?? "");
      if (column === undefined) continue;
      found += 1;
      assert.match(conditionOf(scan), namesKey(column), `${scan["Relation Name"]}: ${text}`);
    }
  }
  t.diagnostic(`${found} scans of distributed tables`);
  assert.ok(found >= 5, `${found} scans`);
});

test("every statement of the day's work finds its rows by an index of its workspace", async (t) => {
  assert.ok(statements.length >= 25, `${statements.length} statements`);
  let [found, inserts] = [0, 0];
  for (const text of statements) {
    for (const [insert] of text.matchAll(INSERTS)) {
      inserts += 1;
      assert.match(insert, /\(ws, [\s\S]*SELECT \$1::integer$/, text);
    }
    for (const scan of scans(await planOf(text))) {
      found += 1;
      const where = `${scan["Node Type"]} of ${scan["Relation Name"]}: ${text}`;
      assert.match(conditionOf(scan), /\bws = /, where);
      // Rows of many keys are found by each key, and not among all of the workspace.
      if (text.includes("CROSS JOIN LATERAL")) assert.match(conditionOf(scan), /\bk\./, where);
    }
  }
  const bundles = statements.filter((text) => text.startsWith("WITH part_0")).length;
  t.diagnostic(`${statements.length} statements, ${bundles} of several, ${found} scans`);
  assert.ok(bundles >= 5, `${bundles} are of several`);
  assert.ok(found >= 20 && inserts >= 20, `${found} scans, ${inserts} inserts`);
});
