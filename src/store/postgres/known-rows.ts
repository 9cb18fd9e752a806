/**
 * Rows that this node read or wrote in its own units of work, so that the next unit need not read
 * them again: runs, customers, counters, closed periods, balances of budgets, and which identities
 * new runs hold. They are as of one commit. Every unit is told with its lock at which commit the
 * workspace stands; where that is not the last one of this node, others have written. What these
 * touched is forgotten if they have told it (`touched.ts`), else everything.
 *
 * So memory is never the truth: what it says is what a read under this lock would say.
 */
import type { BalanceKey, OwnLimit } from "../../domain/budget/budget.ts";
import { KNOWN_MAX_BYTES, TOUCHED_COMMITS_COUNT } from "../../domain/database-limits.ts";
import type { PeriodState } from "../../domain/period/records.ts";
import { RecentByWeight } from "../../domain/recent-by-weight.ts";
import type { Run } from "../../domain/run/run.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import type { CommitsBehind, PeriodMove } from "../../engine/node-ports.ts";
import type { CounterKey, Customer, StepKey, StoredCounter, Writes } from "../../engine/ports.ts";
import type { KeptBalance, LimitKey } from "../../engine/spending-ports.ts";
import type { KnownPage } from "./known-counters.ts";
import { type Touched, touchedBy } from "./touched.ts";
import { type Commit, WorkspaceRows } from "./workspace-rows.ts";
import type { WrittenHolds } from "./written-holds.ts";

/**
 * What this node knows, by workspace. A unit that failed needs no care: either it is not on disk,
 * and what was known is true, or it is, and the next one finds another commit.
 */
export class KnownRows {
  readonly #workspaces: RecentByWeight<number, WorkspaceRows>;

  /** `maxBytes`: how much is kept of all workspaces. (Default: KNOWN_MAX_BYTES.) */
  constructor(maxBytes = KNOWN_MAX_BYTES) {
    this.#workspaces = new RecentByWeight(maxBytes);
  }

  /**
   * What a unit may go by that found this commit under its lock. `touchedSince`: what commits
   * behind the one of a number touched.
   */
  async asOf(
    ws: number,
    commit: Commit,
    touchedSince: (no: number) => Promise<readonly Touched[]>,
  ): Promise<UnitRows> {
    const known = this.#workspaces.get(ws);
    const isOfUse = known !== undefined && (await this.#followed(known, commit, touchedSince));
    return this.#used(ws, isOfUse ? known : new WorkspaceRows(commit));
  }

  #used(ws: number, rows: WorkspaceRows): UnitRows {
    this.#workspaces.set(ws, rows, rows.bytes);
    return new UnitRows(rows);
  }

  async #followed(
    known: WorkspaceRows,
    commit: Commit,
    touchedSince: (no: number) => Promise<readonly Touched[]>,
  ): Promise<boolean> {
    if (isSame(known.commit, commit)) return true;
    const isNear = isFew(commit.commits - known.commit.commits);
    if (!isNear || known.commit.place !== commit.place) return false;
    return known.follow(await touchedSince(known.commit.commits), commit);
  }

  /** The commit behind which others have written lately, as far as this node knows; else null. */
  followedFrom(ws: number): number | null {
    const known = this.#workspaces.get(ws);
    if (known === undefined || known.commit.commits >= known.toldUntil) return null;
    return known.commit.commits;
  }

  /** What a unit may take to be so that begins before this commit is on disk; null: not known. */
  ahead(ws: number, commit: Commit): UnitRows | null {
    const known = this.#workspaces.get(ws);
    return known !== undefined && isSame(known.commit, commit) ? this.#used(ws, known) : null;
  }

  /** Nothing is known of it any more. */
  forget(ws: number): void {
    this.#workspaces.delete(ws);
  }
}

/** Whether two say of the same state. */
function isSame(one: Commit, other: Commit): boolean {
  const isSameState = one.commits === other.commits && one.digest === other.digest;
  return isSameState && one.place === other.place;
}

const isFew = (commits: number): boolean => commits > 0 && commits <= TOUCHED_COMMITS_COUNT;

/** What is known of some keys, and those of which nothing is. */
interface Split<K, V> {
  readonly found: V[];
  readonly unknown: readonly K[];
}

/** The rows as one unit of work sees them. What it reads is known at once, what it writes later. */
export class UnitRows implements CommitsBehind {
  readonly #rows: WorkspaceRows;
  /** Runs that this unit is the first to hear of. */
  readonly #newRuns = new Set<string>();
  readonly #writes: Writes[] = [];
  readonly #told: Touched[] = [];
  /** The holds of each of these writes. */
  readonly #holds: WrittenHolds[] = [];

  constructor(rows: WorkspaceRows) {
    this.#rows = rows;
  }

  /** No other node has committed lately: nobody is told what a unit touches. */
  get isAlone(): boolean {
    return this.#rows.commit.commits + this.#writes.length >= this.#rows.toldUntil;
  }

  /** What a unit has written it reads from the store: nobody needs it fast. */
  get #isWritten(): boolean {
    return this.#writes.length > 0;
  }

  runs(ids: readonly string[]): Split<string, { readonly run: Run; readonly month: number }> {
    return this.#split(ids, (id) => this.#rows.runs.get(id));
  }

  /** Runs that were asked for by these ids; those that are missing are not there. */
  learnRuns(runs: readonly { run: Run; month: number }[], ids: readonly string[]): void {
    if (this.#isWritten) return;
    for (const id of ids) this.#newRuns.add(id);
    for (const { run, month } of runs) {
      this.#newRuns.delete(run.id);
      this.#rows.runs.set(run.id, { run, month });
    }
  }

  customers(ids: readonly string[]): Split<string, Customer> {
    return this.#split(ids, (id) => this.#rows.customers.get(id));
  }

  learnCustomers(customers: readonly Customer[]): void {
    if (this.#isWritten) return;
    for (const one of customers) this.#rows.customers.set(one.id, one);
  }

  /** What others moved of these pages is to be read before they are looked at. */
  counters(keys: readonly CounterKey[]): Split<CounterKey, KnownPage> {
    return this.#split(keys, (key) => this.#rows.counters.get(counterKeyText(key)));
  }

  learnCounters(pages: readonly KnownPage[]): void {
    if (this.#isWritten) return;
    for (const page of pages) this.#rows.counters.add(page);
  }

  /** What others had moved of a page. */
  learnMoved(page: KnownPage, counters: readonly StoredCounter[]): void {
    this.#rows.counters.move(page, counters);
  }

  periods(keys: readonly CounterKey[]): Split<CounterKey, PeriodState | null> {
    return this.#split(keys, (key) => this.#rows.periods.get(counterKeyText(key)));
  }

  learnPeriods(periods: readonly PeriodState[], keys: readonly CounterKey[]): void {
    if (this.#isWritten) return;
    for (const key of keys) this.#rows.periods.set(counterKeyText(key), null);
    for (const period of periods) this.#rows.periods.set(counterKeyText(period), period);
  }

  /** Null: nothing was settled in it, and nothing is held of it. */
  balances(keys: readonly BalanceKey[]): Split<BalanceKey, KeptBalance | null> {
    return this.#split(keys, (key) => this.#rows.balances.balance(key));
  }

  /** Balances that were asked for by these keys; those that are missing are not there. */
  learnBalances(balances: readonly KeptBalance[], keys: readonly BalanceKey[]): void {
    if (this.#isWritten) return;
    for (const key of keys) this.#rows.balances.learnBalance(key, null);
    for (const one of balances) this.#rows.balances.learnBalance(one, one);
  }

  /** Null: the scope has the budget's limit. */
  ownLimits(keys: readonly LimitKey[]): Split<LimitKey, OwnLimit | null> {
    return this.#split(keys, (key) => this.#rows.balances.limit(key));
  }

  learnOwnLimits(limits: readonly OwnLimit[], keys: readonly LimitKey[]): void {
    if (this.#isWritten) return;
    for (const key of keys) this.#rows.balances.learnLimit(key, null);
    for (const one of limits) this.#rows.balances.learnLimit(one, one);
  }

  /** False: there is no such step. True: there may be one. */
  mayHold(key: StepKey): boolean {
    return this.#isWritten || this.#rows.identities.mayHold(key);
  }

  get countingHolds(): number | null {
    return this.#isWritten ? null : this.#rows.countingHolds;
  }

  learnCountingHolds(count: number): void {
    if (!this.#isWritten) this.#rows.countingHolds = count;
  }

  #split<K, V>(keys: readonly K[], known: (key: K) => V | undefined): Split<K, V> {
    if (this.#isWritten) return { found: [], unknown: keys };
    const found: V[] = [];
    const unknown: K[] = [];
    for (const key of keys) {
      const row = known(key);
      if (row === undefined) unknown.push(key);
      else found.push(row);
    }
    return { found, unknown };
  }

  /**
   * The unit writes these; they are not committed yet. Returns what it tells other nodes; null: it
   * is alone.
   */
  written(writes: Writes, holds: WrittenHolds): Touched | null {
    const { commits, digest } = this.#rows.commit;
    const before = this.#writes.at(-1)?.head.digest ?? digest;
    const { isAlone } = this;
    const isFirst = !this.#isWritten;
    this.#writes.push(writes);
    this.#holds.push(holds);
    if (isAlone) return null;
    const no = commits + this.#writes.length;
    const begun = isFirst ? writes.runs.filter(({ id }) => this.#newRuns.has(id)) : [];
    const isLarge = (key: CounterKey) =>
      this.#rows.counters.get(counterKeyText(key))?.isLarge === true;
    const touched = touchedBy(writes, { no, before, holds, isLarge, begun });
    this.#told.push(touched);
    return touched;
  }

  movedSince(digest: string): readonly (readonly PeriodMove[])[] | null {
    const { told } = this.#rows;
    const from = told.findIndex(({ before }) => before === digest);
    if (from === -1) return null;
    const moves = told.slice(from).map(({ rows }) => rows?.periods ?? null);
    return moves.includes(null) ? null : (moves as PeriodMove[][]);
  }

  runsSince(digest: string): readonly string[] | null {
    const { told } = this.#rows;
    const from = told.findIndex(({ before }) => before === digest);
    if (from === -1) return null;
    const runs = new Set<string>();
    for (const { rows } of told.slice(from)) {
      if (rows === null || rows.lookedAt === null) return null;
      for (const id of [...rows.runs, ...rows.lookedAt]) runs.add(id);
    }
    return [...runs];
  }

  /** The unit is on disk: what it wrote is known. `monthOf`: where the steps of a run stand. */
  committed(monthOf: (run: string) => number): void {
    const { commit } = this.#rows;
    for (const [at, writes] of this.#writes.entries()) {
      this.#learn(writes, monthOf);
      this.#learnSpending(writes, this.#holds[at]);
    }
    const digest = this.#writes.at(-1)?.head.digest ?? commit.digest;
    for (const one of this.#told) this.#rows.tell(one);
    if (this.#told.length < this.#writes.length) this.#rows.tellNothing();
    this.#rows.commit = { ...commit, commits: commit.commits + this.#writes.length, digest };
  }

  #learn(writes: Writes, monthOf: (run: string) => number): void {
    const rows = this.#rows;
    for (const run of writes.runs) {
      if (this.#newRuns.delete(run.id)) rows.identities.begin(run.id);
      rows.runs.set(run.id, { run, month: monthOf(run.id) });
    }
    for (const key of writes.steps) rows.identities.add(key);
    for (const one of writes.customers) rows.customers.set(one.id, one);
    for (const one of writes.periods) rows.periods.set(counterKeyText(one), one);
    const { counters } = writes;
    for (let from = 0; from < counters.length; ) {
      const first = counters[from] as StoredCounter;
      let to = from + 1;
      while (to < counters.length && isOfSamePeriod(counters[to] as StoredCounter, first)) to += 1;
      const page = rows.counters.get(counterKeyText(first));
      if (page !== undefined) rows.counters.move(page, counters.slice(from, to));
      from = to;
    }
  }

  #learnSpending({ balances, limits, freedLimits }: Writes, holds?: WrittenHolds): void {
    const known = this.#rows.balances;
    for (const one of balances) known.settle(one);
    for (const reserve of holds?.reserves ?? []) known.hold(reserve);
    for (const key of freedLimits) known.learnLimit(key, null);
    for (const one of limits) known.learnLimit(one, one);
    if (this.#rows.countingHolds !== null) this.#rows.countingHolds += holds?.moreCounting ?? 0;
  }
}

function isOfSamePeriod(one: CounterKey, other: CounterKey): boolean {
  return one.customer === other.customer && one.period === other.period;
}
