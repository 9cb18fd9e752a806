/**
 * What producers send. Every event has the identity (workspace, run, source, id), in separate
 * fields and without a time: sending it again is always safe.
 */
import type { Usage } from "./usage.ts";

/** What a step can be. */
export const STEP_KINDS = [
  "model",
  "embedding",
  "tool",
  "retrieval",
  "reasoning",
  "compute",
  "custom",
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** How a step ended. `blocked`: it was refused and never started. */
export const STEP_STATUSES = ["ok", "error", "aborted", "blocked"] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** Ascending: a later one supersedes an earlier one of the same identity. */
export const COMPLETENESS = ["partial", "estimated", "exact"] as const;
export type Completeness = (typeof COMPLETENESS)[number];

/** Who may pay the provider of a step. */
export const PAYERS = ["us", "customer"] as const;
/** Who pays the provider of this step. */
export type Payer = (typeof PAYERS)[number];

/** Whether a step counts. */
export const ROLES = ["bill", "shadow"] as const;
/** A shadow step witnesses a call that another source bills: reconciled, never counted. */
export type Role = (typeof ROLES)[number];

/** How a run can end by its producer's word. */
export const RUN_ENDINGS = ["completed", "failed", "cancelled"] as const;
export type RunEnding = (typeof RUN_ENDINGS)[number];

/** Identity of an event inside its workspace. */
export interface Identity {
  readonly run: string;
  readonly source: string;
  readonly id: string;
}

export type Labels = Readonly<Record<string, string>>;

interface Sent extends Identity {
  /** Producer's time, milliseconds since 1970 UTC. */
  readonly occurredAtMs: number;
  /** Version byte and digest of the fields as sent, without identity and time. */
  readonly contentHash: string;
}

/** The billable facts of a step. */
export interface StepFacts {
  readonly kind: StepKind;
  readonly status: StepStatus;
  readonly completeness: Completeness;
  /** 1 for the first try of a call. */
  readonly attempt: number;
  readonly payer: Payer;
  readonly role: Role;
  readonly provider: string | null;
  readonly model: string | null;
  readonly tool: string | null;
  /** Service tier that the provider billed: `standard`, `batch`, `flex`, `priority`, … */
  readonly tier: string;
  readonly usage: Usage;
  readonly labels: Labels | null;
}

/** One billable or countable act in a run, as its producer states it. */
export interface StepEvent extends Sent, StepFacts {
  readonly type: "step";
  readonly customer: string | null;
  readonly agent: string | null;
  readonly parentRun: string | null;
  /** Id of the step, same source and run, that caused this one. */
  readonly parentStep: string | null;
  /** Provider and response, request or tool call id: unique within the customer. */
  readonly callId: string | null;
  /** Hold that admitted this step. */
  readonly hold: string | null;
  /**
   * Digest of what was called with which arguments: the same call has the same one. The arguments
   * themselves are never kept. Left out where the producer says nothing of them.
   */
  readonly callHash?: string;
}

/** A run begins: what its steps inherit is stated here. */
export interface RunOpened extends Sent {
  readonly type: "run.opened";
  readonly customer: string | null;
  readonly agent: string | null;
  readonly parentRun: string | null;
  readonly labels: Labels | null;
  /** The one source whose steps bill; steps of others are shadows. Null: every source bills. */
  readonly authority: string | null;
  /** Whom of the customer's the work is for: usage can be told by it, nobody is billed by it. */
  readonly endUser?: string;
}

/** A run ends. Steps may still come: closing stops no metering. */
export interface RunClosed extends Sent {
  readonly type: "run.closed";
  readonly ending: RunEnding;
}

/** A named result of a run. */
export interface OutcomeRecorded extends Sent {
  readonly type: "outcome.recorded";
  /** Name that charges select, such as `ticket_resolved`. */
  readonly outcome: string;
  /** Identity of the outcome inside its run. (Default: the name.) */
  readonly key: string;
  /** Final now, whatever the window of a charge; also confirms one recorded before. */
  readonly final?: true;
}

/** Takes a recorded outcome back. */
export interface OutcomeReversed extends Sent {
  readonly type: "outcome.reversed";
  readonly key: string;
  readonly reason: string;
}

/** The step of the same run that a correction is about. */
export interface StepTarget {
  readonly source: string;
  readonly id: string;
}

/** Replaces the facts of a step. Of several, the latest `occurredAt` stands (ties: larger id). */
export interface StepAmended extends Sent {
  readonly type: "step.amended";
  readonly target: StepTarget;
  readonly facts: StepFacts;
  readonly reason: string;
}

/** Takes a step back for good. */
export interface StepVoided extends Sent {
  readonly type: "step.voided";
  readonly target: StepTarget;
  readonly reason: string;
}

export type TollgateEvent =
  | StepEvent
  | RunOpened
  | RunClosed
  | OutcomeRecorded
  | OutcomeReversed
  | StepAmended
  | StepVoided;

/** Every type of event. */
export const EVENT_TYPES = [
  "step",
  "run.opened",
  "run.closed",
  "outcome.recorded",
  "outcome.reversed",
  "step.amended",
  "step.voided",
] as const satisfies readonly TollgateEvent["type"][];
