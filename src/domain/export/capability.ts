/**
 * What a target can do, as data. Batching, quantizing, retrying and the conformance suite read it,
 * so that none of them has a line of code for one connector.
 */

/**
 * `usage`: quantities, which the target prices. `rated`: amounts, which it puts on its invoices.
 * `statement`: whole bills as documents.
 */
export const EXPORT_MODES = ["usage", "rated", "statement"] as const;
export type ExportMode = (typeof EXPORT_MODES)[number];

/** What happens to a body that comes twice under one key. */
export interface Dedup {
  /** How long a key is remembered, in milliseconds; null: for ever; 0: not at all. */
  readonly windowMs: number | null;
}

/** What a target's numbers can hold. */
export interface NumberForm {
  /** Decimal places; 0: whole numbers. */
  readonly scale: number;
  /** Most significant digits; null: no bound. */
  readonly significantDigits: number | null;
  /** Whether less than nothing can be sent. Otherwise it waits to be set off. */
  readonly negative: boolean;
}

/** How fast a target may be asked. */
export interface Pace {
  /** Requests at a time. */
  readonly concurrency: number;
  /** Lines of one customer and item at a time; 1: one after the other, in order. */
  readonly perEntityConcurrency: number | null;
  /** Requests a second; null: no bound. */
  readonly perSecond: number | null;
}

/** What a target can tell of what it got. */
export type ReadBack =
  /** It finds one line by its key, and knows when there is none. */
  | {
      readonly kind: "line";
      readonly lagMs: number;
      /** Lines that are asked about in one request. (Default: 1.) */
      readonly atOnceMaxCount?: number;
    }
  /**
   * It sums what it got of a customer, item and window; the sum is whole after `lagMs`. Where
   * others tell it as well (`isShared`, default: no), more than these books told proves nothing.
   */
  | { readonly kind: "aggregate"; readonly lagMs: number; readonly isShared?: boolean }
  /** It tells nothing: what it takes counts as confirmed. */
  | { readonly kind: "none" };

/** What a target can do in one mode. */
export interface Capability {
  readonly mode: ExportMode;
  /** Lines of one request, and most bytes of its body. */
  readonly batchMaxCount: number;
  readonly batchMaxBytes: number;
  readonly dedup: Dedup;
  /** `delta`: lines of a window add up. `absolute`: the newest line of a window overwrites. */
  readonly values: "delta" | "absolute";
  readonly numbers: NumberForm;
  /**
   * Whether a bill of 0 can be sent whose parts are more and less than nothing: a statement that
   * was issued again with an equal total has other lines. (Default: false, they wait for the next
   * difference.)
   */
  readonly zeroBills?: boolean;
  /** How far back a window may lie, in milliseconds; null: no bound. Older: `closed_period`. */
  readonly pastMaxMs: number | null;
  /** `async`: what is accepted may be rejected later; confirming takes a read-back. */
  readonly validation: "sync" | "async";
  readonly readBack: ReadBack;
  readonly pace: Pace;
  /**
   * How long a request whose answer was lost may still be carried out, in milliseconds. Before
   * that, that nothing is found proves nothing.
   */
  readonly settlesAfterMs: number;
}

/** What an answer means: one list for all targets. */
export const OUTCOME_CLASSES = [
  /** It was taken. */
  "accepted",
  /** It says that it has this line already, with the same content. */
  "delivered_duplicate",
  /** It certainly was not taken: no connection, 429, 502 to 504 before work began. */
  "retry_same_bytes",
  /** It may have been taken: time-out, reset, 500 after the request was sent. */
  "unknown_outcome",
  /** It was refused for what it says. */
  "permanent_data",
  /** It was refused for what is set up there: no meter, no such customer, archived item. */
  "permanent_config",
  /** The credentials were refused: nothing goes before somebody looks. */
  "auth",
  /** Too old, or invoiced already: it needs a correction instead. */
  "closed_period",
] as const;
export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];

/** What became of one line of a request. */
export interface Outcome {
  readonly class: OutcomeClass;
  /** What was said, without secrets; kept with the line for support. */
  readonly note: string;
  /** When it may be tried again at the earliest, from now; null: nobody said. */
  readonly retryAfterMs: number | null;
}
