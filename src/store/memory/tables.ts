/** The rows of one workspace, keyed as a database would key them. */
import {
  type Balance,
  type BudgetRecord,
  balanceText,
  type Overrun,
  type OwnLimit,
  scopeText,
} from "../../domain/budget/budget.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import { type Stop, stopText } from "../../domain/budget/stop.ts";
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { addRollup, rollupKeyText } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { CHAIN_START } from "../../engine/commit/seal.ts";
import type {
  Call,
  ChainHead,
  ChainLink,
  Conflict,
  CreditBookRow,
  Customer,
  FormerOutcome,
  FormerRun,
  StepKey,
  StoredCounter,
  Suspended,
  Witness,
  Writes,
} from "../../engine/ports.ts";
import type { SpendingWrites } from "../../engine/spending-ports.ts";

/** What one workspace holds. */
export interface Tables {
  readonly steps: Map<string, Step>;
  readonly formerSteps: Step[];
  readonly runs: Map<string, Run>;
  readonly formerRuns: FormerRun[];
  readonly customers: Map<string, Customer>;
  readonly outcomes: Map<string, OutcomeState>;
  readonly formerOutcomes: FormerOutcome[];
  readonly counters: Map<string, StoredCounter>;
  readonly rollups: Map<string, RollupRow>;
  readonly calls: Map<string, Call>;
  readonly witnesses: Map<string, Witness>;
  readonly suspended: Map<string, Suspended>;
  readonly conflicts: Map<number, Conflict>;
  readonly adjustments: Adjustment[];
  readonly periods: Map<string, PeriodState>;
  readonly statements: Map<string, StatementRecord>;
  readonly creditBooks: Map<string, CreditBookRow>;
  readonly cards: RateCardVersion[];
  readonly prices: PriceVersion[];
  readonly journal: Map<number, JournalEntry>;
  readonly links: ChainLink[];
  readonly budgets: Map<number, BudgetRecord>;
  readonly balances: Map<string, Balance>;
  readonly limits: Map<string, OwnLimit>;
  readonly holds: Map<string, Hold>;
  readonly stops: Map<string, Stop>;
  readonly overruns: Overrun[];
  head: ChainHead;
}

/** The tables of a new workspace. */
export function tablesOf(): Tables {
  return {
    steps: new Map(),
    formerSteps: [],
    runs: new Map(),
    formerRuns: [],
    customers: new Map(),
    outcomes: new Map(),
    formerOutcomes: [],
    counters: new Map(),
    rollups: new Map(),
    calls: new Map(),
    witnesses: new Map(),
    suspended: new Map(),
    conflicts: new Map(),
    adjustments: [],
    periods: new Map(),
    statements: new Map(),
    creditBooks: new Map(),
    cards: [],
    prices: [],
    journal: new Map(),
    links: [],
    budgets: new Map(),
    balances: new Map(),
    limits: new Map(),
    holds: new Map(),
    stops: new Map(),
    overruns: [],
    head: { lastSeq: 0, digest: CHAIN_START, committedAtMs: 0 },
  };
}

/** A key of several parts that no two different lists of parts share. */
export function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** The order of databases: by UTF-8 bytes, which is not that of UTF-16 units. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The order of outcomes by customer, run and key. */
export function byPlace(a: OutcomeState, b: OutcomeState): number {
  return byBytes(a.customer, b.customer) || byBytes(a.run, b.run) || byBytes(a.key, b.key);
}

/** The key of an identity. */
export function stepKey({ run, source, id }: StepKey): string {
  return keyOf(run, source, id);
}

/** Applies what a unit of work wrote, in the order that the databases keep. */
export function applyWrites(tables: Tables, writes: Writes): void {
  for (const row of writes.runs) tables.runs.set(row.id, row);
  for (const row of writes.steps) tables.steps.set(stepKey(row), row);
  tables.formerRuns.push(...writes.formerRuns);
  tables.formerOutcomes.push(...writes.formerOutcomes);
  tables.formerSteps.push(...writes.formerSteps);
  for (const row of writes.customers) tables.customers.set(row.id, row);
  for (const row of writes.outcomes) tables.outcomes.set(keyOf(row.run, row.key), row);
  for (const row of writes.counters) {
    const { customer, period, cardKey, chargeKey, cell } = row;
    tables.counters.set(keyOf(customer, period, cardKey, chargeKey, cell), row);
  }
  for (const delta of writes.rollups) {
    const key = rollupKeyText(delta);
    const before = tables.rollups.get(key);
    tables.rollups.set(key, before === undefined ? delta : addRollup(before, delta));
  }
  for (const row of writes.freedCalls) tables.calls.delete(keyOf(row.customer, row.callId));
  for (const row of writes.calls) tables.calls.set(keyOf(row.customer, row.callId), row);
  for (const row of writes.promoted) tables.witnesses.delete(stepKey(row));
  for (const row of writes.witnesses) tables.witnesses.set(stepKey(row), row);
  for (const row of writes.released) tables.suspended.delete(stepKey(row));
  for (const row of writes.suspended) tables.suspended.set(stepKey(row), row);
  for (const row of writes.conflicts) tables.conflicts.set(row.seq, row);
  tables.adjustments.push(...writes.adjustments);
  for (const row of writes.periods) tables.periods.set(keyOf(row.customer, row.period), row);
  for (const row of writes.statements) tables.statements.set(row.id, row);
  for (const row of writes.creditBooks) tables.creditBooks.set(row.customer, row);
  tables.cards.push(...writes.cards);
  tables.prices.push(...writes.prices);
  for (const row of writes.journal) tables.journal.set(row.seq, row);
  if (writes.link !== null) tables.links.push(writes.link);
  applySpending(tables, writes);
  tables.head = writes.head;
}

function applySpending(tables: Tables, writes: SpendingWrites): void {
  for (const row of writes.budgets) tables.budgets.set(row.id, row);
  for (const row of writes.balances) tables.balances.set(balanceText(row), row);
  for (const row of writes.freedLimits) tables.limits.delete(scopeText(row));
  for (const row of writes.limits) tables.limits.set(scopeText(row), row);
  for (const row of writes.holds) tables.holds.set(stepKey(row), row);
  for (const row of writes.lifted) tables.stops.delete(stopText(row));
  for (const row of writes.stops) tables.stops.set(stopText(row), row);
  tables.overruns.push(...writes.overruns);
}

/** The rows of these keys. */
export function pick<T>(rows: ReadonlyMap<string, T>, keys: readonly string[]): T[] {
  return [...new Set(keys)].flatMap((key) => rows.get(key) ?? []);
}
