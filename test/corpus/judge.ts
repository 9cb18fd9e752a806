/** Feeds runs to a meter and judges every figure their sources state. */
import { isTokenBucket } from "../../src/domain/event/usage.ts";
import { exactSum, sameDecimal } from "./float.ts";
import { worst } from "./stated-total.ts";
import type {
  CorpusRun,
  Meter,
  MeteredRun,
  MeteredStep,
  StatedFigure,
  Verdict,
  VerdictKind,
} from "./types.ts";

export interface JudgedRun {
  readonly run: string;
  readonly verdict: Verdict;
  readonly steps: number;
  /** Sum of the stated costs; undefined where the source states none. */
  readonly statedCost: string | undefined;
  readonly meteredCost: string;
  readonly statedTokens: string | undefined;
  readonly meteredTokens: string;
  /** The source states no figure, so that it agrees says nothing. */
  readonly statesNothing: boolean;
}

export interface JudgedDataset {
  readonly dataset: string;
  readonly runs: readonly JudgedRun[];
  readonly rules: ReadonlyMap<string, number>;
  /** Anything that must not happen: a rejected event, a total that grew when fed again. */
  readonly faults: readonly string[];
}

export type Progress = (done: number, of: number) => void;

/** The lines a feed may answer when everything in it was fed before. */
const ADDS_NOTHING = new Set(["duplicate", "duplicate_call", "stale", "conflict"]);

/** Feeds one dataset, judges its runs, feeds it again and checks that nothing was added. */
export async function judgeDataset(
  dataset: string,
  runs: readonly CorpusRun[],
  { meter, progress }: { readonly meter: Meter; readonly progress: Progress },
): Promise<JudgedDataset> {
  const faults: string[] = [];
  for (const document of documentsOf(runs)) await meter.importPrices(document);
  for (const [done, run] of runs.entries()) {
    progress(done, runs.length * 2);
    for (const result of await meter.feed(run.events)) {
      if (result.status === "rejected" || result.status === "conflict") {
        faults.push(`${run.run} ${result.id}: ${result.status} ${result.error?.detail ?? ""}`);
      }
    }
  }
  const judged: JudgedRun[] = [];
  const rules = new Map<string, number>();
  for (const [done, run] of runs.entries()) {
    progress(runs.length + done, runs.length * 2);
    const metered = await meter.run(run.run);
    judged.push(judgeRun(run, metered, rules));
    faults.push(...conservation(run, metered));
    faults.push(...(await feedAgain(run, metered, meter)));
  }
  progress(1, 1);
  return { dataset, runs: judged, rules, faults };
}

/** A file that nothing can read: whatever run it holds, nothing of it is explained. */
export function unreadRun(place: string, reason: string): JudgedRun {
  return {
    run: place,
    verdict: { verdict: "unexplained", detail: `unread: ${reason}` },
    steps: 0,
    statedCost: undefined,
    meteredCost: "0",
    statedTokens: undefined,
    meteredTokens: "0",
    statesNothing: false,
  };
}

function documentsOf(runs: readonly CorpusRun[]): object[] {
  const documents = new Map<string, object>();
  for (const { prices } of runs) {
    if (prices !== undefined) documents.set(JSON.stringify(prices), prices);
  }
  return [...documents.values()];
}

/** Judges one run: as good as its worst figure. */
export function judgeRun(
  run: CorpusRun,
  metered: MeteredRun,
  rules: Map<string, number>,
): JudgedRun {
  const verdicts = run.stated.map((figure) => judgeFigure(figure, metered));
  for (const { rule } of verdicts) {
    if (rule !== undefined) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  }
  const own = stepsFed(run);
  // A run's answer holds its children, which are runs of the corpus themselves.
  const steps = metered.steps.filter(({ source, id }) => own.has(identityOf(source, id)));
  const counted = run.stated.filter(({ partOfSum }) => partOfSum !== true);
  return {
    run: run.run,
    verdict: worst(verdicts),
    steps: own.size,
    statedCost: sumOf(counted, "cost"),
    meteredCost: exactSum(steps.map(({ cost }) => cost)),
    statedTokens: sumOf(counted, "tokens"),
    meteredTokens: tokensOf(steps),
    statesNothing: run.stated.length === 0,
  };
}

export function judgeFigure(figure: StatedFigure, metered: MeteredRun): Verdict {
  return figure.judge(metered, figure.text);
}

function sumOf(figures: readonly StatedFigure[], kind: StatedFigure["kind"]): string | undefined {
  const texts = figures.filter((figure) => figure.kind === kind).map(({ text }) => text);
  return texts.length === 0 ? undefined : exactSum(texts);
}

/** The different steps that a run's events stand for. */
function stepsFed(run: CorpusRun): ReadonlySet<string> {
  const identities = run.events.flatMap((event) => {
    const { type, source = "api", id } = event as Record<string, unknown>;
    return type === undefined || type === "step" ? [identityOf(String(source), String(id))] : [];
  });
  return new Set(identities);
}

function identityOf(source: string, id: string): string {
  return JSON.stringify([source, id]);
}

function tokensOf(steps: readonly MeteredStep[]): string {
  const quantities = steps.flatMap(({ usage }) =>
    Object.entries(usage).filter(([bucket]) => isTokenBucket(bucket)),
  );
  return exactSum(quantities.map(([, quantity]) => quantity));
}

/** A run's total is the sum of its steps, to the last digit. */
function conservation({ run }: CorpusRun, { cost, steps }: MeteredRun): string[] {
  const sum = exactSum(steps.map((step) => step.cost));
  return sameDecimal(sum, cost) ? [] : [`${run}: its total is ${cost}, its steps add up to ${sum}`];
}

async function feedAgain(run: CorpusRun, before: MeteredRun, meter: Meter): Promise<string[]> {
  const faults = (await meter.feed(run.events))
    .filter(({ status }) => !ADDS_NOTHING.has(status))
    .map(({ id, status }) => `${run.run} ${id}: fed again, it was ${status}`);
  const after = await meter.run(run.run);
  if (after.cost !== before.cost || after.steps.length !== before.steps.length) {
    faults.push(`${run.run}: fed again, ${before.cost} became ${after.cost}`);
  }
  return faults;
}

/** How many runs ended with each verdict. */
export function countVerdicts(runs: readonly JudgedRun[]): Record<VerdictKind, number> {
  const counts = { agree: 0, explained: 0, fitted: 0, unexplained: 0 };
  for (const { verdict } of runs) counts[verdict.verdict] += 1;
  return counts;
}
