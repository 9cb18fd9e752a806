/**
 * The store in memory: the port in its simplest form, for tests and simulations. A unit of work
 * collects its writes and applies them when it ends, so a failed one leaves nothing behind.
 */
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { Turns } from "../../engine/commit/turns.ts";
import type { History, PageAfter } from "../../engine/history.ts";
import type {
  StatementFilter,
  StatementHead,
  StatementPlace,
} from "../../engine/periods/statement-list.ts";
import type {
  ActFilter,
  Answer,
  ChainLink,
  Conflict,
  CounterKey,
  Customer,
  ProvisionalFilter,
  RevisionFilter,
  RunFilter,
  StepPage,
  Store,
  StoredCounter,
  Suspended,
  UnitOfWork,
  UsageFilter,
  Writes,
} from "../../engine/ports.ts";
import { SoleStore } from "../sole-writer.ts";
import { MemoryAlerts } from "./memory-alerts.ts";
import { memoryCredit } from "./memory-credit.ts";
import { memoryHistory } from "./memory-history.ts";
import { MemoryKeyring } from "./memory-keyring.ts";
import { MemoryOutbox } from "./memory-outbox.ts";
import { MemorySpendingReads } from "./memory-spending-reads.ts";
import { MemoryUnit } from "./memory-unit.ts";
import { applyWrites, byBytes, byPlace, keyOf, type Tables, tablesOf } from "./tables.ts";

/** Everything in maps; a restart begins from nothing. */
export class MemoryStore extends SoleStore implements Store {
  readonly #workspaces = new Map<string, Tables>();
  readonly keyring = new MemoryKeyring();
  readonly alerts = new MemoryAlerts();
  readonly outbox = new MemoryOutbox();
  readonly #turns = new Turns();
  readonly spending = new MemorySpendingReads((workspace) => this.#tables(workspace));
  readonly credit = memoryCredit((workspace) => this.#tables(workspace));

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

  run(workspace: string, id: string): Run | undefined {
    return this.#tables(workspace).runs.get(id);
  }

  runs(workspace: string, ids: readonly string[]): Run[] {
    return [...new Set(ids)].flatMap((id) => this.run(workspace, id) ?? []);
  }

  children(workspace: string, id: string): Run[] {
    const runs = [...this.#tables(workspace).runs.values()];
    return runs.filter((run) => run.parent === id).sort(byOpening);
  }

  listRuns(workspace: string, filter: RunFilter): Run[] {
    const { after, byId = false } = filter;
    const all = [...this.#tables(workspace).runs.values()];
    const runs = byId ? all.sort((a, b) => byBytes(a.id, b.id)) : all.sort(byOpening).reverse();
    const from = byId
      ? runs.filter((run) => byBytes(run.id, after ?? "") <= 0).length
      : runs.findIndex((run) => run.id === after) + 1;
    return runs
      .slice(from)
      .filter((run) => filter.customer === undefined || run.customer === filter.customer)
      .filter((run) => filter.agent === undefined || run.agent === filter.agent)
      .filter((run) => filter.status === undefined || run.status === filter.status)
      .filter((run) => filter.roots !== true || run.parent === null)
      .filter((run) => filter.endUser === undefined || run.endUser === filter.endUser)
      .filter((run) => filter.hasEndUser !== true || run.endUser !== null)
      .slice(0, filter.limit);
  }

  stepsOfRun(workspace: string, run: string, limit?: number): Step[] {
    const steps = [...this.#tables(workspace).steps.values()].filter((step) => step.run === run);
    return steps.slice(0, limit);
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

  provisionalOutcomes(workspace: string, filter: ProvisionalFilter): OutcomeState[] {
    const { customer, limit, after } = filter;
    return [...this.#tables(workspace).outcomes.values()]
      .filter((row) => row.status === "provisional")
      .filter((row) => customer === undefined || row.customer === customer)
      .sort(byPlace)
      .filter((row) => after === undefined || byPlace(row, after) > 0)
      .slice(0, limit);
  }

  outcomesOfRun(workspace: string, run: string): OutcomeState[] {
    return [...this.#tables(workspace).outcomes.values()].filter((row) => row.run === run);
  }

  outcomesOfRuns(workspace: string, runs: readonly string[]): OutcomeState[] {
    return runs.flatMap((run) => this.outcomesOfRun(workspace, run));
  }

  history(workspace: string): History {
    return memoryHistory(this, workspace, this.#tables(workspace));
  }

  rollups(workspace: string, filter: UsageFilter): RollupRow[] {
    return [...this.#tables(workspace).rollups.values()]
      .filter((row) => filter.customer === undefined || row.customer === filter.customer)
      .filter((row) => filter.agent === undefined || row.agent === filter.agent)
      .filter((row) => row.period.startsWith(filter.period ?? ""));
  }

  countersOf(workspace: string, key: CounterKey): StoredCounter[] {
    return [...this.#tables(workspace).counters.values()].filter(
      (row) => row.customer === key.customer && row.period === key.period,
    );
  }

  periodsToBill(workspace: string, prefix: string, customer: string | null = null): CounterKey[] {
    const { rollups, adjustments } = this.#tables(workspace);
    const used = [...rollups.values()].map(({ customer, period }) => ({ customer, period }));
    const booked = adjustments.map((row) => ({
      customer: row.customer,
      period: row.bookedPeriod,
    }));
    const pairs = [...used, ...booked]
      .filter(({ period }) => period.startsWith(prefix))
      .filter((pair) => customer === null || pair.customer === customer);
    const unique = new Map(pairs.map((pair) => [keyOf(pair.customer, pair.period), pair]));
    return [...unique.values()].sort(
      (a, b) => byBytes(a.customer, b.customer) || byBytes(a.period, b.period),
    );
  }

  customer(workspace: string, id: string): Customer | undefined {
    return this.#tables(workspace).customers.get(id);
  }

  customers(workspace: string, ids: readonly string[]): Customer[] {
    return [...new Set(ids)].flatMap((id) => this.customer(workspace, id) ?? []);
  }

  listCustomers(workspace: string, limit: number, after = ""): Customer[] {
    return [...this.#tables(workspace).customers.values()]
      .filter((customer) => byBytes(customer.id, after) > 0)
      .sort((a, b) => byBytes(a.id, b.id))
      .slice(0, limit);
  }

  listSuspended(workspace: string, limit: number, afterSeq = -1): Suspended[] {
    const rows = [...this.#tables(workspace).suspended.values()];
    return rows
      .filter(({ seq }) => seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  listConflicts(workspace: string, limit: number, afterSeq = 0): Conflict[] {
    const rows = [...this.#tables(workspace).conflicts.values()];
    return rows
      .filter((row) => row.settled === null && row.seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  listStatements(workspace: string, customer?: string): StatementRecord[] {
    const rows = [...this.#tables(workspace).statements.values()];
    return rows
      .filter((row) => customer === undefined || row.customer === customer)
      .sort(inListOrder);
  }

  statementPage(
    workspace: string,
    { customer, closedUntilMs = Infinity, after, limit }: StatementFilter,
  ): StatementHead[] {
    return this.listStatements(workspace, customer)
      .filter((row) => row.closedAtMs <= closedUntilMs)
      .filter((row) => after === undefined || inListOrder(row, after) > 0)
      .slice(0, limit)
      .map(({ document: _, ...head }) => head);
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

  adjustmentsOf(workspace: string, key: CounterKey): Adjustment[] {
    return this.#booked(workspace, key);
  }

  bookedByHand(workspace: string, customer: string): Adjustment[] {
    return this.#tables(workspace)
      .adjustments.filter((row) => row.customer === customer && row.run === "")
      .sort((a, b) => a.seq - b.seq);
  }

  #booked(workspace: string, { customer, period }: CounterKey): Adjustment[] {
    return this.#tables(workspace)
      .adjustments.filter((row) => row.customer === customer && row.bookedPeriod === period)
      .sort((a, b) => a.seq - b.seq);
  }

  adjustmentPage(
    workspace: string,
    key: CounterKey,
    { after, limit }: PageAfter<number>,
  ): Adjustment[] {
    return this.#booked(workspace, key)
      .filter(({ seq }) => seq > after)
      .slice(0, limit);
  }

  journal(workspace: string, afterSeq: number, limit: number): JournalEntry[] {
    const rows = [...this.#tables(workspace).journal.values()];
    return rows
      .filter((entry) => entry.seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  acts(workspace: string, filter: ActFilter): JournalEntry[] {
    const { kind, subject, afterSeq = 0, beforeSeq, limit } = filter;
    const found = this.journal(workspace, afterSeq, Number.POSITIVE_INFINITY)
      .filter((entry) => entry.run === "" && entry.source === kind)
      .filter((entry) => subject === undefined || entry.id === subject)
      .filter((entry) => beforeSeq === undefined || entry.seq < beforeSeq);
    return (beforeSeq === undefined ? found : found.reverse()).slice(0, limit);
  }

  lastAct(workspace: string, kind: ActFilter["kind"], subject: string): JournalEntry | undefined {
    return this.acts(workspace, { kind, subject, limit: Number.POSITIVE_INFINITY }).at(-1);
  }

  linkBefore(workspace: string, seq: number): ChainLink | undefined {
    return this.#tables(workspace).links.findLast((link) => link.firstSeq <= seq);
  }

  revisionsOfRun(workspace: string, { run, untilSeq, after, limit }: RevisionFilter): StepPage {
    const { steps, formerSteps } = this.#tables(workspace);
    const all = [...steps.values(), ...formerSteps]
      .filter((step) => step.run === run && step.seq <= untilSeq)
      .sort((a, b) => byBytes(a.source, b.source) || byBytes(a.id, b.id) || a.seq - b.seq);
    const isBefore = ({ source, id }: Step) =>
      typeof after !== "string" && (byBytes(source, after.source) || byBytes(id, after.id)) <= 0;
    const from = typeof after === "string" ? Number(after) : all.filter(isBefore).length;
    const page = all.slice(from, from + limit);
    return { steps: page, next: page.length < limit ? null : String(from + limit) };
  }

  formerRun(workspace: string, id: string, atSeq: number): RunFacts | undefined {
    return this.#tables(workspace).formerRuns.find(
      ({ facts, untilSeq }) => facts.id === id && facts.sinceSeq <= atSeq && untilSeq >= atSeq,
    )?.facts;
  }

  formerOutcomes(workspace: string, run: string, atSeq: number): OutcomeState[] {
    return this.#tables(workspace)
      .formerOutcomes.filter(({ untilSeq }) => untilSeq >= atSeq)
      .map(({ outcome }) => outcome)
      .filter((outcome) => outcome.run === run && outcome.sinceSeq <= atSeq)
      .sort((a, b) => byBytes(a.key, b.key));
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

/** Newest period first, then by customer; of one period, the one that was closed last first. */
function inListOrder(a: StatementPlace, b: StatementPlace): number {
  return (
    byBytes(b.period, a.period) ||
    byBytes(a.customer, b.customer) ||
    b.closedAtMs - a.closedAtMs ||
    byBytes(a.id, b.id)
  );
}

function byOpening(a: Run, b: Run): number {
  return a.openedAtMs - b.openedAtMs || byBytes(a.id, b.id);
}
