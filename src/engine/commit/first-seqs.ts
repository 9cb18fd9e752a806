/**
 * Since when rows are on record, as seqs. A budget counts what was committed after the act that
 * set it. Clocks do not tell that: two commits may fall into one millisecond, a clock may be set
 * back, and a producer states when its runs opened.
 */
import { countsRuns, isPrepaid } from "../../domain/budget/budget.ts";
import type { Step } from "../../domain/event/step.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { Spending } from "../limits/load-spending.ts";
import type { RecordKey } from "../spending-ports.ts";
import type { Change } from "./batch-rows.ts";
import { stepKeyText } from "./batch-state.ts";

/** First seqs of rows that a unit of work changes. */
export interface FirstSeqs {
  ofStep(change: Change<Step>): number;
  ofRun(change: Change<Run>): number;
  ofOutcome(change: Change<OutcomeState>): number;
}

/** Rows that change. */
interface Changed {
  readonly steps: readonly Change<Step>[];
  readonly runs: readonly Change<Run>[];
  readonly outcomes: readonly Change<OutcomeState>[];
}

/** Nearly every row is new, or what it was first: the store is asked about the others alone. */
export async function loadFirstSeqs(
  { unit, book }: Spending,
  { steps, runs, outcomes }: Changed,
): Promise<FirstSeqs> {
  const counting = book.records.filter(
    ({ budget: { each, measure } }) => each !== "run" && !isPrepaid(measure),
  );
  const oldestId = Math.min(...counting.map(({ id }) => id));
  const revised = steps.flatMap(({ before }) => before ?? []);
  const later = revised.filter(({ seq, revision }) => revision > 1 && seq > oldestId);
  const stepSeqs = later.length === 0 ? [] : await unit.spending.formerStepSeqs(later);
  const ofSteps = earliest(stepSeqs, stepKeyText);
  const isOfRuns = counting.some(({ budget: { measure } }) => {
    return measure === "charge" || measure === "credits" || countsRuns(measure);
  });
  const former = isOfRuns ? [...formerKeys({ runs, outcomes }, oldestId)] : [];
  const seqs = former.length === 0 ? [] : await unit.spending.formerSeqs(former);
  const ofRecords = earliest(seqs, recordText);
  return {
    ofStep: ({ before, after }) => {
      const known = ofSteps.size === 0 ? undefined : ofSteps.get(stepKeyText(after));
      return known ?? (before ?? after).seq;
    },
    ofRun: ({ before, after }) => {
      const { sinceSeq, id: run } = before ?? after;
      return ofRecords.get(recordText({ run, key: null })) ?? sinceSeq;
    },
    // A new one is given its seq when it is written.
    ofOutcome: ({ before, after }) =>
      ofRecords.get(recordText(after)) ?? before?.sinceSeq ?? Number.POSITIVE_INFINITY,
  };
}

/** What was on record already, and may have been before a budget was set. */
function* formerKeys(
  { runs, outcomes }: Omit<Changed, "steps">,
  oldestId: number,
): Generator<RecordKey> {
  for (const { before } of runs) {
    if (before !== undefined && before.sinceSeq > oldestId) yield { run: before.id, key: null };
  }
  for (const { before } of outcomes) {
    if (before === undefined || before.sinceSeq <= oldestId) continue;
    yield { run: before.run, key: before.key };
  }
}

function recordText({ run, key }: RecordKey): string {
  return key === null ? run : `${run}\u0000${key}`;
}

function earliest<T extends { readonly seq: number }>(
  rows: readonly T[],
  textOf: (row: T) => string,
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const row of rows) {
    const text = textOf(row);
    found.set(text, Math.min(row.seq, found.get(text) ?? row.seq));
  }
  return found;
}
