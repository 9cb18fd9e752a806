/** What margin must say of any books: its parts add up to the bills, whatever it is told by. */
import assert from "node:assert/strict";
import { MARGIN_DIMENSIONS, type MarginDimension } from "../domain/margin/margin-entry.ts";
import type { MarginRow } from "../domain/margin/margin-table.ts";
import { type Amount, parseAmount } from "../domain/money/decimal.ts";
import { isByHand } from "../domain/period/booking.ts";
import { recordedActs } from "../engine/acts/recorded-acts.ts";
import type { Engine } from "../engine/engine.ts";
import type { CreditNote } from "../engine/periods/correction-records.ts";
import type { MarginQuery, MarginReport } from "../engine/reports/read-margin.ts";
import type { PeriodRange } from "../engine/reports/report-periods.ts";
import { holdings } from "./play-contract.ts";

/** Every period that a history of these tests can touch. */
const ALWAYS: PeriodRange = { from: "2026-01", to: "2027-12" };

const ALL: Omit<MarginQuery, "by"> = {
  ...{ customer: null, currency: null, periods: ALWAYS, order: "margin", after: null },
  ...{ limit: 1_000_000, readsSteps: false },
};

/** Margin of all periods in one page. */
export function allMargin(
  engine: Engine,
  workspace: string,
  query: Partial<MarginQuery> & Pick<MarginQuery, "by">,
): Promise<MarginReport> {
  return engine.margin(workspace, { ...ALL, ...query });
}

const SUMMED = ["revenue", "ofLines", "cost", "converted", "margin"] as const;

/** Sums of rows by currency, to hold against totals. */
function sumsOf(rows: readonly MarginRow[]) {
  const sums = new Map<string, Record<string, bigint | number>>();
  for (const row of rows) {
    const sum = sums.get(row.currency) ?? { steps: 0, unpriced: 0 };
    for (const name of SUMMED) sum[name] = BigInt(sum[name] ?? 0n) + (row[name] ?? 0n);
    sum.steps = Number(sum.steps) + row.steps;
    sum.unpriced = Number(sum.unpriced) + row.unpriced;
    sums.set(row.currency, sum);
  }
  return sums;
}

function sumOf(rows: readonly MarginRow[], column: "revenue" | "cost"): bigint {
  return rows.reduce((sum, row) => sum + row[column], 0n);
}

/** Asserts every law on the books of a workspace. */
export async function assertMarginLaws(
  engine: Engine,
  workspace: string,
  periods: PeriodRange = ALWAYS,
): Promise<void> {
  const reports = new Map<MarginDimension, MarginReport>();
  for (const by of MARGIN_DIMENSIONS) {
    reports.set(by, await allMargin(engine, workspace, { by, periods }));
  }
  const rowsBy = (by: MarginDimension) => reports.get(by)?.rows ?? assert.fail(by);
  const totals = sumsOf(reports.get("customer")?.totals ?? []);
  for (const [by, report] of reports) {
    assert.deepEqual(sumsOf(report.totals), totals, `totals by ${by}`);
    assert.deepEqual(sumsOf(report.rows), totals, `rows by ${by} and totals`);
    await assertPages(engine, workspace, { by, periods, whole: report });
  }
  await assertStatements(engine, workspace);
  await assertRuns(engine, workspace, { own: rowsBy("run"), tree: rowsBy("tree") });
  for (const by of ["customer", "period", "agent", "model", "tool"] as const) {
    const read = await allMargin(engine, workspace, { by, periods, readsSteps: true });
    const told = (rows: readonly MarginRow[]) => rows.map(({ paid: _, ...row }) => row);
    assert.deepEqual(told(read.rows), told(rowsBy(by)), `steps and roll-ups by ${by}`);
  }
}

async function assertPages(
  engine: Engine,
  workspace: string,
  of: {
    readonly by: MarginDimension;
    readonly periods: PeriodRange;
    readonly whole: MarginReport;
  },
): Promise<void> {
  const { by, periods, whole } = of;
  const limit = Math.ceil(whole.rowCount / 4) || 1;
  const rows: MarginRow[] = [];
  let after: MarginQuery["after"] = null;
  do {
    const query: Partial<MarginQuery> = { periods, limit, after };
    const page: MarginReport = await allMargin(engine, workspace, { by, ...query });
    assert.equal(page.rowCount, whole.rowCount);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== null);
  assert.deepEqual(rows, whole.rows, `pages by ${by}`);
}

/** A closed period is what its statement in force comes to, less credit notes. */
async function assertStatements(engine: Engine, workspace: string): Promise<void> {
  const { store } = engine;
  const statements = new Map((await store.listStatements(workspace)).map((one) => [one.id, one]));
  const notes = await recordedActs<CreditNote>(store, workspace, { kind: "credit_note.issued" });
  const { adjustments, periods } = await holdings(store, workspace);
  for (const { customer, period, statementId } of periods) {
    const statement = statements.get(statementId) ?? assert.fail(statementId);
    const credited = sumTexts(
      notes.filter((note) => note.statement === statementId).map(({ total }) => total),
    );
    const scope = { customer, periods: { from: period, to: period } };
    const { rows } = await allMargin(engine, workspace, { by: "run", ...scope });
    const place = `${customer} ${period}`;
    assert.equal(sumOf(rows, "revenue"), amountOf(statement.total) - credited, place);
    assert.ok(rows.every((row) => !row.isOpen));
    // What its statement does not bill is what later ones adjust.
    const later = adjustments
      .filter((row) => row.customer === customer && row.originPeriod === period && !isByHand(row))
      .reduce((sum, { amount }) => sum + amount, 0n);
    const lines: { kind: string; amountExact: string }[] = JSON.parse(statement.document).lines;
    const again = lines.filter(({ kind }) => kind === "already_billed");
    const billed = sumTexts(again.map(({ amountExact }) => amountExact));
    const told = rows.filter(({ kind, name }) => kind === "line" && name === "billed_elsewhere");
    assert.equal(sumOf(told, "revenue"), -later - billed, `${place} billed elsewhere`);
  }
}

/** What is told of open periods is what their statements come to, once they are closed. */
export async function assertCloseChangesNothing(engine: Engine, workspace: string): Promise<void> {
  // A close settles first what is final by then.
  await engine.settleOutcomes(workspace);
  const before = await allMargin(engine, workspace, { by: "customer" });
  for (const { id: customer } of await engine.store.listCustomers(workspace, 100)) {
    const { rows } = await allMargin(engine, workspace, { by: "period", customer });
    const closed = (await engine.store.periodsOf(workspace, customer)).map((one) => one.period);
    // Only what is told of: what a card will owe in a period to come is no revenue yet.
    for (const period of new Set(rows.map(({ name }) => name)).difference(new Set(closed))) {
      await engine.closePeriod(workspace, { customer, period, early: true });
    }
  }
  const after = await allMargin(engine, workspace, { by: "customer" });
  const told = (rows: readonly MarginRow[]) => rows.map(({ name, revenue }) => [name, revenue]);
  assert.deepEqual(told(after.rows), told(before.rows), "revenue before and after a close");
  await assertStatements(engine, workspace);
}

function sumTexts(texts: readonly string[]): bigint {
  return texts.reduce((sum, text) => sum + amountOf(text), 0n);
}

/** Rows of runs and trees are the totals that the runs themselves carry. */
async function assertRuns(
  engine: Engine,
  workspace: string,
  rows: { readonly own: readonly MarginRow[]; readonly tree: readonly MarginRow[] },
): Promise<void> {
  const { runs, rollups } = await holdings(engine.store, workspace);
  const known = runs.filter(({ customer, standing }) => customer !== null && !standing);
  const bounds = (run: (typeof runs)[number]) =>
    run.corrections.reduce((sum, { cap, minimum }) => sum + cap + minimum, 0n);
  const told = (list: readonly MarginRow[]) =>
    Object.fromEntries(
      list
        .filter(({ kind }) => kind === "value")
        .map(({ name, ...row }) => [name, [row.revenue, row.cost, row.steps, row.unpriced]]),
    );
  const wanted = (list: typeof runs, part: "own" | "tree", boundsOf: typeof bounds) =>
    Object.fromEntries(
      list
        .map((run) => [run.id, [run[part].charge + boundsOf(run), ...costOf(run[part])]] as const)
        .filter(([, amounts]) => amounts.some((amount) => BigInt(amount) !== 0n))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  assert.deepEqual(sortedByKey(told(rows.own)), wanted(known, "own", bounds), "runs");
  const roots = known.filter(({ parent }) => parent === null);
  assert.deepEqual(sortedByKey(told(rows.tree)), wanted(roots, "tree", bounds), "trees");
  const ofRuns = rows.own.filter(({ kind }) => kind !== "line");
  const rolled = rollups.reduce((sum, { charge }) => sum + charge, 0n);
  assert.equal(sumOf(ofRuns, "revenue"), rolled, "what runs were charged");
}

function costOf({ cost, steps, unpriced }: { cost: Amount; steps: number; unpriced: number }) {
  return [cost, steps, unpriced] as const;
}

function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function amountOf(text: string): Amount {
  return parseAmount(text) ?? assert.fail(text);
}
