/** What is sent to Tollgate, as POST /v1/events takes it. Nothing here holds content of a call. */

/** Kinds of steps. */
export type StepKind =
  | "model"
  | "embedding"
  | "tool"
  | "retrieval"
  | "reasoning"
  | "compute"
  | "custom";

/** How a step ended. */
export type StepStatus = "ok" | "error" | "aborted";

/** How well the quantities are known. A better record of the same step replaces a worse one. */
export type Completeness = "partial" | "estimated" | "exact";

/** How a run ended. */
export type RunEnding = "completed" | "failed" | "cancelled";

/** Quantities by bucket (`input_uncached`) or unit (`searches`); decimals as text: `"1.5"`. */
export type Usage = Readonly<Record<string, number | string>>;

/** Names and values by which rate cards and budgets can select. */
export type Labels = Readonly<Record<string, string>>;

/** Facts of a step. */
export interface StepFacts {
  readonly kind: StepKind;
  readonly provider?: string;
  readonly model?: string;
  readonly tool?: string;
  /** Service tier. (Default: standard) */
  readonly tier?: string;
  /** (Default: ok) */
  readonly status?: StepStatus;
  /** (Default: exact) */
  readonly completeness?: Completeness;
  /** 1 for the first try of a call. (Default: 1) */
  readonly attempt?: number;
  /** Who pays the provider. (Default: us) */
  readonly payer?: "us" | "customer";
  readonly usage?: Usage;
  /** The provider's own usage block and the name of its format, instead of `usage`. */
  readonly usageFormat?: string;
  readonly providerUsage?: unknown;
  /** The provider's id of the call: `openai:chatcmpl-1`. */
  readonly callId?: string;
  /** Who worked. (Default: the run's agent) */
  readonly agent?: string;
  /** The step of this run that caused this one. (Default: the step around it) */
  readonly parentStep?: string;
  readonly labels?: Labels;
  /** Digest of what was called with which arguments, by which policies know a call again. */
  readonly callHash?: string;
}

/** One event on the wire. Its identity is (run, source, id): sending it twice counts it once. */
export interface WireEvent {
  readonly type: string;
  readonly id: string;
  readonly source: string;
  readonly run: string;
  readonly occurredAt: string;
  readonly [field: string]: unknown;
}
