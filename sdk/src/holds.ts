/** The wire of POST /v1/runs/{run}/holds. Amounts and quantities are exact decimal text. */
import type { Labels, StepKind, Usage } from "./events.ts";

/** A cap of a run's own, over the run and all runs below it. */
export interface Cap {
  /** `cost`, `charge`, `tokens`, `steps`, `seconds`, or a unit's name. */
  readonly measure: string;
  /** Exact decimal text: `"1.00"`. */
  readonly limit: string;
}

/** How a run is opened together with its first hold. */
export interface OpenRequest {
  readonly id: string;
  readonly source: string;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly parentRun: string | null;
  readonly endUser?: string;
  readonly labels: Labels;
  readonly caps: readonly Cap[];
}

/** What a step may come to at most; its identity is that of the step that will settle it. */
export interface HoldRequest {
  readonly source: string;
  readonly id: string;
  readonly kind: StepKind;
  readonly provider?: string;
  readonly model?: string;
  readonly tool?: string;
  readonly tier?: string;
  readonly agent?: string;
  readonly inputTokens?: number;
  readonly maxOutputTokens?: number;
  readonly minOutputTokens?: number;
  readonly usage?: Usage;
  readonly payer?: "us" | "customer";
  readonly labels?: Labels;
  readonly cost?: string;
  readonly wrapUp?: boolean;
  /** As of the step; see `StepFacts`. */
  readonly callHash?: string;
  readonly ttlMs: number;
}

/** Where a budget stands. */
export interface BudgetState {
  readonly budget: string;
  readonly scope: string;
  /** From when to when it counts; null: for ever. */
  readonly window: object | null;
  readonly measure: string;
  readonly currency: string | null;
  /** Null: none is set for this scope. */
  readonly limit: string | null;
  readonly settled: string;
  readonly held: string;
  readonly remaining: string | null;
  readonly enforcement: string;
  /** What a caller should do when it gets no decision. */
  readonly undecided?: "closed" | "open";
  /** The stage that was reached last. */
  readonly stage?: { readonly at: string; readonly do: string } | null;
}

/** What the next hold may set aside of one measure, and which budget leaves the least of it. */
export interface Left {
  /** `cost`, `charge`, `tokens`, `steps`, … */
  readonly measure: string;
  readonly currency: string | null;
  /** Exact decimal text. */
  readonly amount: string;
  readonly budget: string;
  readonly scope: string;
}

/** The rule of a policy that a run is beyond. */
export interface PolicyRule {
  /** Key of the policy. */
  readonly policy: string;
  /** `repeated_call`, `fan_out`, `steps`, … */
  readonly rule: string;
  /** Where the run stands, and what the rule allows: as text, in the rule's unit. */
  readonly level: string;
  readonly moreThan: string;
}

/** What the server decided about one hold; fields depend on `decision`. */
export interface Decision {
  readonly source: string;
  readonly id: string;
  readonly decision: "allow" | "throttle" | "pause" | "block" | "settled" | "conflict" | "invalid";
  readonly hold?: string;
  readonly expiresAt?: string;
  readonly maxOutputTokens?: number | null;
  readonly isClamped?: boolean;
  readonly budgets?: readonly BudgetState[];
  readonly notices?: readonly { readonly budget: string; readonly stage: string }[];
  readonly retryAfterMs?: number;
  readonly reason?: string;
  readonly decidedBy?: BudgetState | null;
  /** What the customer may not use: `agent`, `model`, `tool`, `parallel_runs`, and its name. */
  readonly notEntitled?: { readonly what: string; readonly name: string | null } | null;
  /** Who stopped the work, where somebody did. */
  readonly stop?: { readonly by: string; readonly reason: string } | null;
  readonly resume?: string;
  /** The rule that refused, where one did. */
  readonly policy?: PolicyRule | null;
  /** Why there is no decision. */
  readonly error?: { readonly code: string; readonly detail: string };
}
