/**
 * The store in memory: the port in its simplest form, for tests and simulations. A unit of work
 * collects its writes and applies them when it ends, so a failed one leaves nothing behind.
 */
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type {
  ActFilter,
  Answer,
  ApiKey,
  Conflict,
  CounterKey,
  CreditBookRow,
  Customer,
  RunFilter,
  StepPage,
  Store,
  StoredCounter,
  Suspended,
  UnitOfWork,
  UsageFilter,
  Writes,
} from "../../engine/ports.ts";
import { Turns } from "../turns.ts";
import { MemoryUnit } from "./memory-unit.ts";
import { applyWrites, byBytes, keyOf, type Tables, tablesOf } from "./tables.ts";

/** Everything in maps; a restart begins from nothing. */
export class MemoryStore implements Store {
  readonly #workspaces = new Map<string, Tables>();
  readonly #keys = new Map<string, ApiKey>();
  readonly #turns = new Turns();

  transact<T>(workspace: string, work: (unit: UnitOfWork) => Answer<T>): Promise<T> {
    return this.#turns.take(() => this.#transact(workspace, work));
  }

  async #transact<T>(workspace: string, work: (unit: UnitOfWork) => Answer<T>): Promise<T> {
    const tables = this.#tables(workspace);
    const collected: Writes[] = [];
    const result = await work(new MemoryUnit(tables, (writes) => collected.push(writes)));
    for (const writes of collected) applyWrites(tables, writes);
    return result;
  }

  #tables(workspace: string): Tables {
    const tables = this.#workspaces.get(workspace);
    if (tables !== undefined) return tables;
    throw new TollgateError("store.corrupt", `There is no workspace "${workspace}".`);
  }

  /** Totals are written with their steps. */
  unsummedSteps(): readonly Step[] {
    return [];
  }

  async settle(): Promise<void> {}

  workspaces(): string[] {
    return [...this.#workspaces.keys()];
  }

  async createWorkspace(workspace: string): Promise<void> {
    if (!this.#workspaces.has(workspace)) this.#workspaces.set(workspace, tablesOf());
  }

  cards(workspace: string): RateCardVersion[] {
    return [...this.#tables(workspace).cards];
  }

  prices(workspace: string): PriceVersion[] {
    return [...this.#tables(workspace).prices];
  }

  keyByHash(hash: string): ApiKey | undefined {
    return [...this.#keys.values()].find((key) => key.hash === hash);
  }

  keys(workspace: string): ApiKey[] {
    const keys = [...this.#keys.values()].filter((key) => key.workspace === workspace);
    return keys.sort((a, b) => a.createdAtMs - b.createdAtMs || byBytes(a.id, b.id));
  }

  async saveKey(key: ApiKey): Promise<void> {
    this.#keys.set(key.id, key);
  }

  run(workspace: string, id: string): Run | undefined {
    return this.#tables(workspace).runs.get(id);
  }

  children(workspace: string, id: string): Run[] {
    const runs = [...this.#tables(workspace).runs.values()];
    return runs.filter((run) => run.parent === id).sort(byOpening);
  }

  listRuns(workspace: string, filter: RunFilter): Run[] {
    const runs = [...this.#tables(workspace).runs.values()].sort(byOpening).reverse();
    const from = runs.findIndex((run) => run.id === filter.after) + 1;
    return runs
      .slice(from)
      .filter((run) => filter.customer === undefined || run.customer === filter.customer)
      .filter((run) => filter.agent === undefined || run.agent === filter.agent)
      .filter((run) => filter.status === undefined || run.status === filter.status)
      .filter((run) => filter.roots !== true || run.parent === null)
      .slice(0, filter.limit);
  }

  stepsOfRun(workspace: string, run: string): Step[] {
    return [...this.#tables(workspace).steps.values()].filter((step) => step.run === run);
  }

  stepPage(workspace: string, after: string, limit: number): StepPage {
    const from = after === "" ? 0 : Number(after);
    const steps = [...this.#tables(workspace).steps.values()].slice(from, from + limit);
    return { steps, next: steps.length < limit ? null : String(from + limit) };
  }

  runIds(workspace: string, after: string, limit: number): string[] {
    return [...this.#tables(workspace).runs.keys()]
      .filter((id) => byBytes(id, after) > 0)
      .sort(byBytes)
      .slice(0, limit);
  }

  outcomesOfRun(workspace: string, run: string): OutcomeState[] {
    return [...this.#tables(workspace).outcomes.values()].filter((row) => row.run === run);
  }

  rollups(workspace: string, filter: UsageFilter): RollupRow[] {
    return [...this.#tables(workspace).rollups.values()]
      .filter((row) => filter.customer === undefined || row.customer === filter.customer)
      .filter((row) => filter.agent === undefined || row.agent === filter.agent)
      .filter((row) => filter.period === undefined || row.period === filter.period);
  }

  countersOf(workspace: string, key: CounterKey): StoredCounter[] {
    return [...this.#tables(workspace).counters.values()].filter(
      (row) => row.customer === key.customer && row.period === key.period,
    );
  }

  periodsToBill(workspace: string, periodPrefix: string): CounterKey[] {
    const { rollups, adjustments } = this.#tables(workspace);
    const used = [...rollups.values()].map(({ customer, period }) => ({ customer, period }));
    const booked = adjustments.map((row) => ({
      customer: row.customer,
      period: row.bookedPeriod,
    }));
    const pairs = [...used, ...booked].filter(({ period }) => period.startsWith(periodPrefix));
    const unique = new Map(pairs.map((pair) => [keyOf(pair.customer, pair.period), pair]));
    return [...unique.values()].sort(
      (a, b) => byBytes(a.customer, b.customer) || byBytes(a.period, b.period),
    );
  }

  customer(workspace: string, id: string): Customer | undefined {
    return this.#tables(workspace).customers.get(id);
  }

  listCustomers(workspace: string, limit: number, after = ""): Customer[] {
    return [...this.#tables(workspace).customers.values()]
      .filter((customer) => byBytes(customer.id, after) > 0)
      .sort((a, b) => byBytes(a.id, b.id))
      .slice(0, limit);
  }

  customersBelow(workspace: string, parent: string): Customer[] {
    return [...this.#tables(workspace).customers.values()]
      .filter((customer) => customer.parent?.id === parent)
      .sort((a, b) => byBytes(a.id, b.id));
  }

  creditBook(workspace: string, customer: string): CreditBookRow | undefined {
    return this.#tables(workspace).creditBooks.get(customer);
  }

  creditBooksDue(workspace: string, atMs: number, limit: number): CreditBookRow[] {
    const dueOf = ({ dueAtMs }: CreditBookRow) => dueAtMs ?? Number.POSITIVE_INFINITY;
    return [...this.#tables(workspace).creditBooks.values()]
      .filter((book) => dueOf(book) <= atMs)
      .sort((a, b) => dueOf(a) - dueOf(b) || byBytes(a.customer, b.customer))
      .slice(0, limit);
  }

  creditBooksWatched(workspace: string, limit: number, after = ""): CreditBookRow[] {
    return [...this.#tables(workspace).creditBooks.values()]
      .filter((book) => book.isWatched && byBytes(book.customer, after) > 0)
      .sort((a, b) => byBytes(a.customer, b.customer))
      .slice(0, limit);
  }

  listSuspended(workspace: string, limit: number): Suspended[] {
    const rows = [...this.#tables(workspace).suspended.values()];
    return rows.sort((a, b) => a.seq - b.seq).slice(0, limit);
  }

  listConflicts(workspace: string, limit: number): Conflict[] {
    const rows = [...this.#tables(workspace).conflicts.values()];
    return rows
      .filter((row) => row.settled === null)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  listStatements(workspace: string, customer?: string): StatementRecord[] {
    const rows = [...this.#tables(workspace).statements.values()];
    return rows
      .filter((row) => customer === undefined || row.customer === customer)
      .sort(
        (a, b) =>
          byBytes(b.period, a.period) ||
          byBytes(a.customer, b.customer) ||
          b.closedAtMs - a.closedAtMs ||
          byBytes(a.id, b.id),
      );
  }

  statement(workspace: string, id: string): StatementRecord | undefined {
    return this.#tables(workspace).statements.get(id);
  }

  periodsOf(workspace: string, customer: string): PeriodState[] {
    const rows = [...this.#tables(workspace).periods.values()];
    return rows
      .filter((row) => row.customer === customer)
      .sort((a, b) => byBytes(a.period, b.period));
  }

  adjustmentsOf(workspace: string, { customer, period }: CounterKey): Adjustment[] {
    return this.#tables(workspace)
      .adjustments.filter((row) => row.customer === customer && row.bookedPeriod === period)
      .sort((a, b) => a.seq - b.seq);
  }

  journal(workspace: string, afterSeq: number, limit: number): JournalEntry[] {
    const rows = [...this.#tables(workspace).journal.values()];
    return rows
      .filter((entry) => entry.seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  acts(workspace: string, { kind, subject, afterSeq = 0, limit }: ActFilter): JournalEntry[] {
    return this.journal(workspace, afterSeq, Number.POSITIVE_INFINITY)
      .filter((entry) => entry.run === "" && entry.source === kind)
      .filter((entry) => subject === undefined || entry.id === subject)
      .slice(0, limit);
  }

  lastAct(workspace: string, kind: JournalKind, subject: string): JournalEntry | undefined {
    return this.acts(workspace, { kind, subject, limit: Number.POSITIVE_INFINITY }).at(-1);
  }

  size(): { steps: number; runs: number; bytes: number } {
    let steps = 0;
    let runs = 0;
    for (const tables of this.#workspaces.values()) {
      steps += tables.steps.size;
      runs += tables.runs.size;
    }
    return { steps, runs, bytes: 0 };
  }

  async close(): Promise<void> {}
}

function byOpening(a: Run, b: Run): number {
  return a.openedAtMs - b.openedAtMs || byBytes(a.id, b.id);
}
