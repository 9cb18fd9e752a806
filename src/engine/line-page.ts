/** What is behind a line of a statement, as it is asked for and told: page by page. */
import type { Amount } from "../domain/money/decimal.ts";
import type { DocumentLine } from "./statement-lines.ts";

/** One thing behind a line. */
export interface LineItem {
  readonly kind: "step" | "run" | "outcome" | "booking";
  readonly run: string;
  /** Of a step or of what a booking names; "" for runs and outcomes. */
  readonly source: string;
  /** Of a step or booking, or an outcome's key; "" for a run. */
  readonly id: string;
  /** Null for a booking. */
  readonly occurredAtMs: number | null;
  /** A Quantity, or an Amount where the line measures cost; null for a booking. */
  readonly quantity: bigint | null;
  readonly amount: Amount;
  /** True where it was revised, voided or reversed after the statement was closed. */
  readonly changedAfterClose: boolean;
  /** Why a booking was made; null otherwise. */
  readonly reason: string | null;
}

/** Where a page ended: behind an item of a run, or (null) behind the whole run. */
export interface LineCursor {
  readonly run: string;
  readonly afterSeq: number | null;
}

/** Which line to open. */
export interface LineQuery {
  readonly statement: string;
  /** 1 is the first. */
  readonly line: number;
  readonly limit: number;
  readonly cursor: LineCursor | null;
}

/** A page of what is behind a line. It may be short, or empty, before the end. */
export interface LinePage {
  readonly line: DocumentLine;
  /** Of the statement, and so of every amount. */
  readonly currency: string;
  readonly items: readonly LineItem[];
  readonly next: LineCursor | null;
}
