/** Budgets, holds and stops of the embedded store: inside a unit of work, and outside. */

import type { BalanceKey, BudgetRecord, Overrun, OwnLimit } from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import type { Answer, StepKey } from "../../engine/ports.ts";
import type {
  BalanceFilter,
  HoldPage,
  KeptBalance,
  LimitKey,
  RecordKey,
  Since,
  SpendingReads,
  SpendingUnit,
  SpendingWrites,
  StopPage,
} from "../../engine/spending-ports.ts";
import { balancePage } from "../balance-page.ts";
import { conditionsOfHolds, together } from "../conditions.ts";
import {
  decodeBalance,
  decodeBudget,
  decodeHold,
  decodeLimit,
  decodeOverrun,
  encodeBalance,
  encodeBudget,
  encodeHold,
  encodeHoldMoves,
  encodeLimit,
  encodeOverrun,
  encodeStop,
  HOLD_COLUMNS,
  HOLD_MOVES,
} from "../stored-budgets.ts";
import { type Bound, type Row, rowText } from "../stored-rows.ts";
import type { BudgetRows } from "./budget-rows.ts";
import type { Statements } from "./statements.ts";
import { encodeId } from "./stored-id.ts";
import type { UnitAhead } from "./unit-ahead.ts";
import type { UnitParts } from "./unit-shared.ts";

const HOLD_BY_SETTLER = `SELECT * FROM holds INDEXED BY holds_by_settler
  WHERE ws = ? AND settled_run = ? AND settled_source = ? AND settled_id = ?`;
const COUNTING_HOLDS_OF_RUN = "SELECT * FROM holds WHERE ws = ? AND run = ? AND state = 'open'";
const FORMER_STEP_SEQS = `SELECT f.seq AS seq FROM runs r CROSS JOIN names n
  CROSS JOIN former_steps f INDEXED BY former_steps_by_identity
  ON f.run_no = r.run_no AND f.source_no = n.name_no
  WHERE r.ws = ? AND r.id = ? AND n.text = ? AND f.id = ?`;
const FORMER_RUN_SEQS = "SELECT since_seq AS seq FROM former_runs WHERE ws = ? AND run = ?";
const FORMER_SEQS = `SELECT since_seq AS seq FROM former_outcomes
  WHERE ws = ? AND run = ? AND key = ?`;

/** What a unit of work reads of. */
export interface SpendingParts extends Pick<UnitParts, "shared" | "ws"> {
  /** The unit before it, where that is still on its way to the disk. */
  readonly ahead: UnitAhead | null;
}

/** Reads of a unit of work: memory knows whatever counts. */
export class SqliteSpending implements SpendingUnit {
  readonly #statements: Statements;
  readonly #ws: number;
  readonly #rows: BudgetRows;
  readonly #ahead: UnitAhead | null;

  constructor({ shared, ws, ahead }: SpendingParts) {
    this.#statements = shared.statements;
    this.#ws = ws;
    this.#rows = shared.caches.budgets(ws);
    this.#ahead = ahead;
  }

  /** Reads what the unit ahead may be changing, once the file has it. */
  #filed<T>(read: () => T): Answer<T> {
    const ahead = this.#ahead;
    return ahead === null || ahead.hasLanded ? read() : ahead.thenRead(read);
  }

  balances(keys: readonly BalanceKey[]): KeptBalance[] {
    return this.#rows.balancesInUnit(keys);
  }

  ownLimits(keys: readonly LimitKey[]): OwnLimit[] {
    return this.#rows.ownLimits(keys);
  }

  holds(keys: readonly StepKey[]): Hold[] {
    const found: Hold[] = [];
    for (const key of keys) {
      const hold = this.#rows.holdInUnit(key) ?? this.#heldInFile(key);
      if (hold !== undefined) found.push(hold);
    }
    return found;
  }

  #heldInFile(key: StepKey): Hold | undefined {
    if (!this.#rows.held.mayHold(key)) return undefined;
    return this.#rows.holdInFile(key);
  }

  countingHolds(keys: readonly StepKey[]): Hold[] {
    const found: Hold[] = [];
    for (const key of keys) {
      const hold = this.#rows.holdInUnit(key);
      if (hold !== undefined && isCounting(hold)) found.push(hold);
    }
    return found;
  }

  countingHoldsOfCalls(callIds: readonly string[]): Hold[] {
    return callIds.flatMap((callId) => this.#rows.holdsOfCallInUnit(callId));
  }

  countingHoldsOfRuns(runs: readonly string[]): Answer<Hold[]> {
    const statement = this.#statements.of(COUNTING_HOLDS_OF_RUN);
    return this.#filed(() => runs.flatMap((run) => statement.all(this.#ws, run).map(decodeHold)));
  }

  holdsSettledBy(keys: readonly StepKey[]): Answer<Hold[]> {
    return this.#filed(() => this.#holdsSettledBy(keys));
  }

  #holdsSettledBy(keys: readonly StepKey[]): Hold[] {
    const others = this.#statements.of(HOLD_BY_SETTLER);
    return keys.flatMap((key) => {
      const own = this.holds([key]).filter(({ settledBy }) => isSame(settledBy, key));
      const rows = others.all(this.#ws, key.run, key.source, key.id);
      return [...own, ...rows.map(decodeHold)];
    });
  }

  expiredHolds(beforeMs: number, limit: number): Answer<Hold[]> {
    const sql = `SELECT * FROM holds
      WHERE ws = ? AND state = 'open' AND expires_at < ?
      ORDER BY expires_at, run, source, id LIMIT ?`;
    const read = () => this.#statements.of(sql).all(this.#ws, beforeMs, limit).map(decodeHold);
    return this.#filed(read);
  }

  countingHoldCount(): number {
    return this.#rows.countingInUnit();
  }

  stops(keys: readonly StopKey[]): Stop[] {
    return this.#rows.stopsOf(keys);
  }

  formerStepSeqs(keys: readonly StepKey[]): Since<StepKey>[] {
    const statement = this.#statements.of(FORMER_STEP_SEQS);
    return keys.flatMap(({ run, source, id }) => {
      const rows = statement.all(this.#ws, run, source, encodeId(id));
      return rows.map((row) => ({ run, source, id, seq: row.seq as number }));
    });
  }

  formerSeqs(keys: readonly RecordKey[]): Since<RecordKey>[] {
    return keys.flatMap(({ run, key }) => {
      const of = key === null ? { sql: FORMER_RUN_SEQS, at: [] } : { sql: FORMER_SEQS, at: [key] };
      const rows = this.#statements.of(of.sql).all(this.#ws, run, ...of.at);
      return rows.map((row) => ({ run, key, seq: row.seq as number }));
    });
  }
}

function isSame(a: StepKey | null, b: StepKey): boolean {
  return a !== null && a.run === b.run && a.source === b.source && a.id === b.id;
}

/** Statements are made once: a text of the same letters would be compared for every row. */
const save = (table: string, columns: readonly string[]): string =>
  `INSERT OR REPLACE INTO ${table} (ws, ${columns.join(", ")})
    VALUES (?, ${columns.map(() => "?").join(", ")})`;
const SAVE_BUDGET = save("budgets", ["id", "counts_from", "retired_at", "key", "document"]);
const SAVE_LIMIT = save("budget_limits", ["budget_id", "scope", "level"]);
const FREE_LIMIT = "DELETE FROM budget_limits WHERE ws = ? AND budget_id = ? AND scope = ?";
const SAVE_HOLD = save("holds", [...HOLD_COLUMNS, "checksum"]);
const MOVE_HOLD = `UPDATE holds SET
  ${[...HOLD_MOVES, "checksum"].map((name) => `${name} = ?`).join(", ")}
  WHERE ws = ? AND run = ? AND source = ? AND id = ?`;
const LIFT_STOP = "DELETE FROM stops WHERE ws = ? AND scope_kind = ? AND scope = ?";
const SAVE_STOP = save("stops", ["scope_kind", "scope", "document"]);
const BALANCE_KEY = ["budget_id", "scope", "window_key"];
const SAVE_BALANCE = save("budget_balances", [
  ...BALANCE_KEY,
  "settled",
  "stages_told",
  "granted_at",
]);
const CAUSE = ["run", "source", "id", "cause", "level", "checksum"];
const SAVE_OVERRUN = save("overruns", ["seq", ...BALANCE_KEY, ...CAUSE]);

/** Writes what a unit changed, balances aside: they are totals. */
export function writeSpending({ shared, ws, draft }: UnitParts, writes: SpendingWrites): void {
  const rows = shared.caches.budgets(ws);
  const checksumOf = (values: readonly Bound[]) => shared.checksum(rowText([ws, ...values]));
  for (const row of writes.budgets) draft.run(SAVE_BUDGET, [ws, ...encodeBudget(row)]);
  for (const { budgetId, scope } of writes.freedLimits) {
    draft.run(FREE_LIMIT, [ws, budgetId, scope]);
  }
  for (const row of writes.limits) draft.run(SAVE_LIMIT, [ws, ...encodeLimit(row)]);
  const granted: string[] = [];
  for (const hold of writes.holds) {
    // What counted before has its row: what was asked for and set aside stays as it is.
    const former = rows.holdInUnit(hold);
    const isKnown = former !== undefined && isCounting(former) && former.holdId === hold.holdId;
    const text = rowText([ws, ...encodeHold(hold)]);
    if (!isKnown) granted.push(text);
    else {
      const key = [ws, hold.run, hold.source, hold.id];
      draft.run(MOVE_HOLD, [...encodeHoldMoves(hold), shared.checksum(text), ...key]);
    }
  }
  draft.runChecked(SAVE_HOLD, granted);
  for (const { of, id } of writes.lifted) draft.run(LIFT_STOP, [ws, of, id]);
  for (const row of writes.stops) draft.run(SAVE_STOP, [ws, ...encodeStop(row)]);
  for (const row of writes.overruns) {
    const values = encodeOverrun(row);
    draft.run(SAVE_OVERRUN, [ws, ...values, checksumOf(values)]);
  }
  rows.stage(writes);
}

/** Writes the balances that wait, those of the unit under way among them. */
export function writeBalances({ shared, ws, draft }: UnitParts): void {
  for (const balance of shared.caches.budgets(ws).balancesToWrite()) {
    draft.run(SAVE_BALANCE, [ws, ...encodeBalance(balance)]);
  }
}

/** What reads outside units need of the store. */
export interface SpendingSource {
  ws(workspace: string): number;
  all(sql: string, ...values: Bound[]): Row[];
  /** Memory as of the last commit. Throws `store.unknown` where that is in doubt. */
  rows(ws: number): BudgetRows;
  /** Brings pending balances to the file. */
  settle(workspace: string): Promise<void>;
}

/** Reads outside a unit of work see commits only. */
export class SqliteSpendingReads implements SpendingReads {
  readonly #source: SpendingSource;

  constructor(source: SpendingSource) {
    this.#source = source;
  }

  budgets(workspace: string): BudgetRecord[] {
    const sql = "SELECT * FROM budgets WHERE ws = ? ORDER BY id";
    return this.#source.all(sql, this.#source.ws(workspace)).map(decodeBudget);
  }

  async balancesOf(workspace: string, filter: BalanceFilter): Promise<KeptBalance[]> {
    await this.#source.settle(workspace);
    const ws = this.#source.ws(workspace);
    const where = ["ws = ?"];
    const values: Bound[] = [ws];
    const { budgetId, scope, window, after, limit } = filter;
    for (const [column, value] of Object.entries({
      budget_id: budgetId,
      scope,
      window_key: window,
    })) {
      if (value === undefined) continue;
      where.push(`${column} = ?`);
      values.push(value);
    }
    if (after !== undefined) {
      where.push("(budget_id, scope, window_key) > (?, ?, ?)");
      values.push(after.budgetId, after.scope, after.window);
    }
    const sql = `SELECT * FROM budget_balances WHERE ${where.join(" AND ")}
      ORDER BY budget_id, scope, window_key LIMIT ?`;
    const settled = this.#source.all(sql, ...values, limit).map(decodeBalance);
    const rows = this.#source.rows(ws);
    return rows.balances(balancePage([...settled, ...rows.heldKeys()], filter));
  }

  balances(workspace: string, keys: readonly BalanceKey[]): Answer<KeptBalance[]> {
    return this.#source.rows(this.#source.ws(workspace)).balances(keys);
  }

  ownLimitsOf(workspace: string, budgetId: number, limit: number): OwnLimit[] {
    const sql = "SELECT * FROM budget_limits WHERE ws = ? AND budget_id = ? ORDER BY scope LIMIT ?";
    return this.#source.all(sql, this.#source.ws(workspace), budgetId, limit).map(decodeLimit);
  }

  ownLimits(workspace: string, keys: readonly LimitKey[]): OwnLimit[] {
    return this.#source.rows(this.#source.ws(workspace)).ownLimits(keys);
  }

  holdsOfRun(workspace: string, run: string, { limit, after }: HoldPage): Hold[] {
    const { where, values } = together(conditionsOfHolds(run, after));
    const sql = `SELECT * FROM holds WHERE ws = ?${where}
      ORDER BY granted_at DESC, source, id LIMIT ?`;
    return this.#source.all(sql, this.#source.ws(workspace), ...values, limit).map(decodeHold);
  }

  listStops(workspace: string, { limit, after }: StopPage): Stop[] {
    const stops = [...this.#source.rows(this.#source.ws(workspace)).stops];
    const from = after === undefined ? "" : stopText(after);
    return stops
      .filter(([text]) => text > from)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([, stop]) => stop);
  }

  stops(workspace: string, keys: readonly StopKey[]): Stop[] {
    return this.#source.rows(this.#source.ws(workspace)).stopsOf(keys);
  }

  overrunsOf(workspace: string, key: BalanceKey, limit: number): Overrun[] {
    const sql = `SELECT * FROM overruns
      WHERE ws = ? AND budget_id = ? AND scope = ? AND window_key = ? ORDER BY seq LIMIT ?`;
    const { budgetId, scope, window } = key;
    const ws = this.#source.ws(workspace);
    return this.#source.all(sql, ws, budgetId, scope, window, limit).map(decodeOverrun);
  }
}
