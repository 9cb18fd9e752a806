/**
 * Totals follow from the steps. A plain unit of work (first revisions of steps, nothing else)
 * writes its steps and leaves its totals pending in memory; they go to the file together after
 * many steps, with any unit that is not plain, and before any read of them. That spares most of
 * the writing: the same few rows change with every commit.
 *
 * Nothing is lost by it. `workspaces.summed_step_no` names the last step that the totals in the
 * file include; after a crash the engine adds up the steps behind it, before it does anything else
 * (engine/commit/recover-totals.ts).
 */
import type { JournalKind } from "../../domain/event/journal.ts";
import { formatAmount, formatQuantity } from "../../domain/money/decimal.ts";
import { NO_TOTALS, type Run, statesSame } from "../../domain/run/run.ts";
import type { Writes } from "../../engine/ports.ts";
import type { SpendingWrites } from "../../engine/spending-ports.ts";
import { unreadRun } from "../kept-identities.ts";
import { encodeRollup, encodeRun, encodeSegments, RUN_COLUMNS } from "../stored-rows.ts";
import type { CounterSlot, RollupSlot } from "./counted-page.ts";
import { writeBalances } from "./sqlite-spending.ts";
import type { UnitParts } from "./unit-shared.ts";

/** Steps whose totals may be pending: as many are added up after a crash. */
const PENDING_STEPS_MAX_COUNT = 40_000;
const PENDING_ROWS_MAX_COUNT = 20_000;

/**
 * True when everything that the unit changes of totals follows from the steps it adds, if no run
 * states something else than before (`putTotals` tells).
 */
export function isPlainUnit(writes: Writes): boolean {
  if (writes.steps.length === 0 && !isOfHolds(writes) && !isOfLooks(writes)) return false;
  for (const name of NOT_FOLLOWING) if (writes[name].length > 0) return false;
  return writes.journal.every(({ kind }) => LEAVING_TOTALS.has(kind));
}

/**
 * Holds have rows of their own; what their granting leaves on balances may be lost. A run that is
 * counted whole is counted again then, so what that put on record must not stand without it.
 */
function isOfHolds({ holds, overruns, runs, counters, rollups }: Writes): boolean {
  return holds.length > 0 && overruns.length + runs.length + counters.length + rollups.length === 0;
}

/**
 * Looks that a unit leaves, and how far they have come, change no total and no rule. What is told
 * does not either, but the next unit must find it in the file, or it is told twice.
 */
const OF_LOOKS: ReadonlySet<JournalKind> = new Set(["alert.look_due", "alert.looked"] as const);
const LEAVING_TOTALS: ReadonlySet<JournalKind> = new Set([...OF_LOOKS, "customer.saved"]);

/** An act that looks at customers and finds nothing to tell. */
function isOfLooks({ journal, ...writes }: Writes): boolean {
  const { customers, overruns, balances, runs, counters, rollups } = writes;
  const others = [customers, overruns, balances, runs, counters, rollups];
  return (
    journal.length > 0 &&
    journal.every(({ kind }) => OF_LOOKS.has(kind)) &&
    others.every(({ length }) => length === 0)
  );
}

/**
 * True for a plain unit that moves nothing of budgets but balances and holds: of limits and stops,
 * memory takes over what is committed, not what is on its way.
 */
export function addsAlone(writes: Writes): boolean {
  return (
    writes.steps.length + writes.holds.length > 0 &&
    BESIDES.every((name) => writes[name].length === 0)
  );
}

const BESIDES = [
  "overruns",
  "limits",
  "freedLimits",
  "stops",
  "lifted",
  "budgets",
] as const satisfies readonly (keyof SpendingWrites)[];

const NOT_FOLLOWING = [
  "formerSteps",
  "formerRuns",
  "formerOutcomes",
  "outcomes",
  "freedCalls",
  "promoted",
  "released",
  "suspended",
  "adjustments",
  "periods",
  "statements",
  "creditBooks",
  "cards",
  "prices",
] as const;

const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const INSERT_RUN = `INSERT INTO runs (run_no, ${RUN_COLUMNS.join(", ")})
  VALUES (${marks(RUN_COLUMNS.length + 1)})`;
const RUN_KEY_COLUMNS = 2;
const UPDATE_RUN = `UPDATE runs SET ${RUN_COLUMNS.slice(RUN_KEY_COLUMNS)
  .map((name) => `${name} = ?`)
  .join(", ")} WHERE run_no = ?`;

/**
 * Puts what a unit changed of totals where it waits. False: a run that was known states something
 * else now, which does not follow from steps.
 */
export function putTotals(
  unit: UnitParts,
  { runs, counters, rollups }: Pick<Writes, "runs" | "counters" | "rollups">,
): boolean {
  const { shared, ws } = unit;
  const { caches } = shared;
  let statesSameOfAll = true;
  for (const run of runs) if (!putRun(unit, run)) statesSameOfAll = false;
  for (const counter of counters) caches.putCounter(ws, counter);
  for (const delta of rollups) caches.addRollup(ws, delta);
  return statesSameOfAll;
}

const UNCOUNTED = { rating: null, chargedIn: [], corrections: [] };

/**
 * A new run gets its row at once, without totals; a known one is pending. False: it was known and
 * states something else now.
 */
function putRun({ shared, ws, draft }: UnitParts, run: Run): boolean {
  const { caches } = shared;
  const known = caches.run(ws, run.id);
  if (known !== undefined) {
    const isSame = statesSame(known.run, run);
    known.run = run;
    caches.putRun(ws, known);
    return isSame;
  }
  const bare: Run = { ...run, own: NO_TOTALS, tree: NO_TOTALS, ...UNCOUNTED };
  const runNo = caches.nextNumber("runs");
  draft.run(INSERT_RUN, [runNo, ...encodeRun(ws, bare)]);
  const slot = { ...unreadRun(runNo), run, isPending: false };
  caches.identities(ws).begin(slot);
  caches.addRun(ws, slot);
  return true;
}

/** True when as much waits as may wait. */
export function isPendingFull({ shared, ws }: UnitParts): boolean {
  const { steps, runs, counters, rollups } = shared.caches.pending(ws);
  const balances = shared.caches.budgets(ws).pendingCount;
  const rows = runs.size + counters.length + rollups.length + balances;
  return steps > PENDING_STEPS_MAX_COUNT || rows > PENDING_ROWS_MAX_COUNT;
}

const SUMMED = `UPDATE workspaces
  SET summed_step_no = (SELECT coalesce(max(step_no), 0) FROM steps) WHERE ws = ?`;

/**
 * Writes all pending totals of a workspace. They stay pending until the caches are told how the
 * transaction ended: `settle` or `takeBack`.
 */
export function writePendingTotals(unit: UnitParts): void {
  const { shared, ws, draft } = unit;
  const { runs, counters, rollups } = shared.caches.pending(ws);
  for (const { runNo, run } of runs.values()) {
    const values = encodeRun(ws, run);
    values.splice(0, RUN_KEY_COLUMNS);
    values.push(runNo);
    draft.run(UPDATE_RUN, values);
  }
  for (const slot of counters) writeCounter(unit, slot);
  for (const slot of rollups) writeRollup(unit, slot);
  writeBalances(unit);
  draft.run(SUMMED, [ws]);
}

const UPDATE_COUNTER = "UPDATE counters SET segments = ?, amount = ? WHERE counter_no = ?";
/**
 * The row may be there: a commit can succeed and its answer be lost. Totals are absolute, and the
 * row takes the number that it is known by from here on.
 */
const INSERT_COUNTER = `INSERT INTO counters
  (counter_no, ws, customer, period, card_key, charge_key, cell, segments, amount)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (ws, customer, period, card_key, charge_key, cell) DO UPDATE SET
    counter_no = excluded.counter_no, segments = excluded.segments, amount = excluded.amount`;

function writeCounter({ shared, ws, draft }: UnitParts, slot: CounterSlot): void {
  const { customer, period, cardKey, chargeKey, cell, counter } = slot;
  const segments = encodeSegments(counter);
  const amount = formatAmount(counter.amount);
  if (slot.counterNo !== null) {
    draft.run(UPDATE_COUNTER, [segments, amount, slot.counterNo]);
    return;
  }
  slot.counterNo = shared.caches.nextNumber("counters");
  const key = [slot.counterNo, ws, customer, period, cardKey, chargeKey, cell];
  draft.run(INSERT_COUNTER, [...key, segments, amount]);
  shared.caches.pending(ws).fresh.push(slot);
}

const UPDATE_ROLLUP = `UPDATE rollups SET steps = ?, unpriced = ?, cost = ?, charge = ?,
  input_tokens = ?, output_tokens = ? WHERE rollup_no = ?`;
const INSERT_ROLLUP = `INSERT INTO rollups
  (rollup_no, ws, customer, period, agent, kind, provider, model, tool,
   steps, unpriced, cost, charge, input_tokens, output_tokens)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (ws, customer, period, agent, kind, provider, model, tool) DO UPDATE SET
    rollup_no = excluded.rollup_no, steps = excluded.steps, unpriced = excluded.unpriced,
    cost = excluded.cost, charge = excluded.charge,
    input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens`;

function writeRollup({ shared, ws, draft }: UnitParts, slot: RollupSlot): void {
  if (slot.rollupNo === null) {
    slot.rollupNo = shared.caches.nextNumber("rollups");
    draft.run(INSERT_ROLLUP, [slot.rollupNo, ...encodeRollup(ws, slot)]);
    shared.caches.pending(ws).fresh.push(slot);
    return;
  }
  const { steps, unpriced, cost, charge, inputTokens, outputTokens } = slot;
  draft.run(UPDATE_ROLLUP, [
    steps,
    unpriced,
    formatAmount(cost),
    formatAmount(charge),
    formatQuantity(inputTokens),
    formatQuantity(outputTokens),
    slot.rollupNo,
  ]);
}
