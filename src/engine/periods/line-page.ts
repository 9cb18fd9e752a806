/** What is behind a line of a statement, as it is asked for and told: page by page. */
import type { Amount } from "../../domain/money/decimal.ts";
import type { StepKey } from "../ports.ts";
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

/** A place among what is behind a line within one run. */
export interface PlaceInRun {
  /** Behind this item; null: behind all items of the run that have a place by seq. */
  readonly afterSeq: number | null;
  /**
   * Of a run with so many steps that they come in the order of their identities, behind all else:
   * behind this one; null: before the first. (Default: it has few, and all go by seq.)
   */
  readonly afterStep?: StepPlace | null;
}

/** A step within its run. */
export type StepPlace = Omit<StepKey, "run">;

/** Where a page ended: within a run, or (all of it null) behind the whole run. */
export interface LineCursor extends PlaceInRun {
  readonly run: string;
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
