/** One transaction on one workspace of the embedded store. Everything answers at once. */

import { present } from "../../domain/assert.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { ALL_BY_SEQ } from "../../engine/history.ts";
import type {
  Answer,
  Call,
  ChainHead,
  Conflict,
  CountedPage,
  CounterKey,
  CreditBookRow,
  Customer,
  StepKey,
  StoredCounter,
  Suspended,
  UnitOfWork,
  Witness,
  Writes,
} from "../../engine/ports.ts";
import { conditionsOfDue, conditionsOfUnfinished, together } from "../conditions.ts";
import { SoleUnit } from "../sole-writer.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import type { Bound, Row } from "../stored-rows.ts";
import {
  decodeCall,
  decodeConflict,
  decodeJournal,
  decodeOutcome,
  decodeSuspended,
  decodeWitness,
} from "../stored-rows.ts";
import type { RunSlot } from "./pending-totals.ts";
import { ADJUSTMENT_PAGE, CHARGED_PERIODS } from "./read-adjustments.ts";
import { ALL } from "./read-steps.ts";
import { SqliteSpending } from "./sqlite-spending.ts";
import { decodeStep } from "./step-rows.ts";
import { encodeId } from "./stored-id.ts";
import { TransactionDraft } from "./transaction.ts";
import type { UnitAhead } from "./unit-ahead.ts";
import type { UnitShared } from "./unit-shared.ts";
import { writeRows } from "./write-rows.ts";
import { addsAlone } from "./write-totals.ts";

/** A step that may be in the file, or on its way there. */
interface HeldStep {
  readonly key: StepKey;
  readonly slot: RunSlot;
  readonly sourceNo: number;
}

/** The unit of work that `transact` hands out; it ends with its transaction. */
export class SqliteUnit extends SoleUnit implements UnitOfWork {
  readonly #shared: UnitShared;
  readonly #ws: number;
  /** What it writes. */
  readonly draft = new TransactionDraft();
  /** True when pending totals go along with it. */
  isFlushing = false;
  /** The steps that it adds, where the next unit finds in memory what it may ask of the others. */
  addedSteps: readonly Step[] | null = null;
  /** The unit before it, where that is still on its way to the disk. */
  readonly #ahead: UnitAhead | null;

  readonly spending: SqliteSpending;

  constructor(shared: UnitShared, ws: number, ahead: UnitAhead | null) {
    super();
    this.#shared = shared;
    this.#ws = ws;
    this.#ahead = ahead;
    shared.caches.trimRuns(ws);
    this.spending = new SqliteSpending({ shared, ws, ahead });
  }

  #all(sql: string, ...values: Bound[]): Row[] {
    return this.#shared.statements.of(sql).all(this.#ws, ...values);
  }

  /** Reads what the unit ahead may be adding to, once the file has it. */
  #filed<T>(read: () => T): Answer<T> {
    const ahead = this.#ahead;
    return ahead === null || ahead.hasLanded ? read() : ahead.thenRead(read);
  }

  #each<K, T>(
    sql: string,
    keys: readonly K[],
    { bind, decode }: { bind: (key: K) => Bound[]; decode: (row: Row) => T },
  ): Answer<T[]> {
    if (keys.length === 0) return [];
    return this.#filed(() => {
      const statement = this.#shared.statements.of(sql);
      const found: T[] = [];
      for (const key of keys) {
        for (const row of statement.all(this.#ws, ...bind(key))) found.push(decode(row));
      }
      return found;
    });
  }

  head(): ChainHead {
    return this.#shared.caches.head(this.#ws);
  }

  runs(ids: readonly string[]): Run[] {
    return this.#shared.caches.runs(this.#ws, ids);
  }

  descendants(id: string): Answer<Run[]> {
    // Left to itself the planner goes through all runs of the workspace for each one that it found.
    const sql = `
      WITH RECURSIVE below (id) AS (
        SELECT id FROM runs INDEXED BY runs_by_parent WHERE ws = ?1 AND parent = ?2
        UNION ALL SELECT r.id FROM below b CROSS JOIN runs r INDEXED BY runs_by_parent
          ON r.ws = ?1 AND r.parent = b.id
      ) SELECT id FROM below`;
    // Who is below whom is in the file; what these runs come to may still wait in memory.
    return this.#filed(() => this.runs(this.#all(sql, id).map((row) => row.id as string)));
  }

  steps(keys: readonly StepKey[]): Answer<Step[]> {
    const ahead = this.#ahead;
    const isFiled = ahead === null || ahead.hasLanded;
    const held = this.#heldOf(keys, isFiled);
    if (held !== null) return this.#readSteps(held);
    return present(ahead, "a unit ahead").thenRead(() => {
      return this.#readSteps(present(this.#heldOf(keys, true), "what the file holds"));
    });
  }

  /** Of these identities those that a run may hold; null: only the file knows. */
  #heldOf(keys: readonly StepKey[], isFiled: boolean): HeldStep[] | null {
    const { names, caches } = this.#shared;
    const identities = caches.identities(this.#ws);
    const held: HeldStep[] = [];
    let source: string | null = null;
    let sourceNo: number | undefined;
    for (const key of keys) {
      const slot = caches.run(this.#ws, key.run);
      if (slot === undefined) continue;
      if (!isFiled && !identities.isAtHand(slot)) return null;
      if (key.source !== source) sourceNo = names.find(key.source);
      source = key.source;
      if (sourceNo === undefined) continue;
      identities.read(slot);
      if (identities.mayHold(slot, sourceNo, key.id)) held.push({ key, slot, sourceNo });
    }
    return held;
  }

  #readSteps(held: readonly HeldStep[]): Step[] {
    const { names, statements } = this.#shared;
    const statement = statements.of(
      "SELECT * FROM steps WHERE run_no = ? AND source_no = ? AND id = ?",
    );
    const found: Step[] = [];
    for (const { key, slot, sourceNo } of held) {
      const ahead = this.#ahead?.step(key);
      if (ahead !== undefined) {
        found.push(ahead);
        continue;
      }
      const row = statement.get(slot.runNo, sourceNo, encodeId(key.id));
      if (row === undefined) continue;
      found.push(decodeStep({ ...row, run: key.run, customer: slot.run.customer }, names));
    }
    return found;
  }

  stepsOfRun(run: string, limit = ALL): Answer<Step[]> {
    const { names, caches, statements } = this.#shared;
    const slot = caches.run(this.#ws, run);
    if (slot === undefined) return [];
    return this.#filed(() => {
      const sql = "SELECT * FROM steps WHERE run_no = ? LIMIT ?";
      const rows = statements.of(sql).all(slot.runNo, limit);
      return rows.map((row) => decodeStep({ ...row, run, customer: slot.run.customer }, names));
    });
  }

  suspended(keys: readonly StepKey[]): Answer<Suspended[]> {
    const sql = "SELECT * FROM suspended WHERE ws = ? AND run = ? AND source = ? AND id = ?";
    return this.#each(sql, keys, { bind: stepKey, decode: decodeSuspended });
  }

  suspendedOfRuns(runs: readonly string[]): Answer<Suspended[]> {
    const sql = "SELECT * FROM suspended WHERE ws = ? AND run = ?";
    return this.#filed(() => runs.flatMap((run) => this.#all(sql, run).map(decodeSuspended)));
  }

  conflicts(keys: readonly StepKey[]): Answer<Conflict[]> {
    const sql = `SELECT * FROM conflicts INDEXED BY conflicts_by_identity
      WHERE ws = ? AND run = ? AND source = ? AND id = ?`;
    return this.#each(sql, keys, { bind: stepKey, decode: decodeConflict });
  }

  calls(callIds: readonly string[]): Answer<Call[]> {
    const sql = "SELECT * FROM calls WHERE ws = ? AND call_id = ?";
    return this.#each(sql, callIds, { bind: (id) => [id], decode: decodeCall });
  }

  witnesses(keys: readonly StepKey[]): Answer<Witness[]> {
    const sql = "SELECT * FROM witnesses WHERE ws = ? AND run = ? AND source = ? AND id = ?";
    return this.#each(sql, keys, { bind: stepKey, decode: decodeWitness });
  }

  witnessesOfCalls(callIds: readonly string[]): Answer<Witness[]> {
    const sql = `SELECT * FROM witnesses INDEXED BY witnesses_by_call
      WHERE ws = ? AND call_id = ?`;
    return this.#each(sql, callIds, { bind: (id) => [id], decode: decodeWitness });
  }

  customers(ids: readonly string[]): Customer[] {
    return ids.flatMap((id) => this.#shared.caches.customer(this.#ws, id) ?? []);
  }

  outcomes(keys: readonly { run: string; key: string }[]): Answer<OutcomeState[]> {
    const sql = "SELECT * FROM outcomes WHERE ws = ? AND run = ? AND key = ?";
    return this.#each(sql, keys, { bind: ({ run, key }) => [run, key], decode: decodeOutcome });
  }

  outcomesOfRun(run: string): Answer<OutcomeState[]> {
    const sql = "SELECT * FROM outcomes WHERE ws = ? AND run = ?";
    return this.#filed(() => this.#all(sql, run).map(decodeOutcome));
  }

  journalled(keys: readonly StepKey[]): Answer<JournalEntry[]> {
    const sql = `SELECT * FROM journal INDEXED BY journal_by_identity
      WHERE ws = ? AND run = ? AND source = ? AND id = ? AND run <> ''`;
    return this.#each(sql, keys, { bind: stepKey, decode: decodeJournal });
  }

  counters(keys: readonly CounterKey[]): StoredCounter[] {
    return this.#shared.caches.counters(this.#ws, keys);
  }

  counted(keys: readonly CounterKey[]): CountedPage[] {
    return keys.map((key) => this.#shared.caches.counted(this.#ws, key));
  }

  periods(keys: readonly CounterKey[]): PeriodState[] {
    const found: PeriodState[] = [];
    for (const key of keys) {
      for (const state of this.periodsOf(key.customer)) {
        if (state.period === key.period) found.push(state);
      }
    }
    return found;
  }

  periodsOf(customer: string): PeriodState[] {
    return this.#shared.caches.periods(this.#ws, customer);
  }

  chargedPeriods(customer: string): Answer<string[]> {
    return this.#filed(() => {
      const filed = this.#all(CHARGED_PERIODS, customer).map((row) => row.period as string);
      // What units add up may wait in memory.
      return [...new Set([...filed, ...this.#shared.caches.pendingPeriods(this.#ws, customer)])];
    });
  }

  rollups(key: CounterKey): RollupRow[] {
    return this.#shared.caches.rollups(this.#ws, key);
  }

  adjustments(key: CounterKey, { after, limit } = ALL_BY_SEQ): Answer<Adjustment[]> {
    const place = [key.customer, key.period, after, limit] as const;
    return this.#filed(() => this.#all(ADJUSTMENT_PAGE, ...place).map(decodeAdjustment));
  }

  creditBooks(customers: readonly string[]): Answer<CreditBookRow[]> {
    const sql = "SELECT * FROM credit_books WHERE ws = ? AND customer = ?";
    return this.#each(sql, customers, { bind: (id) => [id], decode: decodeCreditBook });
  }

  silentRuns(beforeMs: number, limit: number): Answer<Run[]> {
    return this.#filed(() => this.#silentRuns(beforeMs, limit));
  }

  #silentRuns(beforeMs: number, limit: number): Run[] {
    const sql = `SELECT id FROM runs
      WHERE ws = ? AND status = 'open' AND standing = 0 AND last_seen_at < ?
      ORDER BY last_seen_at, id`;
    const silent: Run[] = [];
    for (const row of this.#shared.statements.of(sql).iterate(this.#ws, beforeMs)) {
      // The sign of life that a run gave last may still wait in memory.
      const [run] = this.runs([row.id as string]);
      if (run?.status === "open" && run.lastSeenAtMs < beforeMs) silent.push(run);
      if (silent.length === limit) break;
    }
    return silent.sort(bySilence);
  }

  unfinishedRuns(limit: number, customer?: string): Answer<Run[]> {
    const { where, values } = together(conditionsOfUnfinished("instr(head, char(29))", customer));
    const sql = `SELECT id FROM runs INDEXED BY runs_unfinished WHERE ws = ?${where}
      ORDER BY customer, id LIMIT ?`;
    const read = () => this.#all(sql, ...values, limit).map(({ id }) => id as string);
    return this.#filed(() => this.runs(read()));
  }

  dueOutcomes(
    atMs: number,
    { customer, limit }: { readonly customer?: string; readonly limit: number },
  ): Answer<OutcomeState[]> {
    const { where, values } = together(conditionsOfDue(atMs, customer));
    const sql = `SELECT * FROM outcomes WHERE ws = ?${where} ORDER BY final_at, run, key LIMIT ?`;
    return this.#filed(() => this.#all(sql, ...values, limit).map(decodeOutcome));
  }

  write(writes: Writes): void {
    const unit = { shared: this.#shared, ws: this.#ws, draft: this.draft };
    this.isFlushing = writeRows(unit, writes);
    this.addedSteps = !this.isFlushing && addsAlone(writes) ? writes.steps : null;
  }
}

/** Longest silent first. */
function bySilence(a: Run, b: Run): number {
  return a.lastSeenAtMs - b.lastSeenAtMs || (a.id < b.id ? -1 : 1);
}

function stepKey(key: StepKey): Bound[] {
  return [key.run, key.source, key.id];
}
