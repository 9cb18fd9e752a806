/** What the store keeps of billing periods: their state, adjustments and closed statements. */
import type { Amount } from "../money/decimal.ts";
import type { Credit } from "../rating/rate-card.ts";

/** A closed period of a customer; a period without one is open. */
export interface PeriodState {
  readonly customer: string;
  /** Start date, `2026-11-01`. */
  readonly period: string;
  readonly closedAtMs: number;
  readonly statementId: string;
}

/** Why a closed period turned out different, or what somebody booked by hand (booking.ts). */
export const ADJUSTMENT_REASONS = [
  "late_event",
  "superseded",
  "amended",
  "voided",
  "outcome_reversed",
  "outcome_settled",
  "run_reopened",
  "run_ended",
  "repriced",
  "rerated",
  "reissued",
  "goodwill",
  "disputed",
  "upheld",
  "opening",
] as const;
export type AdjustmentReason = (typeof ADJUSTMENT_REASONS)[number];

/** What a difference is in a card's credits, by the price that the card had for one. */
export interface AdjustedCredits extends Credit {
  readonly amount: Amount;
}

/** A difference to a closed period, booked in an open one and naming what it adjusts. */
export interface Adjustment {
  readonly seq: number;
  readonly customer: string;
  /** Period whose statement carries the line. */
  readonly bookedPeriod: string;
  /** Closed period that the difference belongs to. */
  readonly originPeriod: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  /** In money, also where it is priced in credits. */
  readonly amount: Amount;
  /** All of it in a card's credits; null: it is priced in money. */
  readonly credits: AdjustedCredits | null;
  readonly reason: AdjustmentReason;
  /** What caused it: run, source and id of the step, or run and outcome key. */
  readonly run: string;
  readonly source: string;
  readonly id: string;
}

/** A closed, immutable bill. */
export interface StatementRecord {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly closedAtMs: number;
  /** Rounded total, decimal text. */
  readonly total: string;
  /** The whole statement as canonical JSON: what is shown, exported and hashed. */
  readonly document: string;
  /** SHA-256 of the document, lower-case hex. */
  readonly digest: string;
}
