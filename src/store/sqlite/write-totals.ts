/**
 * Totals follow from the steps. A plain unit of work (first revisions of steps, nothing else)
 * writes its steps and leaves its totals pending in memory; they go to the file together after
 * many steps, with any unit that is not plain, and before any read of them. That spares most of
 * the writing: the same few rows change with every commit.
 *
 * Nothing is lost by it. `workspaces.summed_step_no` names the last step that the totals in the
 * file include; after a crash the engine adds up the steps behind it (engine/recover-totals.ts)
 * before it does anything else.
 */
import { formatAmount, formatQuantity } from "../../domain/money/decimal.ts";
import { NO_TOTALS, type Run } from "../../domain/run/run.ts";
import type { Writes } from "../../engine/ports.ts";
import { encodeRollup, encodeRun, encodeSegments, RUN_COLUMNS } from "../stored-rows.ts";
import type { CounterSlot, RollupSlot } from "./row-caches.ts";
import type { UnitShared } from "./unit-shared.ts";

/** Steps whose totals may be pending: as many are added up after a crash. */
const PENDING_STEPS_MAX_COUNT = 40_000;
const PENDING_ROWS_MAX_COUNT = 20_000;

/** True when everything that the unit changes of totals follows from the steps it adds. */
export function isPlainUnit(shared: UnitShared, ws: number, writes: Writes): boolean {
  const others = [
    writes.formerSteps,
    writes.outcomes,
    writes.freedCalls,
    writes.promoted,
    writes.released,
    writes.suspended,
    writes.adjustments,
    writes.periods,
    writes.statements,
    writes.cards,
    writes.prices,
  ];
  if (writes.steps.length === 0 || others.some((rows) => rows.length > 0)) return false;
  if (writes.journal.some((entry) => entry.kind !== "customer.saved")) return false;
  return writes.runs.every((run) => {
    const known = shared.caches.run(ws, run.id);
    return known === undefined || onlyTotalsDiffer(known.run, run);
  });
}

const FOLLOWING: ReadonlySet<string> = new Set(["own", "tree", "lastSeenAtMs"]);

function onlyTotalsDiffer(before: Run, after: Run): boolean {
  for (const name of Object.keys(after) as (keyof Run)[]) {
    if (before[name] !== after[name] && !FOLLOWING.has(name)) return false;
  }
  return true;
}

const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const INSERT_RUN = `INSERT INTO runs (${RUN_COLUMNS.join(", ")})
  VALUES (${marks(RUN_COLUMNS.length)}) RETURNING run_no`;
const RUN_KEY_COLUMNS = 2;
const UPDATE_RUN = `UPDATE runs SET ${RUN_COLUMNS.slice(RUN_KEY_COLUMNS)
  .map((name) => `${name} = ?`)
  .join(", ")} WHERE run_no = ?`;

/** Puts what a unit changed of totals where it waits. */
export function putTotals(
  shared: UnitShared,
  ws: number,
  { runs, counters, rollups }: Pick<Writes, "runs" | "counters" | "rollups">,
): void {
  for (const run of runs) putRun(shared, ws, run);
  for (const counter of counters) shared.caches.putCounter(ws, counter);
  for (const delta of rollups) shared.caches.addRollup(ws, delta);
}

/** A new run gets its row at once, without totals; a known one is pending. */
function putRun(shared: UnitShared, ws: number, run: Run): void {
  const known = shared.caches.run(ws, run.id);
  if (known !== undefined) {
    known.run = run;
    shared.caches.putRun(ws, known);
    return;
  }
  const bare: Run = { ...run, own: NO_TOTALS, tree: NO_TOTALS, rating: null };
  const row = shared.statements.of(INSERT_RUN).get(...encodeRun(ws, bare));
  shared.caches.putRun(ws, { runNo: row?.run_no as number, run });
}

/** True when as much waits as may wait. */
export function isPendingFull(shared: UnitShared, ws: number): boolean {
  const { steps, runs, counters, rollups } = shared.caches.pending(ws);
  const rows = runs.size + counters.length + rollups.length;
  return steps > PENDING_STEPS_MAX_COUNT || rows > PENDING_ROWS_MAX_COUNT;
}

/**
 * Writes all pending totals of a workspace, inside a transaction. They stay pending until the
 * caches are told how that ended: `settle` or `takeBack`.
 */
export function writePendingTotals(shared: UnitShared, ws: number): void {
  const { caches, statements } = shared;
  const { runs, counters, rollups } = caches.pending(ws);
  const update = statements.of(UPDATE_RUN);
  for (const { runNo, run } of runs.values()) {
    update.run(...encodeRun(ws, run).slice(RUN_KEY_COLUMNS), runNo);
  }
  for (const slot of counters) writeCounter(shared, ws, slot);
  for (const slot of rollups) writeRollup(shared, ws, slot);
  const sql = `UPDATE workspaces
    SET summed_step_no = (SELECT coalesce(max(step_no), 0) FROM steps) WHERE ws = ?`;
  statements.of(sql).run(ws);
}

const UPDATE_COUNTER = "UPDATE counters SET segments = ?, amount = ? WHERE counter_no = ?";
/** The row may be there: a commit can succeed and its answer be lost. Totals are absolute. */
const INSERT_COUNTER = `INSERT INTO counters
  (ws, customer, period, card_key, charge_key, cell, segments, amount)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET segments = excluded.segments, amount = excluded.amount
  RETURNING counter_no`;

function writeCounter({ statements, caches }: UnitShared, ws: number, slot: CounterSlot): void {
  const { customer, period, cardKey, chargeKey, cell, counter } = slot.stored;
  const values = [encodeSegments(counter), formatAmount(counter.amount)] as const;
  if (slot.counterNo !== null) {
    statements.of(UPDATE_COUNTER).run(...values, slot.counterNo);
    return;
  }
  const key = [ws, customer, period, cardKey, chargeKey, cell] as const;
  const row = statements.of(INSERT_COUNTER).get(...key, ...values);
  slot.counterNo = row?.counter_no as number;
  caches.pending(ws).fresh.push(slot);
}

const UPDATE_ROLLUP = `UPDATE rollups SET steps = ?, unpriced = ?, cost = ?, charge = ?,
  input_tokens = ?, output_tokens = ? WHERE rollup_no = ?`;
const INSERT_ROLLUP = `INSERT INTO rollups
  (ws, customer, period, agent, kind, provider, model, tool,
   steps, unpriced, cost, charge, input_tokens, output_tokens)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET steps = excluded.steps, unpriced = excluded.unpriced,
    cost = excluded.cost, charge = excluded.charge,
    input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens
  RETURNING rollup_no`;

function writeRollup({ statements, caches }: UnitShared, ws: number, slot: RollupSlot): void {
  if (slot.rollupNo === null) {
    const row = statements.of(INSERT_ROLLUP).get(...encodeRollup(ws, slot.row));
    slot.rollupNo = row?.rollup_no as number;
    caches.pending(ws).fresh.push(slot);
    return;
  }
  const { steps, unpriced, cost, charge, inputTokens, outputTokens } = slot.row;
  const amounts = [formatAmount(cost), formatAmount(charge)] as const;
  const tokens = [formatQuantity(inputTokens), formatQuantity(outputTokens)] as const;
  statements.of(UPDATE_ROLLUP).run(steps, unpriced, ...amounts, ...tokens, slot.rollupNo);
}
