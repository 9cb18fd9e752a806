/**
 * Overruns against what was settled above limits. Each is recorded by the limit of its time, so
 * where that changed, what a balance stood at then is added up from revisions and versions.
 */
import { formatScaled } from "../../domain/money/decimal.ts";
import { type ActedBudgets, levelIn, scaleOf } from "./budget-acts.ts";
import type { BudgetSums, SummedBudget } from "./budget-sums.ts";
import { keyOf } from "./check-budgets.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { type AskedBalance, LevelsAgain, type LimitSpan } from "./levels-again.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";
import type { BalanceAt, WrongSpending } from "./wrong-spending.ts";

/** The sequence number of the first step behind the totals of a workspace; null: there is none. */
const FIRST_WAITING_SEQ = `SELECT min(s.seq) AS seq FROM steps s JOIN runs r USING (run_no)
  WHERE s.step_no > ? AND r.ws = ?`;
const UNIT = "SELECT first_seq FROM chain WHERE ws = ? AND first_seq <= ? ORDER BY 1 DESC LIMIT 1";

/** A balance as it is stored. */
interface StoredBalance {
  readonly budget: SummedBudget;
  readonly settled: bigint;
  readonly acted: ActedBudgets;
}

/** Overruns of all balances, stored and worked out. */
export class OverrunsAgain {
  readonly #file: DataFile;
  readonly #sums: BudgetSums;
  readonly #over: RebuiltSums;
  /** Balances whose limits changed, or whose budget is retired. */
  readonly #asked = new Map<string, AskedBalance & { readonly settled: bigint }>();
  /** What may have been settled above the limits of a balance, where it is one of several sums. */
  readonly #possible = new Map<string, readonly bigint[]>();
  /** Balances of which nobody can tell what lay above their limits. */
  readonly #unknown = new Set<string>();

  readonly #wrong: WrongSpending;

  constructor(file: DataFile, sums: BudgetSums, wrong: WrongSpending) {
    this.#file = file;
    this.#sums = sums;
    this.#wrong = wrong;
    this.#over = readOverruns(file);
  }

  /** Takes up a balance, by workspace, budget, scope and window. */
  add(place: string, { budget, settled, acted }: StoredBalance): void {
    const given = limitSpans(this.#file, place, acted);
    // A budget that no act set is told elsewhere.
    const { measure, limit } = budget.document;
    const spans = given.length > 0 ? given : [{ fromSeq: 0, limit: levelIn(measure, limit) }];
    const retiredSeq = acted.budgets.get(joined(budget.ws, budget.id))?.retiredSeq ?? null;
    const [first] = spans;
    if (spans.length === 1 && first !== undefined) {
      this.#over.addStored(place, [above(settled, first.limit)]);
      if (retiredSeq === null) return;
    }
    const untilSeq = retiredSeq ?? Number.POSITIVE_INFINITY;
    this.#asked.set(place, { budget, spans, untilSeq, settled });
  }

  /** Tells what differs. */
  report(): void {
    this.#workOut();
    for (const { key, stored, rebuilt } of this.#over.differing()) {
      const parts = key.split(KEY_PART_END);
      const budget = this.#sums.budgets.get(joined(...parts.slice(0, 2)));
      if (budget === undefined) {
        this.#file.findings.add(
          "overruns",
          keyOf(this.#file, key),
          "is of a budget that is missing",
        );
        continue;
      }
      if (this.#unknown.has(key)) continue;
      if (this.#possible.get(key)?.includes(rebuilt?.[0] ?? 0n)) continue;
      const scale = scaleOf(budget.document.measure);
      const text = (side: readonly bigint[] | null) => formatScaled(side?.[0] ?? 0n, scale);
      const sides = `add up to ${text(rebuilt)}, ${text(stored)} was settled above the limit`;
      this.#file.findings.add("overruns", keyOf(this.#file, key), sides);
      const [recorded = 0n, settledAbove = 0n] = [rebuilt?.[0], stored?.[0]];
      this.#wrong.overruns.push({ ...balanceAt(this.#file, key), recorded, settledAbove });
    }
  }

  #workOut(): void {
    const whole = [...this.#asked].filter(([place, { budget }]) => {
      return !mayMissSteps(this.#file, place, budget);
    });
    const levels = new LevelsAgain(this.#file, this.#sums, new Map(whole));
    for (const [place, { budget, spans, untilSeq, settled }] of this.#asked) {
      const ways = levels.of(place);
      const own = ways?.[0] ?? null;
      if (ways !== null && own !== null && own.at(-1) === settled) {
        if (spans.length === 1) continue;
        const sums = ways.map((way) => aboveAll(way, spans));
        // Of several, the last is told: no unit without a row of its own had to look.
        this.#over.addStored(place, [sums.at(-1) ?? 0n]);
        if (sums.length > 1) this.#possible.set(place, sums);
        continue;
      }
      if (spans.length > 1) this.#unknown.add(place);
      // What differs of a budget in force is told by its parts as they are now.
      if (own === null || untilSeq === Number.POSITIVE_INFINITY) continue;
      const scale = scaleOf(budget.document.measure);
      const partsAddUpTo = own.at(-1) ?? 0n;
      const [is, was] = [settled, partsAddUpTo].map((level) => formatScaled(level, scale));
      const sides = `settled is ${is}, its parts added up to ${was} when its budget was retired`;
      this.#file.findings.add("budget_balances", keyOf(this.#file, place), sides);
      this.#wrong.balances.push({ ...balanceAt(this.#file, place), settled, partsAddUpTo });
    }
  }
}

/** Where a balance of a joined key stands. */
export function balanceAt(file: DataFile, place: string): BalanceAt {
  const [ws, budgetId, scope = "", window = ""] = place.split(KEY_PART_END);
  return { workspace: file.workspace(Number(ws)), budgetId: Number(budgetId), scope, window };
}

const DAY_MS = 86_400_000;
const DATE_CHARS = 10;

/**
 * Whether steps that were removed may have counted in a balance. They went with whole run trees,
 * and each was received before its run was last heard of.
 */
function mayMissSteps(file: DataFile, place: string, { ws, document }: SummedBudget): boolean {
  const [, , scope = "", window = ""] = place.split(KEY_PART_END);
  if (document.each === "run") return file.removed.isCovered(ws, scope);
  const lastMs = file.removed.lastHeardMs(ws);
  if (lastMs === null) return false;
  // A window is named by its local start: a day later it has not begun anywhere.
  const date = new Date(lastMs + DAY_MS).toISOString().slice(0, DATE_CHARS);
  return window.slice(0, DATE_CHARS) <= date;
}

function above(level: bigint, limit: bigint | null): bigint {
  return limit === null || level <= limit ? 0n : level - limit;
}

/** What went above each limit while it was in force. */
function aboveAll(levels: readonly bigint[], spans: readonly LimitSpan[]): bigint {
  let [sum, before] = [0n, 0n];
  for (const [at, { limit }] of spans.entries()) {
    const level = levels[at] ?? before;
    sum += above(level, limit) - above(before, limit);
    before = level;
  }
  return sum;
}

/** The limits that a balance has had, each from the unit of work on that gave it. */
function limitSpans(file: DataFile, place: string, { budgets }: ActedBudgets): LimitSpan[] {
  const [ws = "", id = "", scope = ""] = place.split(KEY_PART_END);
  const given = budgets.get(joined(ws, id))?.limits ?? [];
  let [own, ofBudget]: (bigint | null)[] = [null, null];
  const spans: LimitSpan[] = [];
  for (const { seq, scope: of, level } of given) {
    if (of !== null && of !== scope) continue;
    if (of === null) ofBudget = level;
    else own = level;
    const limit = own ?? ofBudget ?? null;
    const last = spans.at(-1);
    if (last !== undefined && last.limit === limit) continue;
    const fromSeq = file.first(UNIT, Number(ws), seq)?.first_seq as number;
    // Of one unit, its last act holds.
    if (last?.fromSeq === fromSeq) spans.pop();
    spans.push({ fromSeq, limit });
  }
  return spans;
}

/**
 * Overruns are on disk with their steps; balances of runs may wait in the server's memory. What
 * came with the steps behind the last total is not compared: a restart adds it up, and then it is.
 */
function readOverruns(file: DataFile): RebuiltSums {
  const over = new RebuiltSums(file.scratch, "overruns");
  const waitingFrom = new Map<number, number>();
  for (const { ws } of file.all("SELECT ws FROM workspaces") as { ws: number }[]) {
    const seq = file.first(FIRST_WAITING_SEQ, file.summedStepNo(ws), ws)?.seq as number | null;
    waitingFrom.set(ws, seq ?? Number.POSITIVE_INFINITY);
  }
  for (const row of file.each("SELECT * FROM overruns")) {
    if ((row.seq as number) > (waitingFrom.get(row.ws as number) ?? Number.POSITIVE_INFINITY))
      continue;
    const parts = [row.ws, row.budget_id, row.scope, row.window_key] as (string | number)[];
    const key = keyOf(file, joined(...parts));
    const level = readable(file, { table: "overruns", key }, () => BigInt(row.level as string));
    if (level !== undefined) over.addRebuilt(joined(...parts), [level]);
  }
  return over;
}
