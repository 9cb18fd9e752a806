/**
 * Old steps are removed: everything that was counted stays, retries of what was removed are known,
 * and verification holds every total against what was recorded of the steps that are gone.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeHttp, DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import {
  CONDENSED_RUNS_PER_UNIT_MAX_COUNT,
  CONDENSED_STEPS_PER_UNIT_MAX_COUNT,
  RETAINED_MONTHS_MAX,
  RETAINED_MONTHS_MIN,
} from "../../src/domain/limits.ts";
import { planRemoval } from "../../src/store/retain/plan-removal.ts";
import { VERIFIED_TABLES, verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { blindSpots, isTotalOfNothing } from "../faults/alterations.ts";
import { findingsAfter, openFile, rowsOf } from "../faults/altered-copy.ts";
import {
  LATE,
  LATER,
  makeVariedHistory,
  OCTOBER,
  OTHER_WORKSPACE,
} from "../faults/varied-history.ts";
import { casesOver, closeAll, openAt, retainAt, withEngine } from "./retaining.ts";

const NOW_MS = Date.UTC(2028, 0, 15);
/** Silent runs were abandoned in January, so what bounds make of them counts there. */
const MARCH_MS = Date.UTC(2028, 2, 15);
const LONG_AGO_MS = Date.UTC(2026, 0, 1);
const folder = mkdtempSync(join(tmpdir(), "tollgate-retention-"));
const original = join(folder, "original");
const retained = join(folder, "retained");
let steps = 0;

before(async () => {
  await makeVariedHistory(original);
  await withEngine({ dataDir: original }, NOW_MS, async (engine) => {
    for (const workspace of [DEFAULT_WORKSPACE, OTHER_WORKSPACE]) await closeAll(engine, workspace);
  });
  cpSync(original, retained, { recursive: true });
  ({ steps } = await retainAt({ dataDir: retained }, NOW_MS));
});

after(() => rmSync(folder, { recursive: true }));

test("steps of runs that ended long ago are removed, and all of it still adds up", () => {
  const before = verifyDataFolder(original);
  assert.deepEqual(before.findings, []);
  const { findings, checked, removed } = verifyDataFolder(retained);
  assert.deepEqual(findings, []);
  assert.ok(steps > 0);
  assert.equal(removed.steps, steps);
  assert.equal((checked.steps ?? 0) + steps, before.checked.steps);
  assert.ok(statSync(join(retained, "tollgate.db")).size > 0);
});

type Sent = Readonly<Record<string, unknown>>;

/** What is answered of each event, sent alone to a copy of a folder. */
async function answered(to: string, events: readonly Sent[]) {
  const dataDir = copyOf(to);
  const told = await withEngine({ dataDir }, NOW_MS, async (engine) => {
    const { intake } = composeHttp(engine);
    const results: [string, string][] = [];
    for (const event of events) {
      const body = JSON.stringify([event]);
      const { results: own } = await intake.ingestBody(DEFAULT_WORKSPACE, body, "json");
      const [{ result } = { result: null }] = own;
      results.push([`${event.run} ${event.id}`, result?.error?.code ?? result?.status ?? "none"]);
    }
    const usage = await engine.usage(DEFAULT_WORKSPACE, { groupBy: ["customer"], filter: {} });
    return { results, usage, statements: await engine.store.listStatements(DEFAULT_WORKSPACE) };
  });
  return { ...told, findings: verifyDataFolder(dataDir).findings };
}

let copies = 0;
function copyOf(dataDir: string): string {
  copies += 1;
  const copy = join(folder, `copy-${copies}`);
  cpSync(dataDir, copy, { recursive: true });
  return copy;
}

test("a late retry of what was removed is a duplicate still, and counts nothing", async () => {
  const sent = [...OCTOBER, ...LATE, ...LATER];
  const untouched = await answered(retained, []);
  const [whole, rest] = [await answered(original, sent), await answered(retained, sent)];
  assert.deepEqual(rest.findings, []);
  assert.deepEqual(rest.usage, untouched.usage);
  assert.deepEqual(rest.statements, untouched.statements);
  // What differs from the record that counted is told, though not which of the two is better.
  const told = whole.results.map(([of, was]) => [of, was === "stale" ? "event.conflict" : was]);
  assert.deepEqual(rest.results, told);
  const duplicates = rest.results.filter(([, status]) => status === "duplicate");
  assert.ok(duplicates.length > 30, `${duplicates.length} duplicates`);
});

test("a condensed run takes nothing new, and no run begins below it", async () => {
  const step = { ...OCTOBER[1], id: "new", callId: undefined };
  const closing = { type: "run.closed", run: "r1", id: "c9", source: "sdk", ending: "failed" };
  const at = { occurredAt: "2028-01-15T00:00:00Z" };
  const below = { type: "run.opened", run: "r99", id: "o", source: "sdk", parentRun: "r1" };
  const voiding = { type: "step.voided", run: "r1", id: "v9", source: "sdk", reason: "late" };
  const target = { source: "sdk", id: "t1" };
  const sent = [step, { ...closing, ...at }, { ...below, ...at }, { ...voiding, ...at, target }];
  const { results, findings } = await answered(retained, sent);
  assert.deepEqual(
    results.map(([, status]) => status),
    sent.map(() => "run.condensed"),
  );
  assert.deepEqual(findings, []);
});

test("what would need the steps is refused, and the rest is answered as before", async () => {
  const dataDir = copyOf(retained);
  await withEngine({ dataDir }, NOW_MS, async (engine) => {
    const refused = { code: "steps.removed" };
    const ws = DEFAULT_WORKSPACE;
    const issuer = "test";
    await assert.rejects(engine.receipts.issue(ws, { run: "r1", issuer }), refused);
    await assert.rejects(engine.rerate(ws, { sinceMs: null }), refused);
    const then = await engine.readsAt(ws, NOW_MS);
    await assert.rejects(engine.usage(ws, { groupBy: ["customer"], filter: {} }, then), refused);
    await assert.rejects(engine.runTree(ws, "r1", then), refused);
    await assert.rejects(engine.invoices.reconcile(ws, "INV"), refused);
    await assert.rejects(engine.runUnderCard(ws, { run: "r1", card: null }), refused);
    const byEndUser = { groupBy: ["endUser"], filter: {} } as const;
    await assert.rejects(engine.usage(ws, byEndUser), refused);
    const tree = await engine.runTree(ws, "r1");
    assert.deepEqual([tree.steps.length, tree.run.own.steps > 0], [0, true]);
    const { steps, runs } = await engine.rerate(ws, { sinceMs: Date.UTC(2027, 11, 1) });
    assert.deepEqual({ steps, runs }, { steps: 0, runs: 0 });
  });
});

test("what was known then is refused only where removed steps could change it", async () => {
  const work = { source: "sdk", type: "step", kind: "tool", tool: "search", customer: "c-new" };
  const at = { occurredAt: "2028-03-14T10:00:00Z", agent: "late" };
  const event = (run: string, customer: string) => ({ ...work, ...at, run, customer, id: "n1" });
  const asked = async (dataDir: string) =>
    withEngine({ dataDir }, MARCH_MS, async (engine) => {
      const { intake } = composeHttp(engine);
      const customers = (await engine.store.listCustomers(DEFAULT_WORKSPACE, 100)).map(
        ({ id }) => id,
      );
      for (const [index, customer] of ["c-new", ...customers].entries()) {
        const body = JSON.stringify([event(`fresh${index}`, customer)]);
        await intake.ingestBody(DEFAULT_WORKSPACE, body, "json");
      }
      const reads = await engine.readsAt(DEFAULT_WORKSPACE, MARCH_MS);
      const answers = new Map<string, unknown>();
      const ask = async (about: string, answer: () => Promise<unknown>) => {
        const refused = (error: unknown) => (error as { readonly code?: string }).code ?? error;
        answers.set(about, await answer().catch(refused));
      };
      for (const customer of ["c-new", ...customers]) {
        for (const period of ["2026-10-01", "2026-11-01", "2028-03-01", undefined]) {
          const query = { groupBy: ["agent"], filter: { customer, ...(period && { period }) } };
          const about = `usage ${customer} ${period}`;
          await ask(about, () => engine.usage(DEFAULT_WORKSPACE, query as never, reads));
        }
      }
      for (const run of ["r1", "fresh0", "fresh1"]) {
        await ask(`run ${run}`, async () => {
          const tree = await engine.runTree(DEFAULT_WORKSPACE, run, reads);
          return [tree.run.own, tree.steps.length];
        });
      }
      return answers;
    });
  const [whole, rest] = [await asked(copyOf(original)), await asked(copyOf(retained))];
  const refused = [...rest].filter(([, answer]) => answer === "steps.removed").map(([key]) => key);
  for (const [about, answer] of rest) {
    if (answer !== "steps.removed") assert.deepEqual(answer, whole.get(about), about);
  }
  assert.ok(![...whole.values()].includes("steps.removed"));
  assert.ok(refused.includes("run r1") && refused.includes("usage acme 2026-10-01"), `${refused}`);
  assert.ok(refused.includes("usage acme undefined"), `${refused}`);
  // A customer without old runs, and periods that began after the last removed step, are answered.
  for (const about of ["usage c-new undefined", "usage acme 2028-03-01", "run fresh1"]) {
    assert.ok(rest.has(about) && !refused.includes(about), about);
  }
});

test("what a removal kept less of stays removed, also for one that keeps more", async () => {
  const dataDir = copyOf(retained);
  await retainAt({ dataDir }, NOW_MS, RETAINED_MONTHS_MAX);
  await withEngine({ dataDir }, NOW_MS, async (engine) => {
    const refused = { code: "steps.removed" };
    await assert.rejects(engine.rerate(DEFAULT_WORKSPACE, { sinceMs: null }), refused);
    await assert.rejects(engine.rerate(DEFAULT_WORKSPACE, { sinceMs: LONG_AGO_MS }), refused);
  });
});

test("how many months stay has its bounds", async () => {
  const dataDir = copyOf(retained);
  for (const keepMonths of [RETAINED_MONTHS_MIN - 1, RETAINED_MONTHS_MAX + 1, 1.5]) {
    const refused = { code: "field.out_of_range" };
    await assert.rejects(retainAt({ dataDir }, NOW_MS, keepMonths), refused);
  }
  for (const keepMonths of [RETAINED_MONTHS_MIN, RETAINED_MONTHS_MAX]) {
    assert.equal((await retainAt({ dataDir }, NOW_MS, keepMonths)).steps, 0);
  }
});

test("many runs are condensed by several units, each of them within its bounds", async () => {
  const dataDir = join(folder, "many");
  const count = CONDENSED_RUNS_PER_UNIT_MAX_COUNT + 2;
  const stepsOf = (at: number) => (at === 0 ? CONDENSED_STEPS_PER_UNIT_MAX_COUNT + 1 : 1);
  const total = CONDENSED_STEPS_PER_UNIT_MAX_COUNT + count;
  await withEngine({ dataDir }, Date.UTC(2026, 10, 20), async (engine) => {
    await prepareWorkspace(engine, DEFAULT_WORKSPACE);
    const { intake } = composeHttp(engine);
    const at = { source: "sdk", occurredAt: "2026-11-19T00:00:00Z", customer: "acme" };
    const events = Array.from({ length: count }, (_, run) =>
      Array.from({ length: stepsOf(run) }, (_, id) => {
        return { ...at, run: `r${run}`, id: `s${id}`, kind: "tool", tool: "t", usage: {} };
      }),
    ).flat();
    for (let from = 0; from < events.length; from += 1_000) {
      const body = JSON.stringify(events.slice(from, from + 1_000));
      await intake.ingestBody(DEFAULT_WORKSPACE, body, "json");
    }
  });
  await withEngine({ dataDir }, NOW_MS, (engine) => closeAll(engine, DEFAULT_WORKSPACE));
  assert.deepEqual(await retainAt({ dataDir }, NOW_MS), { runs: count, steps: total });
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const db = openFile(dataDir);
  // Units of condensing: those whose first row is such an entry.
  const { units } = db
    .prepare(`SELECT count(*) AS units FROM chain c WHERE EXISTS (SELECT 1 FROM journal j
      WHERE j.ws = c.ws AND j.seq = c.first_seq AND j.kind = 'run.condensed')`)
    .get() as { units: number };
  db.close();
  // The large run has a unit of its own, and of the rest there is one more than a unit looks at.
  assert.equal(units, 3);
});

test("removing again removes nothing", async () => {
  const dataDir = copyOf(retained);
  assert.deepEqual(await retainAt({ dataDir }, NOW_MS), { runs: 0, steps: 0 });
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});

test("what is younger, goes on or is not billed stays", async () => {
  const dataDir = join(folder, "young");
  await makeVariedHistory(dataDir);
  const before = verifyDataFolder(dataDir);
  // Nothing is closed since December, and everything that ended did so in the last months.
  assert.deepEqual(await retainAt({ dataDir }, Date.UTC(2026, 11, 20)), { runs: 0, steps: 0 });
  assert.equal(verifyDataFolder(dataDir).checked.steps, before.checked.steps);
});

test("a removal that is cut off anywhere verifies, and is gone on with", async () => {
  const dataDir = copyOf(original);
  const condensed = async () => {
    const store = await openAt({ dataDir });
    for (const workspace of await store.workspaces()) {
      await casesOver(store, NOW_MS).condense(workspace, 3);
    }
    await store.close();
  };
  await condensed();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const plan = planRemoval(dataDir);
  const store = await openAt({ dataDir });
  for (const [workspace, records] of plan.records) {
    await casesOver(store, NOW_MS).recordRemoval(workspace, records);
  }
  await store.close();
  const recorded = verifyDataFolder(dataDir);
  assert.deepEqual(recorded.findings, []);
  assert.equal(recorded.removed.steps, steps);
  assert.deepEqual(await retainAt({ dataDir }, NOW_MS), { runs: 0, steps });
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});

test("steps that do not verify are not removed", async () => {
  const dataDir = copyOf(original);
  const db = openFile(dataDir);
  db.exec("UPDATE steps SET body = replace(body, '700', '701')");
  db.close();
  await assert.rejects(retainAt({ dataDir }, NOW_MS), { code: "store.corrupt" });
});

/** Where a total is held against what was recorded of steps; in the full test, every table. */
const TOTALS = ["chain", "runs", "rollups", "counters"];
const NOT_NAMED: ReadonlySet<string> = new Set([
  // A name that one step alone uses cannot be told from that step.
  "names",
  // Kept for what was billed, which nobody can work out without the step.
  "calls",
]);
const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;

describe("whatever is altered after a removal is named", () => {
  for (const table of isFull ? VERIFIED_TABLES.filter((name) => !NOT_NAMED.has(name)) : TOTALS) {
    test(`in ${table}`, () => {
      const db = openFile(retained);
      const rows = rowsOf(db, table).filter((row) => !isTotalOfNothing(table, row));
      // Some links have lost all of their rows, others a few.
      for (const row of rows.slice(0, table === "chain" ? 2 : 1)) {
        const spots = blindSpots({ original: retained, db }, table, row);
        // Nothing but steps uses the number of a run.
        const seen = spots.filter(({ alteration }) => !alteration.startsWith("run_no: "));
        assert.deepEqual(seen, []);
      }
      db.close();
    });
  }

  test("in what a removal has recorded, and in the marks", () => {
    for (const [kind, from, to] of [
      ["run.condensed", '"marks":"', '"marks":"A'],
      ["steps.removed", '"steps":', '"steps":1'],
      ["steps.removed", '["', '["x'],
    ]) {
      const findings = findingsAfter(retained, (copy) => {
        const sql = "UPDATE journal SET document = replace(document, ?, ?) WHERE kind = ?";
        copy.prepare(sql).run(from ?? "", to ?? "", kind ?? "");
      });
      const isNamed = findings.some(({ table }) => table === "journal");
      assert.ok(isNamed, `${kind}: ${from}`);
    }
  });
});
