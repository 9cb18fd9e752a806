/** Acts that put a closed statement right, as the journal keeps them. */

/** What is contested: a line of a statement, or what an outcome charges. */
export type DisputeTarget =
  | { readonly kind: "line"; readonly statement: string; readonly line: number }
  | { readonly kind: "outcome"; readonly run: string; readonly outcome: string };

/** A dispute, as the journal keeps it. */
export interface Dispute {
  readonly id: string;
  readonly key: string;
  readonly target: DisputeTarget;
  readonly customer: string;
  /** Period whose statement it is held out of. */
  readonly period: string;
  /** Period of what is contested. */
  readonly originPeriod: string;
  readonly currency: string;
  readonly amount: string;
  readonly reason: string;
  readonly by: string;
  readonly description: string;
}

/** How a dispute ended, as the journal keeps it. */
export interface Resolution {
  readonly id: string;
  readonly favor: "customer" | "us";
  /** Period that the amount was put on again; null: it stays off. */
  readonly period: string | null;
  readonly reason: string;
  readonly by: string;
  /** What the line calls it that bills it again; null: there is none. Older acts have none. */
  readonly description?: string | null;
}

/** A line that is credited. */
export interface CreditedLine {
  readonly line: number;
  readonly description: string;
  readonly amount: string;
}

/** A credit note, as the journal keeps it: it never changes. */
export interface CreditNote {
  readonly format: "tollgate.credit_note/1";
  /** `cn_…-2` is the second one of statement `st_…`. */
  readonly id: string;
  readonly key: string;
  /** Identity of the act that issued it. */
  readonly act: string;
  readonly statement: string;
  /** The note that it takes back; its amounts are the opposite. Left out: it gives back. */
  readonly voids?: string;
  /**
   * The parent that was billed for the statement, and is given back what it paid. Left out: the
   * customer, or a note of a version before.
   */
  readonly billedTo?: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly lines: readonly CreditedLine[];
  readonly total: string;
  readonly reason: string;
  readonly by: string;
  readonly issuedAtMs: number;
}

/** That a note is on a statement which a parent was billed for, as the journal keeps it of that. */
export interface ParentCredited {
  readonly parent: string;
  readonly statement: string;
  readonly note: string;
}

/** That a statement was voided, as the journal keeps it. */
export interface Voiding {
  readonly id: string;
  readonly replacedBy: string;
  readonly reason: string;
  readonly by: string;
}
