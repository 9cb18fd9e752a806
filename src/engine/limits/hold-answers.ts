/** What is asked of holds, and what is answered. */
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import type { CostKnowledge, Refusal, Room } from "../../domain/budget/decide.ts";
import type { NotEntitled } from "../../domain/budget/entitlements.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import type { Stop, StoppingRule } from "../../domain/budget/stop.ts";
import type { BudgetWindow } from "../../domain/budget/window.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import type { StepKey } from "../ports.ts";

/** One request about the holds of one run. */
export interface HoldsRequest {
  readonly run: string;
  readonly asks: readonly HoldAsk[];
  readonly releases: readonly StepKey[];
  readonly renewals: readonly (StepKey & { readonly ttlMs: number })[];
  /** Caps that the run gets as it opens: its own limits of these budgets. */
  readonly caps: readonly Cap[];
  /** The opening that it came with; where that is refused, so is what it asks for. */
  readonly opening?: TollgateEvent;
}

/** A run's own limit of a measure. */
export interface Cap {
  readonly measure: string;
  readonly limit: bigint;
}

/** A balance, as an answer shows it. */
export interface BudgetState {
  readonly record: BudgetRecord;
  readonly scope: string;
  readonly window: BudgetWindow;
  readonly limit: bigint | null;
  readonly settled: bigint;
  readonly held: bigint;
}

/** Why work may not go on: what budgets say, and what they cannot. */
export type RefusalReason =
  | Refusal
  | "paused"
  | "stopped"
  | "run_ended"
  | "not_entitled"
  | "policy";

/** What was decided on one ask. */
export type HoldDecision =
  | {
      readonly decision: "allow";
      readonly hold: Hold;
      /** Where the cost that it sets aside is from; `unknown`: it is none, whatever it will be. */
      readonly costIs: CostKnowledge;
      /** Every balance that it counts in, after it. */
      readonly budgets: readonly BudgetState[];
      /** Rules of policies that its run, or one above it, is beyond; none refuses. */
      readonly policies: readonly PolicyHit[];
    }
  | {
      readonly decision: "throttle" | "pause" | "block";
      readonly reason: RefusalReason;
      readonly by: BudgetState | null;
      readonly stop: Stop | null;
      /** What the customer may not use; null where something else refuses. */
      readonly notEntitled: NotEntitled | null;
      /** The rule of a policy that refuses; null where something else does. */
      readonly policy: StoppingRule | null;
      readonly retryAfterMs: number | null;
      readonly budgets: readonly BudgetState[];
    }
  /** The step is recorded already: it must not be made again. */
  | { readonly decision: "settled" }
  | { readonly decision: "conflict" | "invalid"; readonly problem: Problem };

/**
 * The answer to a request, its decisions in the order of its asks. There are none where its opening
 * is refused for what it says.
 */
export interface HoldsAnswer {
  readonly decisions: readonly HoldDecision[];
  /** Holds after a release or renewal; null: there was none. */
  readonly released: readonly (Hold | null)[];
  readonly renewed: readonly (Hold | null)[];
}

/** What refuses a run: a balance, or that its customer may not use something. */
export interface NotAdmitted {
  readonly by: Room | null;
  readonly notEntitled: NotEntitled | null;
}

/** Runs that may not open, and why. */
export type Admission = ReadonlyMap<string, NotAdmitted>;

/** Whether a run may ask for holds now. */
export interface RunState {
  readonly run: string;
  readonly state: "running" | "paused" | "stopped" | "ended";
  readonly stop: Stop | null;
  readonly budgets: readonly BudgetState[];
  /** Milliseconds until a balance that paused it has its next window; null: it has none. */
  readonly nextWindowInMs: number | null;
}

/** States of runs by their ids; of one that is not there, none. */
export type RunStates = ReadonlyMap<string, RunState>;

/** What is said of a run that is not there. */
export function noRun(id: string): TollgateError {
  return new TollgateError("run.not_found", `There is no run "${id}".`, "run");
}
