/** What became of each event of a request. */
import type { Problem } from "../../domain/errors.ts";
import type { CostStatus } from "../../domain/event/step.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import type { Totals } from "../../domain/run/run.ts";
import type { HoldsAnswer } from "../limits/hold-answers.ts";
import type { StepKey } from "../ports.ts";
import type { Left } from "./batch-state.ts";

/**
 * - `accepted`: counted. `superseded`: counted in place of a less complete record.
 * - `shadow`: kept as a witness of another source's run, not counted.
 * - `duplicate`: the same content was counted before. `stale`: a more complete record is counted.
 * - `duplicate_call`: another step holds this call id; this one is linked to it.
 * - `conflict`: differs from an exact record of the same identity; not counted, listed.
 * - `suspended`: kept until the run's customer is known.
 * - `rejected`: refused, nothing was stored; `error` says why.
 */
export type EventStatus =
  | "accepted"
  | "superseded"
  | "shadow"
  | "duplicate"
  | "stale"
  | "duplicate_call"
  | "conflict"
  | "suspended"
  | "rejected";

/** What became of one event, with its cost and charge where it has them. */
export interface EventResult {
  readonly status: EventStatus;
  readonly run?: string;
  readonly seq?: number;
  readonly cost?: Amount;
  readonly costStatus?: CostStatus;
  readonly charge?: Amount;
  /** The step that holds the call id. */
  readonly linkedTo?: StepKey;
  /** A retry stated another time; the first one stands. */
  readonly timeDiffers?: boolean;
  /** Dated too far ahead: rated at its receipt. */
  readonly ratedAtReceipt?: boolean;
  readonly error?: Problem;
}

/** What a run comes to after a commit. */
export interface RunResult {
  readonly own: Totals;
  readonly tree: Totals;
  /** Rules of policies that it, or a run above it, was found beyond; left out where none. */
  readonly policies?: readonly PolicyHit[];
}

/** What became of the events of one request. */
export interface BatchResult {
  readonly results: readonly EventResult[];
  /** Totals after the commit of every run that the events name. */
  readonly runs: ReadonlyMap<string, RunResult>;
  /** What was answered to what was asked of holds, in the order of the requests. */
  readonly holds: readonly HoldsAnswer[];
  /** Runs for which something is to be done before their events are answered. (Default: none.) */
  readonly left?: readonly Left[];
}

/** The answer to an event that was refused. */
export function rejected(problem: Problem): EventResult {
  return { status: "rejected", error: problem };
}
