/**
 * Rows that this node read or wrote in its own units of work, so that the next unit need not read
 * them again: runs, customers, counters, closed periods, and which identities new runs hold. They
 * are as of one commit. Every unit is told with its lock at which commit the workspace stands;
 * where that is not the last one of this node, others have written. What these touched is forgotten
 * if they have told it (`touched.ts`), else everything.
 *
 * So memory is never the truth: what it says is what a read under this lock would say.
 */
import {
  KNOWN_MAX_BYTES,
  KNOWN_ROWS_MAX_COUNT,
  TOUCHED_COMMITS_COUNT,
  TOUCHED_TOLD_COUNT,
} from "../../domain/database-limits.ts";
import type { PeriodState } from "../../domain/period/records.ts";
import { RecentByWeight } from "../../domain/recent-by-weight.ts";
import type { Run } from "../../domain/run/run.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import type { CommitsBehind, PeriodMove } from "../../engine/node-ports.ts";
import type { CounterKey, Customer, StepKey, StoredCounter, Writes } from "../../engine/ports.ts";
import { Recent } from "../recent.ts";
import { type KnownPage, KnownPages } from "./known-counters.ts";
import { KnownIdentities } from "./known-identities.ts";
import { type Touched, type TouchedRows, touchedBy } from "./touched.ts";

/** Which commit a workspace stands by: no two states of it have the same. */
export interface Commit {
  /** Server and table: a copy that was restored or promoted may count its commits once more. */
  readonly place: string;
  readonly commits: number;
  readonly digest: string;
}

/** A run, and the month of its steps. */
interface KnownRun {
  readonly run: Run;
  readonly month: number;
}

/** What a row takes in memory, and a name of one, as measured. */
const ROW_BYTES = 500;
const NAME_BYTES = 100;

function namesOf(touched: Touched | undefined): number {
  const rows = touched?.rows;
  return rows ? rows.runs.length + rows.customers.length + rows.periods.length : 0;
}

/** What is known of one workspace as of `commit`. */
class WorkspaceRows {
  commit: Commit;
  readonly runs = new Recent<string, KnownRun>(KNOWN_ROWS_MAX_COUNT);
  readonly customers = new Recent<string, Customer>(KNOWN_ROWS_MAX_COUNT);
  readonly counters = new KnownPages();
  /** Null: it is open. */
  readonly periods = new Recent<string, PeriodState | null>(KNOWN_ROWS_MAX_COUNT);
  readonly identities = new KnownIdentities();
  /** How many holds count. */
  countingHolds: number | null = null;
  /** What the last commits touched, without a gap, up to `commit`. */
  readonly told: Touched[] = [];
  /** How many rows these name. */
  #toldCount = 0;
  /** Number of the last commit that tells what it touched: other nodes were about lately. */
  toldUntil: number;

  constructor(commit: Commit) {
    this.commit = commit;
    this.toldUntil = commit.commits + TOUCHED_TOLD_COUNT;
  }

  /** Goes on to a commit by what led there; false: that is not known, and this is of no use. */
  follow(touched: readonly Touched[], commit: Commit): boolean {
    let { commits: no, digest } = this.commit;
    for (const one of touched) {
      if (one.no !== no + 1 || one.before !== digest || one.rows === null) return false;
      no = one.no;
      digest = one.after;
      this.#forget(one.rows);
      this.tell(one);
    }
    this.commit = commit;
    this.toldUntil = commit.commits + TOUCHED_TOLD_COUNT;
    return no === commit.commits && digest === commit.digest;
  }

  tell(touched: Touched): void {
    this.told.push(touched);
    this.#toldCount += namesOf(touched);
    if (this.told.length <= TOUCHED_COMMITS_COUNT) return;
    this.#toldCount -= namesOf(this.told.shift());
  }

  /** What was told is not up to the last commit any more. */
  tellNothing(): void {
    this.told.length = 0;
    this.#toldCount = 0;
  }

  /** Memory that it takes, about. */
  get bytes(): number {
    const { runs, customers, periods, counters, identities } = this;
    const kept = runs.size + identities.runCount + customers.size + periods.size;
    const rows = kept + counters.size + counters.count;
    return rows * ROW_BYTES + this.#toldCount * NAME_BYTES + identities.bytes;
  }

  #forget({ runs, identities, customers, periods, moreHolds, hasClosed }: TouchedRows): void {
    for (const id of runs) this.runs.delete(id);
    if (identities === null) for (const id of runs) this.identities.forget(id);
    for (const id of identities?.begun ?? []) this.identities.begin(id);
    this.identities.addTold(identities?.prints ?? []);
    for (const id of customers) this.customers.delete(id);
    for (const period of periods) {
      const key = counterKeyText(period);
      const { cells } = period;
      const isKept = cells !== undefined && this.counters.get(key)?.otherMoved(cells) === true;
      if (!isKept) this.counters.delete(key);
      if (hasClosed) this.periods.delete(key);
    }
    const known = moreHolds === null ? null : this.countingHolds;
    this.countingHolds = known === null ? null : known + (moreHolds ?? 0);
  }
}

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
  /** How many holds more count since this unit wrote some. */
  #moreHolds = 0;

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
    return this.#split(this.#rows.runs, ids, (id) => id);
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
    return this.#split(this.#rows.customers, ids, (id) => id);
  }

  learnCustomers(customers: readonly Customer[]): void {
    if (this.#isWritten) return;
    for (const one of customers) this.#rows.customers.set(one.id, one);
  }

  /** What others moved of these pages is to be read before they are looked at. */
  counters(keys: readonly CounterKey[]): Split<CounterKey, KnownPage> {
    return this.#split(this.#rows.counters, keys, counterKeyText);
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
    return this.#split(this.#rows.periods, keys, counterKeyText);
  }

  learnPeriods(periods: readonly PeriodState[], keys: readonly CounterKey[]): void {
    if (this.#isWritten) return;
    for (const key of keys) this.#rows.periods.set(counterKeyText(key), null);
    for (const period of periods) this.#rows.periods.set(counterKeyText(period), period);
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

  #split<K, V>(
    rows: Pick<Recent<string, V>, "get">,
    keys: readonly K[],
    text: (key: K) => string,
  ): Split<K, V> {
    if (this.#isWritten) return { found: [], unknown: keys };
    const found: V[] = [];
    const unknown: K[] = [];
    for (const key of keys) {
      const row = rows.get(text(key));
      if (row === undefined) unknown.push(key);
      else found.push(row);
    }
    return { found, unknown };
  }

  /**
   * The unit writes these; they are not committed yet. `moreHolds` count than before. Returns what
   * it tells other nodes; null: it is alone.
   */
  written(writes: Writes, moreHolds: number): Touched | null {
    const { commits, digest } = this.#rows.commit;
    const before = this.#writes.at(-1)?.head.digest ?? digest;
    const { isAlone } = this;
    const isFirst = !this.#isWritten;
    this.#writes.push(writes);
    this.#moreHolds += moreHolds;
    if (isAlone) return null;
    const no = commits + this.#writes.length;
    const begun = isFirst ? writes.runs.filter(({ id }) => this.#newRuns.has(id)) : [];
    const isLarge = (key: CounterKey) =>
      this.#rows.counters.get(counterKeyText(key))?.isLarge === true;
    const touched = touchedBy(writes, { no, before, moreHolds, isLarge, begun });
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
    for (const writes of this.#writes) this.#learn(writes, monthOf);
    const { countingHolds } = this.#rows;
    if (countingHolds !== null) this.#rows.countingHolds = countingHolds + this.#moreHolds;
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
}

function isOfSamePeriod(one: CounterKey, other: CounterKey): boolean {
  return one.customer === other.customer && one.period === other.period;
}
