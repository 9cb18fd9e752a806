/**
 * What a simulation needs of a store beside the usual reads: all of history, in bounded pages or
 * as sums. A part of the port `Store`; the same holds for it.
 */
import type { Step } from "../domain/event/step.ts";
import type { OutcomeState, RunFacts } from "../domain/run/run.ts";
import type { ContenderData, RecordedTariff } from "../domain/simulation/contender-data.ts";
import type { MomentsOf } from "../domain/simulation/moments.ts";
import type { Counted } from "../domain/simulation/step-sums.ts";
import type { Answer } from "./answer.ts";

/** What to add up of all steps, as plain data: it may cross threads. */
export interface StepSumRequest extends RecordedTariff {
  readonly contenders: readonly ContenderData[];
  /** Whose steps; null: everyone's. */
  readonly customers: readonly string[] | null;
  /** Sums are told apart by what was committed before each of them. */
  readonly moments: MomentsOf;
}

/** What a step was, and until when. */
export interface FormerStep {
  readonly step: Step;
  /** Last seq at which it stood. */
  readonly untilSeq: number;
}

/** Who waits for something that takes long. */
export interface Onlooker {
  /** Told now and then how many steps are read, of how many there are about. */
  onProgress(done: number, total: number): void;
  /** Aborted where nobody waits any more: the work is given up and rejects with the reason. */
  readonly signal: AbortSignal;
}

/** Where an outcome stands among all of its workspace. */
export type OutcomePlace = Pick<OutcomeState, "customer" | "run" | "key">;

/** A page behind a place. */
export interface PageAfter<Place> {
  readonly after: Place;
  readonly limit: number;
}

/** All rows in the order of their seq: no count comes near the limit. */
export const ALL_BY_SEQ: PageAfter<number> = { after: -1, limit: 1_000_000_000_000 };

/** All that has happened in one workspace. Nothing here writes. */
export interface History {
  /**
   * Adds up what each contender's charges count of steps, in memory that does not grow with their
   * number. Reads beside the commits; a counter may come in several parts, in any order.
   */
  sumSteps(request: StepSumRequest, onlooker: Onlooker): Promise<readonly Counted[]>;
  /**
   * Steps of a customer in the order of their seq, in pages; the store reads each of them once or
   * twice, however many pages there are. One that is revised meanwhile is in one page, as it was or
   * as it is by then.
   */
  stepsOfCustomer(customer: string): AsyncIterable<readonly Step[]>;
  /** What steps of a customer were before, in pages, in any order. */
  formerStepsOfCustomer(customer: string): AsyncIterable<readonly FormerStep[]>;
  /**
   * Facts of runs behind the one with an id ("": from the first on), in an order of the store's own
   * in which a run keeps its place.
   */
  runs(page: PageAfter<string>): Answer<RunFacts[]>;
  /** Outcomes behind one (null: from the first on), in an order of the store's own. */
  outcomes(page: PageAfter<OutcomePlace | null>): Answer<OutcomeState[]>;
}
