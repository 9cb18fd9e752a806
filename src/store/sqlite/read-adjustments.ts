/** Rows that periods have beside what they count: adjustments, and what people have booked. */
import type { Adjustment } from "../../domain/period/records.ts";
import type { PageAfter } from "../../engine/history.ts";
import type { CounterKey } from "../../engine/ports.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import type { ReadParts } from "./read-steps.ts";

const OF_PERIOD = `SELECT * FROM adjustments INDEXED BY adjustments_by_period
  WHERE ws = ? AND customer = ? AND booked_period = ?`;
/** What is booked in a period behind a seq. */
export const ADJUSTMENT_PAGE = `${OF_PERIOD} AND seq > ? ORDER BY seq LIMIT ?`;
const BY_HAND = `SELECT * FROM adjustments INDEXED BY adjustments_by_hand
  WHERE ws = ? AND customer = ? AND run = '' ORDER BY seq`;

/**
 * Periods in which a customer used anything or something is booked for it. Of what is booked, which
 * may be much, one row a period is looked at.
 */
export const CHARGED_PERIODS = `WITH RECURSIVE booked (period) AS (
    SELECT min(booked_period) FROM adjustments WHERE ws = ?1 AND customer = ?2
    UNION ALL SELECT (
      SELECT min(booked_period) FROM adjustments
      WHERE ws = ?1 AND customer = ?2 AND booked_period > booked.period
    ) FROM booked WHERE period IS NOT NULL
  )
  SELECT period FROM booked WHERE period IS NOT NULL
  UNION SELECT period FROM rollups WHERE ws = ?1 AND customer = ?2`;

/** All that is booked in a period. */
export function adjustmentsOf(
  { reads, ws }: ReadParts,
  { customer, period }: CounterKey,
): Adjustment[] {
  const rows = reads.of(`${OF_PERIOD} ORDER BY seq`).all(ws, customer, period);
  return rows.map(decodeAdjustment);
}

/** What is booked in a period behind a seq. */
export function adjustmentPage(
  { reads, ws }: ReadParts,
  { customer, period }: CounterKey,
  { after, limit }: PageAfter<number>,
): Adjustment[] {
  const page = reads.of(ADJUSTMENT_PAGE);
  return page.all(ws, customer, period, after, limit).map(decodeAdjustment);
}

/** What is booked for a customer and no usage caused. */
export function bookedByHand({ reads, ws }: ReadParts, customer: string): Adjustment[] {
  return reads.of(BY_HAND).all(ws, customer).map(decodeAdjustment);
}
