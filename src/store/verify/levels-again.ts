/**
 * Levels of balances as they were when a limit changed, added up from the revisions of steps: what
 * lies above a limit is recorded by the limit of its time. Only where all of a balance came of
 * steps: what runs and outcomes come to has no revisions that tell it.
 */
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { Step } from "../../domain/event/step.ts";
import { decodeFormerRun } from "../former-rows.ts";
import type { Row } from "../stored-rows.ts";
import type { BudgetSums, SummedBudget } from "./budget-sums.ts";
import type { DataFile } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { readStep, type StepTable } from "./step-row.ts";

/** A limit, from the unit of work on whose first seq this is. */
export interface LimitSpan {
  readonly fromSeq: number;
  readonly limit: bigint | null;
}

/** A balance whose level is asked for. */
export interface AskedBalance {
  readonly budget: SummedBudget;
  /** One after the other; the first one begins with the budget. */
  readonly spans: readonly LimitSpan[];
  /** Nothing counts from this seq on. (Infinity: it is in force.) */
  readonly untilSeq: number;
}

/** Measures of steps alone. */
const NOT_OF_STEPS: readonly string[] = ["charge", "credits", "prepaid", "runs", "parallel_runs"];

/** Whether levels of a budget can be added up from steps. */
export function isOfSteps({ document: { measure } }: SummedBudget): boolean {
  return !NOT_OF_STEPS.includes(measure);
}

const REVISIONS = `SELECT s.run_no AS run_no, s.source_no AS source_no, s.id AS id, s.tab AS tab,
    s.no AS no FROM (
    SELECT run_no, source_no, id, seq, 'steps' AS tab, step_no AS no FROM steps
    UNION ALL SELECT run_no, source_no, id, seq, 'former_steps', former_no FROM former_steps) s
  ORDER BY s.run_no, s.source_no, s.id, s.seq`;

/** Sums of each balance, by the span that they were booked in. */
export class LevelsAgain {
  readonly #asked: ReadonlyMap<string, AskedBalance>;
  readonly #sums = new Map<string, bigint[]>();
  /** Balances of runs to which something came before their budget. */
  readonly #early = new Set<string>();
  readonly #changed: ReadonlySet<string>;

  /** `asked` by workspace, budget, scope and window. */
  constructor(file: DataFile, sums: BudgetSums, asked: ReadonlyMap<string, AskedBalance>) {
    this.#asked = asked;
    this.#changed = asked.size === 0 ? new Set() : changedScopes(file);
    if (asked.size === 0) return;
    const budgets = Map.groupBy(
      new Set([...asked.values()].map(({ budget }) => budget)),
      ({ ws }) => ws,
    );
    let [identity, before]: [string, Step | null] = ["", null];
    for (const row of file.each(REVISIONS)) {
      const read = readStep(file, row.tab as StepTable, row.no as number);
      if (read?.step === undefined) continue;
      const { ws, step } = read;
      // Steps behind the last total count once a restart has added them up.
      if (row.tab === "steps" && (row.no as number) > file.summedStepNo(ws)) continue;
      const own = joined(...(read.identity as [number, number, string]));
      if (own !== identity) [identity, before] = [own, null];
      const of = budgets.get(ws) ?? [];
      if (before !== null) this.#book(sums, of, { ws, step: before, seq: step.seq, sign: -1n });
      this.#book(sums, of, { ws, step, seq: step.seq, sign: 1n });
      before = step;
    }
  }

  #book(
    sums: BudgetSums,
    budgets: readonly SummedBudget[],
    at: { readonly ws: number; readonly step: Step; readonly seq: number; readonly sign: bigint },
  ): void {
    const { ws, step, seq, sign } = at;
    for (const { budget, scope, window, level } of sums.partsOf(budgets, ws, step)) {
      const place = joined(ws, budget.id, scope, window);
      const asked = this.#asked.get(place);
      if (asked === undefined || seq >= asked.untilSeq) continue;
      const index = Math.max(
        0,
        asked.spans.findLastIndex(({ fromSeq }) => fromSeq <= seq),
      );
      if (seq < (asked.spans[0]?.fromSeq ?? 0)) this.#early.add(place);
      const known = this.#sums.get(place) ?? asked.spans.map(() => 0n);
      this.#sums.set(place, known);
      known[index] = (known[index] ?? 0n) + sign * level;
    }
  }

  /** The level at the end of each span; null: nobody can tell. */
  of(place: string): readonly bigint[] | null {
    const asked = this.#asked.get(place);
    const [ws = "", , scope = ""] = place.split(KEY_PART_END);
    if (asked === undefined) return null;
    const { each, where } = asked.budget.document;
    // Which card a run was counted by before is not looked up; nor which limit was in force when
    // what a run did before its budget came to it, which the first unit that looks at it does.
    const isEarly = asked.spans.length > 1 && this.#early.has(place);
    const isUnsure = where.card !== undefined || this.#changed.has(joined(ws, scope)) || isEarly;
    if (each === "run" && isUnsure) return null;
    let level = 0n;
    const sums = this.#sums.get(place) ?? asked.spans.map(() => 0n);
    return sums.map((sum) => {
      level += sum;
      return level;
    });
  }
}

const RUN = "SELECT parent, agent, labels FROM runs WHERE ws = ? AND id = ?";

/** Runs in whose trees something stood otherwise in between: by workspace and run. */
function changedScopes(file: DataFile): ReadonlySet<string> {
  const changed = new Set<string>();
  const add = (ws: number, from: string | null) => {
    for (let id = from; id !== null && !changed.has(joined(ws, id)); ) {
      changed.add(joined(ws, id));
      id = (file.first(RUN, ws, id)?.parent ?? null) as string | null;
    }
  };
  for (const row of file.each("SELECT * FROM former_runs")) {
    const [ws, run] = [row.ws as number, row.run as string];
    const former = formerOf(row);
    const now = file.first(RUN, ws, run);
    const labels = now?.labels == null ? null : JSON.parse(now.labels as string);
    const is = { parent: now?.parent ?? null, agent: now?.agent ?? null, labels };
    if (former !== null && canonicalJson(former) === canonicalJson(is)) continue;
    add(ws, run);
    add(ws, former?.parent ?? null);
  }
  return changed;
}

/** What selects a run; what cannot be read is a finding of its own. */
function formerOf(row: Row) {
  try {
    const { parent, agent, labels } = decodeFormerRun(row);
    return { parent, agent, labels };
  } catch {
    return null;
  }
}
