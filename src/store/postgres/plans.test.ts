/**
 * What a unit of work or a request asks of a table that grows with use, it finds by an index that
 * narrows a workspace down, as the role of the product and by the plan that a prepared statement
 * has for any values. Two things keep the server from an index that is there: a condition that may
 * be off (`$2 IS NULL OR customer = $2`), and, behind row-level security, one by a function that
 * may tell what it was asked about (`->>` of JSON, `starts_with`), which the wall comes before.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import pg from "pg";
import { nodeDigest } from "../../compose.ts";
import type { Store } from "../../engine/ports.ts";
import { distribution, namesKey } from "../distribution-contract.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { fillVaried } from "../varied-history-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

/** These have a row or more for each run, event, hold, act, message or customer. */
const GROWING = new Set(
  `journal steps former_steps runs former_runs outcomes former_outcomes calls witnesses suspended
  conflicts adjustments holds overruns chain counters rollups credit_books customers statements
  periods budget_balances budget_held alert_deliveries export_lines export_attempts`.split(/\s+/),
);
/** Pages of everything in the order of their index, and what reads all that there is by design. */
const OF_ALL = [
  /FROM runs WHERE ws = \$1( AND (status|agent|end_user) = \$2)? ORDER BY opened_at DESC, /,
  /FROM statements WHERE ws = \$1( AND closed_at <= \$2)? ORDER BY period DESC, .* LIMIT/,
  /FROM outcomes WHERE ws = \$1 AND status = 'provisional' ORDER BY customer, run, key LIMIT/,
  /FROM alert_deliveries WHERE ws = \$1( AND route = \$2)? ORDER BY created_at DESC, .* LIMIT/,
  /min\(next_at\) AS at FROM alert_deliveries WHERE ws = \$1 AND state = 'ready'$/,
  /FROM rollups WHERE ws = \$1$/,
  /FROM conflicts WHERE ws = \$1 AND settled IS NULL ORDER BY seq LIMIT/,
  /FROM holds WHERE ws = \$1 AND state = 'open'$/,
  // A sign of life moves no entry of an index (migration 0022): what is open is what is looked at.
  /FROM runs WHERE ws = \$1 AND status = 'open' AND NOT standing/,
  // An index holds these alone, and they are few.
  /FROM runs WHERE ws = \$1 AND customer IS NOT NULL AND \(strpos\(head, .* LIMIT/,
  // Of a whole month, once a period is over.
  /starts_with\(period, \$2\) UNION/,
  // Few wait at a time, and where they are many the server has counted them.
  /^DELETE FROM (suspended|witnesses) t USING unnest/,
];

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Plan[];
}

/** A bitmap's index stands below the scan of its table. */
function conditionOf(scan: Plan): string {
  return [scan, ...(scan.Plans ?? [])].map((each) => each["Index Cond"] ?? "").join("");
}

/** The table of a scan, whichever of its partitions it is of. */
function tableOf(plan: Plan): string {
  return plan["Relation Name"]?.replace(/_\d+$/, "") ?? "";
}

function scansOf(plan: Plan): Plan[] {
  const below = (plan.Plans ?? []).flatMap(scansOf);
  const isScan = plan["Node Type"].endsWith("Scan") && plan["Relation Name"] !== undefined;
  return isScan ? [plan, ...below] : below;
}

/** Scans of growing tables that nothing but the workspace narrows down. */
function poorScans(plan: Plan): string[] {
  const below = (plan.Plans ?? []).flatMap(poorScans);
  const table = tableOf(plan);
  const isScan = plan["Node Type"].endsWith("Scan") && GROWING.has(table);
  const isPoor = isScan && /^(\(ws = \S+\))?$/.test(conditionOf(plan));
  return isPoor ? [`${plan["Node Type"]} of ${table}`, ...below] : below;
}

const WORKSPACE = "default";
const PAGE = { limit: 10 };

/** Lists in the shapes that the varied history does not ask for. */
async function askForLists(store: Store): Promise<void> {
  const [run] = await store.listRuns(WORKSPACE, PAGE);
  const { id = "", customer: of = null } = run ?? {};
  const customer = of ?? "";
  const filters = [{ customer }, { customer, status: "open" }, { customer, after: id }];
  const ofUsers = { hasEndUser: true, byId: true, after: id };
  const all = [...filters, { agent: "a" }, { status: "open" }, { endUser: "u" }, ofUsers];
  for (const filter of all) await store.listRuns(WORKSPACE, { ...filter, ...PAGE });
  for (const filter of [{ customer }, { customer, period: "2026-11-01" }]) {
    await store.rollups(WORKSPACE, filter);
  }
  for (const filter of [{}, { subject: "x" }, { beforeSeq: 9 }, { subject: "x", beforeSeq: 9 }]) {
    await store.acts(WORKSPACE, { kind: "customer.saved", ...filter, ...PAGE });
  }
  const after = { customer, run: id, key: "" };
  for (const filter of [{}, { customer }] as { customer?: string }[]) {
    await store.transact(WORKSPACE, (unit) => unit.dueOutcomes(1, { ...filter, ...PAGE }));
    await store.provisionalOutcomes(WORKSPACE, { ...filter, ...PAGE });
    await store.transact(WORKSPACE, (unit) => unit.unfinishedRuns(10, filter.customer));
  }
  await store.history(WORKSPACE).outcomes({ after, ...PAGE });
  const balance = { budgetId: 1, scope: "x", window: "y" };
  const ofBudget = { budgetId: 1 };
  for (const filter of [ofBudget, balance, { after: balance }, { ...ofBudget, after: balance }]) {
    await store.spending.balancesOf(WORKSPACE, { ...filter, ...PAGE });
  }
  for (const filter of [{}, { after: "x" }, { route: "r" }]) {
    await store.alerts.list(WORKSPACE, { ...filter, ...PAGE });
  }
  const ofTarget = { target: "t", ...PAGE };
  for (const filter of [{}, { customer }, { states: ["ready"] } as const]) {
    await store.outbox.lines(WORKSPACE, { ...ofTarget, ...filter });
  }
  await store.listStatements(WORKSPACE, customer);
  const last = { period: "2026-11-01", customer, closedAtMs: 1, id: "x" };
  for (const filter of [{}, { after: last }, { customer }, { customer, after: last }]) {
    await store.statementPage(WORKSPACE, { ...filter, closedUntilMs: 1, ...PAGE });
    await store.statementPage(WORKSPACE, { ...filter, ...PAGE });
  }
  await store.listSuspended(WORKSPACE, 10, 1);
  await store.bookedByHand(WORKSPACE, customer);
  const hold = { grantedAtMs: 1, source: "sdk", id: "x" };
  await store.spending.holdsOfRun(WORKSPACE, id, { ...PAGE, after: hold });
  await store.periodsToBill(WORKSPACE, "2026-11", customer);
  await store.credit.customersBelow(WORKSPACE, customer);
}

/** Texts of all statements that the work sends. */
async function statementsOf(work: () => Promise<void>): Promise<string[]> {
  return [...new Set((await sentIn(work)).map(({ text }) => text))];
}

const FORCED = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan";

/** The plan for no values in particular: EXPLAIN alone knows this since PostgreSQL 16. */
async function planOf(client: pg.Client, text: string): Promise<Plan> {
  const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  const values = Array.from({ length: Math.max(0, ...numbers) }, () => "NULL");
  await client.query(`PREPARE planned AS ${text}`);
  const given = values.length === 0 ? "" : `(${values.join(", ")})`;
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE planned${given}`);
  await client.query("DEALLOCATE planned");
  return rows[0]?.["QUERY PLAN"][0].Plan as Plan;
}

async function withClient(
  connectionString: string,
  options: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString, options: `${FORCED} ${options}` });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const READING = /^(SELECT|WITH|DELETE|UPDATE)\b/;

let connectionString: string;
/** What reads or changes rows, of a varied history and of lists. */
let ofHistory: string[];
let ofLists: string[];

before(async () => {
  connectionString = await (await postgresServer()).createDatabase();
  const sentBy = async (work: (store: Store) => Promise<void>) => {
    const sent = await statementsOf(async () => {
      const store = await openPostgresStore({ connectionString, digest: nodeDigest });
      await work(store);
      await store.close();
    });
    const asked = sent.map((text) => text.replaceAll(/\s+/g, " ").trim());
    return asked.filter((text) => READING.test(text));
  };
  ofHistory = await sentBy(fillVaried);
  ofLists = await sentBy(askForLists);
});

test("every statement of a varied history finds its rows by an index of its own", async (t) => {
  const reading = [...new Set([...ofHistory, ...ofLists])];
  t.diagnostic(`${reading.length} statements`);
  assert.ok(reading.length >= 100, `${reading.length} statements`);
  await withClient(connectionString, "-c role=tollgate_app", async (client) => {
    await client.query("SELECT set_config('tollgate.ws', '1', false)");
    const poor: string[] = [];
    for (const text of reading.filter((one) => !OF_ALL.some((all) => all.test(one)))) {
      const scans = poorScans(await planOf(client, text));
      poor.push(...scans.map((scan) => `${scan}: ${text}`));
    }
    assert.deepEqual(poor, []);
  });
  // Its text is a function's, which runs as the owner.
  await withClient(connectionString, "", async (client) => {
    const named = "SELECT prosrc FROM pg_proc WHERE proname = 'tollgate_customers_below'";
    const { rows } = await client.query(named);
    assert.deepEqual(poorScans(await planOf(client, rows[0]?.prosrc)), []);
  });
});

/** Not asked on the way of an event: of everybody by time, by a statement's id, and a report. */
const OF_ANYBODY = [
  /FROM outcomes WHERE ws = \$1 AND status = 'provisional' AND final_at <= \$2/,
  /FROM rollups WHERE ws = \$1 AND starts_with\(period, \$2\) UNION/,
  /FROM statements WHERE ws = \$1 AND id = \$2$/,
  /^SELECT s\.\* FROM runs r JOIN steps s ON s\.ws = r\.ws AND s\.customer = r\.customer/,
];

test("whatever else a varied history asks of a distributed table names the customer", async (t) => {
  const { distributed } = distribution();
  let found = 0;
  await withClient(connectionString, "", async (client) => {
    for (const text of ofHistory.filter((one) => !OF_ANYBODY.some((any) => any.test(one)))) {
      for (const scan of scansOf(await planOf(client, text))) {
        const column = distributed.get(tableOf(scan));
        if (column === undefined) continue;
        found += 1;
        assert.match(conditionOf(scan), namesKey(column), text);
      }
    }
  });
  t.diagnostic(`${found} scans of distributed tables`);
  assert.ok(found >= 15, `${found} scans`);
});
