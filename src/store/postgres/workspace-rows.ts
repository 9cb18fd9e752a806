/** What a node knows of one workspace, as of one commit (`known-rows.ts`). */
import {
  KNOWN_ROWS_MAX_COUNT,
  TOUCHED_COMMITS_COUNT,
  TOUCHED_TOLD_COUNT,
} from "../../domain/database-limits.ts";
import type { PeriodState } from "../../domain/period/records.ts";
import type { Run } from "../../domain/run/run.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import type { Customer } from "../../engine/ports.ts";
import { Recent } from "../recent.ts";
import { KnownBalances } from "./known-balances.ts";
import { KnownPages } from "./known-counters.ts";
import { KnownIdentities } from "./known-identities.ts";
import type { Touched, TouchedRows } from "./touched.ts";

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
  if (!rows) return 0;
  const { runs, customers, periods, scopes } = rows;
  return runs.length + customers.length + periods.length + (scopes?.length ?? 0);
}

/** What is known of one workspace as of `commit`. */
export class WorkspaceRows {
  commit: Commit;
  readonly runs = new Recent<string, KnownRun>(KNOWN_ROWS_MAX_COUNT);
  readonly customers = new Recent<string, Customer>(KNOWN_ROWS_MAX_COUNT);
  readonly counters = new KnownPages();
  /** Null: it is open. */
  readonly periods = new Recent<string, PeriodState | null>(KNOWN_ROWS_MAX_COUNT);
  readonly balances = new KnownBalances();
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
    const { runs, customers, periods, counters, balances, identities } = this;
    const kept = runs.size + identities.runCount + customers.size + periods.size;
    const rows = kept + counters.size + counters.count + balances.count;
    return rows * ROW_BYTES + this.#toldCount * NAME_BYTES + identities.bytes;
  }

  #forget(touched: TouchedRows): void {
    const { runs, identities, customers, periods, moreHolds, hasClosed } = touched;
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
    this.#forgetBalances(touched);
    const known = moreHolds === null ? null : this.countingHolds;
    this.countingHolds = known === null ? null : known + (moreHolds ?? 0);
  }

  #forgetBalances({ runs, periods, scopes }: TouchedRows): void {
    if (scopes === null) this.balances.clear();
    for (const scope of [...runs, ...(scopes ?? [])]) this.balances.forget(scope);
    for (const { customer } of periods) this.balances.forget(customer);
  }
}
