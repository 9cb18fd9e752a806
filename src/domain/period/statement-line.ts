/** Lines of a statement, and what those of charges and trials are made of. */
import type { ConversionRate } from "../money/conversion.ts";
import type { Amount } from "../money/decimal.ts";
import type { ClosedCount } from "../rating/counter.ts";
import type { Credit } from "../rating/rate-card.ts";
import { BOOKING_KINDS } from "./booking.ts";
import type { Stretch } from "./card-spans.ts";

/** What one charge counted in the period, one for each cell, measure and credit. */
export interface ChargeCount extends ClosedCount {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  /** Name of the charge as people know it. */
  readonly name: string;
  /** Rates at which costs were converted to the card's currency; none where they are in it. */
  readonly conversions: readonly ConversionRate[];
  /** For a projection: the part of the period in which it counts. (Default: the whole.) */
  readonly stretch?: Stretch;
}

/** What a charge came to for steps, runs and outcomes during a trial. */
export interface TrialAmount {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly name: string;
  /** Taken off. */
  readonly amount: Amount;
  /** Like that of a count. (Default: the whole period.) */
  readonly stretch?: Stretch;
}

/** What a line is. Each but `included`, which tells a quantity, is a part of the total. */
export const LINE_KINDS = [
  ...(["charge", "included", "tier_correction", "trial"] as const),
  ...(["charge_minimum", "charge_maximum", "fee", "run_cap", "run_minimum"] as const),
  ...(["discount", "commitment", "overage", "true_up"] as const),
  ...(["minimum", "maximum", "adjustment"] as const),
  ...BOOKING_KINDS,
  "rounding",
] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** One line: what it is for, and its amount before and after rounding. */
export interface StatementLine {
  readonly kind: LineKind;
  /** Card, charge (or fee, or discount) and cell that the line belongs to; "" for the whole. */
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly description: string;
  /** Closed period that an adjustment belongs to; null for other lines. */
  readonly originPeriod: string | null;
  /** What was counted, such as `steps` or `sum:seconds`; null where nothing was. */
  readonly measure: string | null;
  /** A Quantity, or an Amount for the measure `sum:cost`; null where nothing was counted. */
  readonly quantity: bigint | null;
  /** The exact amount in credits, where it is priced in them; null: it is not. */
  readonly credits: Amount | null;
  /** What these are of. A document names it where it is not the statement's own credit. */
  readonly credit: Credit | null;
  readonly conversions: readonly ConversionRate[];
  readonly amountExact: Amount;
  /** The exact amount rounded; 0 for the rounding line. */
  readonly amountRounded: Amount;
}
