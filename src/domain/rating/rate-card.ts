/**
 * What we charge the customer: versioned, dated data. A charge is a meter and a price model.
 */

import type { Entitlements } from "../budget/entitlements.ts";
import type { RunEnding } from "../event/event.ts";
import type { Amount, Factor, Price, Quantity } from "../money/decimal.ts";
import type { RoundingMode } from "../money/rounding.ts";

/** Filters of a meter: every field given must match; a list matches any of its values. */
export interface Where {
  readonly agent?: readonly string[];
  readonly kind?: readonly string[];
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly tool?: readonly string[];
  readonly status?: readonly string[];
  readonly payer?: readonly string[];
  readonly attempt?: readonly number[];
  readonly outcome?: readonly string[];
  readonly label?: Readonly<Record<string, readonly string[]>>;
}

/** What a charge counts. `sum` names `cost`, `seconds`, a usage bucket or a named unit. */
export type Meter =
  | { readonly count: "runs" | "steps" | "outcomes"; readonly where: Where }
  | { readonly sum: string; readonly where: Where };

/** A stretch of quantities and their price. */
export interface Tier {
  /** Last quantity of the tier, which belongs to it; null for the last tier. */
  readonly upTo: Quantity | null;
  readonly unit: Price;
  /** Added once when the tier is entered. */
  readonly flat: Price;
}

export type PriceModel =
  | { readonly model: "per_unit"; readonly unit: Price }
  /** Once a period, with the first quantity. */
  | { readonly model: "flat"; readonly amount: Price }
  | { readonly model: "graduated"; readonly tiers: readonly Tier[] }
  /** All units at the price of the tier that the period's total reaches. */
  | { readonly model: "volume"; readonly tiers: readonly Tier[] }
  /** Started packages of `size` units. */
  | { readonly model: "package"; readonly size: Quantity; readonly amount: Price }
  /** A price per unit by one or two dimensions. */
  | {
      readonly model: "matrix";
      readonly by: MatrixDimension | readonly [MatrixDimension, MatrixDimension];
      /** By value; by two dimensions, by both values (`pairCell`). */
      readonly cells: Readonly<Record<string, Price>>;
      /** Price of a value without a cell; null: such a quantity is not charged. */
      readonly otherwise: Price | null;
    }
  /** A share of a unit that states money in the card's currency, such as an order's value. */
  | {
      readonly model: "percentage";
      readonly factor: Factor;
      /** For each step that states the unit; counted in a cell of its own. */
      readonly fixed: Price;
    }
  /** (1 + percent) × cost; only for the meter `cost`, and the only one for it. */
  | { readonly model: "markup"; readonly factor: Factor };

export type MatrixDimension =
  | "agent"
  | "kind"
  | "provider"
  | "model"
  | "tool"
  | "status"
  | "outcome"
  | `label.${string}`;

/** How a run may have ended for a charge that waits for its end. */
export type ChargedEnding = RunEnding | "abandoned";

/** One thing that customers pay for: what is counted, and what it costs. */
export interface Charge {
  readonly key: string;
  readonly name: string;
  readonly meter: Meter;
  readonly price: PriceModel;
  /**
   * What of each period's total is free: the price sees only what is beyond it. In the scale of
   * the meter: a Quantity, or an Amount where the charge meters cost. 0: nothing.
   */
  readonly included: bigint;
  /** Least and most that the charge comes to in a period, in money; null: no bound. */
  readonly minimum: Amount | null;
  readonly maximum: Amount | null;
  /** How a run must have ended for it and its outcomes to be charged; null: however. */
  readonly endings: readonly ChargedEnding[] | null;
  /** Hours that an outcome may still be reversed in before it is final; null: final at once. */
  readonly settlesAfterHours: number | null;
  /** True where the price is in the card's credits. */
  readonly inCredits: boolean;
}

/** What a customer owes for a period whatever it used. */
export interface Fee {
  /** Unlike the keys of charges and discounts: lines of a statement name it. */
  readonly key: string;
  readonly name: string;
  /** For a whole period. */
  readonly amount: Amount;
  /** True where a part of a period owes a part of the amount. */
  readonly isProrated: boolean;
}

/** What a discount takes off: a share of what is left of its items, or at most an amount of it. */
export type DiscountValue = { readonly percent: Factor } | { readonly amount: Amount };

/** Something taken off a period's charges and fees. Discounts apply one after the other. */
export interface Discount {
  readonly key: string;
  readonly name: string;
  readonly value: DiscountValue;
  /** Keys of charges and fees; null: the whole bill. */
  readonly charges: readonly string[] | null;
  /** Applies to periods that start on this date (`2026-11-01`) or later; null: since ever. */
  readonly from: string | null;
  /** Applies to periods that start before this date; null: for ever. */
  readonly until: string | null;
}

/** A time at a customer's start that is not charged. */
export interface Trial {
  readonly days: number;
  /** Keys of the charges and fees that are free meanwhile; null: all. */
  readonly charges: readonly string[] | null;
}

/** A unit of its own that prices may be in. */
export interface Credit {
  /** As people know it, such as `tokens`. */
  readonly name: string;
  /** Money for one credit; six places, so that a price in credits is exact money. */
  readonly price: Factor;
}

/** A set of charges in one currency. */
export interface RateCard {
  readonly key: string;
  /** ISO 4217 code of every amount on the card. */
  readonly currency: string;
  readonly charges: readonly Charge[];
  readonly fees: readonly Fee[];
  /** In the order in which they apply. */
  readonly discounts: readonly Discount[];
  /** Least and most of a closed period; null: no bound. */
  readonly minimum: Amount | null;
  readonly maximum: Amount | null;
  /** Least and most that one root run and all below it come to; null: no bound. */
  readonly runMinimum: Amount | null;
  readonly runCap: Amount | null;
  readonly credit: Credit | null;
  readonly trial: Trial | null;
  /** What its customers may use; null: everything. */
  readonly entitlements: Entitlements | null;
  readonly rounding: RoundingMode;
}

/**
 * How a version takes over: at its instant, or with the first period of a customer that starts
 * then or later, so that nobody's period changes under way.
 */
export const TAKES_EFFECT = ["at_once", "next_period"] as const;
export type TakesEffect = (typeof TAKES_EFFECT)[number];

/** The override that a version was resolved from. */
export interface ResolvedFrom {
  /** The override as it was sent, canonical JSON. */
  readonly document: string;
  /** Version of the base that it was resolved on. */
  readonly baseVersionId: number;
}

/** A card as it stands from one instant on. Versions are added and never change. */
export interface RateCardVersion {
  /** Ascending within the workspace. */
  readonly id: number;
  /** 1, 2, … within the card. */
  readonly version: number;
  readonly effectiveFromMs: number;
  readonly takesEffect: TakesEffect;
  readonly recordedAtMs: number;
  readonly card: RateCard;
  /** The whole card, canonical JSON: what `history` shows and hashes cover. */
  readonly document: string;
  /** Null: the card was sent whole. */
  readonly override: ResolvedFrom | null;
}
