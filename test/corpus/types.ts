/**
 * What the corpus judges. A dataset reader turns a recorded log into runs; a run holds the native
 * events to feed and the figures its source states; each figure judges itself against what the
 * server answers. A verdict never looks at the recorded figure for anything but comparison.
 */
import type { CorpusFolder } from "./files.ts";

/** Worse ones come later: a run is as good as its worst figure. */
export const VERDICTS = ["agree", "explained", "fitted", "unexplained"] as const;
export type VerdictKind = (typeof VERDICTS)[number];

export interface Verdict {
  readonly verdict: VerdictKind;
  /** Name of the rule that computed the stated figure; absent where it agrees. */
  readonly rule?: string;
  /** For people: what was expected and what stands there. */
  readonly detail?: string;
}

/** One number the source states. */
export interface StatedFigure {
  readonly name: string;
  /** The figure exactly as the source wrote it. */
  readonly text: string;
  readonly kind: "cost" | "tokens" | "calls";
  /**
   * Compares `text` (the stated figure, or a mutation of it in a test) with what was metered.
   * It must judge the text it is given, so that a changed digit changes the verdict.
   */
  readonly judge: (metered: MeteredRun, text: string) => Verdict;
  /** Left out of the "stated" column, because another figure of the run states it in sum. */
  readonly partOfSum?: boolean;
}

/** One recorded run: what is fed and what its source states about it. */
export interface CorpusRun {
  readonly dataset: string;
  /** The run whose answer is judged. */
  readonly run: string;
  /** Native wire events; several may carry the same identity where the log repeats itself. */
  readonly events: readonly object[];
  /** A price document in force for this dataset; equal documents are imported once. */
  readonly prices?: object;
  readonly stated: readonly StatedFigure[];
}

/** A step as the server answers it; quantities and amounts are decimal text. */
export interface MeteredStep {
  readonly source: string;
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly occurredAt: string;
  readonly usage: Readonly<Record<string, string>>;
  readonly cost: string;
  readonly costStatus: string;
}

/** A price per token as the price book states it. */
export interface RateAsked {
  readonly provider: string;
  readonly model: string;
  readonly unit: string;
  readonly occurredAt: string;
  /** Prompt size that selects a tier; 0 asks for the base price. */
  readonly inputTokens: number;
}

/** What the server answers for one run, its child runs included. */
export interface MeteredRun {
  readonly run: string;
  /** Total of the run and its children, as the server adds it up. */
  readonly cost: string;
  readonly steps: readonly MeteredStep[];
  /** Looks a price up in the price book that priced the steps; undefined: not known. */
  readonly rateOf: (asked: RateAsked) => string | undefined;
}

/** The answer to one fed event. */
export interface FeedResult {
  readonly id: string;
  readonly status: string;
  readonly error?: { readonly code: string; readonly detail: string };
}

/** The product under judgement, reduced to what the corpus needs of it. */
export interface Meter {
  importPrices(document: object): Promise<void>;
  feed(events: readonly object[]): Promise<readonly FeedResult[]>;
  run(id: string): Promise<MeteredRun>;
}

/** Reads every run of one kind of log below a folder. */
export interface DatasetReader {
  readonly dataset: string;
  /** True when the folder (relative to the corpus root) is laid out as this dataset. */
  readonly read: (
    root: string | CorpusFolder,
  ) => Promise<readonly CorpusRun[]> | readonly CorpusRun[];
}
