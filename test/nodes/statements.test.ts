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
import { serveNode } from "./nodes.ts";

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Plan[];
}

const texts = new Set<string>();
const { query } = pg.Client.prototype;
let node: Awaited<ReturnType<typeof serveNode>>;
let owner: pg.Client;

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  node = await serveNode(url);
  owner = new pg.Client({ connectionString: url });
  await owner.connect();
  // Every statement of this process is noted from here on.
  pg.Client.prototype.query = function (this: pg.Client, ...sent: unknown[]): never {
    const [first] = sent;
    const { text } = typeof first === "string" ? { text: first } : (first as { text: string });
    if (text !== undefined) texts.add(text);
    return Reflect.apply(query, this, sent) as never;
  } as typeof query;
});

after(async () => {
  pg.Client.prototype.query = query;
  await owner.end();
  await node.close();
  await (await postgresServer()).stop();
});

/** What callers do all day: steps, trees, retries, late customers, outcomes, holds, their ends. */
async function work(): Promise<void> {
  const { client } = node;
  const budget = { each: "customer", measure: "steps", limit: "1000", per: "month" };
  await call(client, "PUT /v1/budgets/steps", { budget, ...BY });
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
  await call(client, "POST /v1/runs/r1/close", { status: "completed" }).catch(() => undefined);
}

async function planOf(text: string): Promise<Plan> {
  const { rows } = await owner.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
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

test("every statement of the day's work finds its rows by an index of its workspace", async (t) => {
  await work();
  const statements = [...texts].filter((text) =>
    /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(text),
  );
  assert.ok(statements.length >= 25, `${statements.length} statements`);
  // An empty table is read whole if it may be: what counts is whether it must.
  await owner.query("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
  let found = 0;
  for (const text of statements) {
    if (/^SELECT (\* FROM )?tollgate_/.test(text)) continue;
    if (/^\s*INSERT/.test(text)) assert.match(text, /\(ws, [\s\S]*SELECT \$1::integer/, text);
    for (const scan of scans(await planOf(text))) {
      found += 1;
      const where = `${scan["Node Type"]} of ${scan["Relation Name"]}: ${text}`;
      assert.match(conditionOf(scan), /\bws = /, where);
    }
  }
  t.diagnostic(`${statements.length} statements, ${found} scans`);
  assert.ok(found >= 20, `${found} scans`);
});
