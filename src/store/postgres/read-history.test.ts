/** What a page of a long run's revisions reads is the page, and not what is left of the run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { nodeDigest } from "../../compose.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { runRow, stepRow, writesOf } from "../sample-rows-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

const RUN = "r1";
const STEPS = 3_000;
const PAGE = 100;

interface Plan {
  readonly "Node Type": string;
  readonly "Actual Rows": number;
  readonly Plans?: readonly Plan[];
}

/** Rows that all scans of a plan came upon. */
function scanned(plan: Plan): number {
  const own = plan["Node Type"].includes("Scan") ? plan["Actual Rows"] : 0;
  return (plan.Plans ?? []).reduce((sum, below) => sum + scanned(below), own);
}

test("each page of a run's revisions reads as many rows as it has", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  await store.createWorkspace("w");
  const customer = "acme";
  const steps = Array.from({ length: STEPS }, (_, at) =>
    stepRow({ run: RUN, id: `s${at}`, customer, seq: at + 1, revision: 1 }),
  );
  const runs = [runRow({ id: RUN, customer })];
  await store.transact("w", (unit) => unit.write(writesOf({ runs, steps })));
  // Of so few rows a scan of all is cheaper than any index; whether one serves is asked.
  const options = "-c enable_seqscan=off -c enable_bitmapscan=off";
  const client = new pg.Client({ connectionString, options });
  await client.connect();
  await client.query("ANALYZE");
  const ids = new Set<string>();
  const sent = await sentIn(async () => {
    for (let after: string | null = ""; after !== null; ) {
      const filter = { run: RUN, untilSeq: STEPS, after, limit: PAGE };
      const page = await store.revisionsOfRun("w", filter);
      for (const { id } of page.steps) ids.add(id);
      after = page.next;
    }
  });
  const asked = sent.filter(({ text }) => text.includes("former_steps"));
  assert.equal(ids.size, STEPS);
  assert.equal(asked.length, STEPS / PAGE + 1);
  const counts: number[] = [];
  for (const { text, values } of asked) {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [...values]);
    counts.push(scanned(rows[0]["QUERY PLAN"][0].Plan));
  }
  await client.end();
  await store.close();
  // One more tells that the order within an identity is done, and others look the run up.
  assert.ok(Math.max(...counts) <= PAGE + 8, counts.join(" "));
});
