/**
 * What we charge the customer: versioned, dated data. A charge is a meter and a price model.
 */
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
  /** A price per unit by one dimension. */
  | {
      readonly model: "matrix";
      readonly by: MatrixDimension;
      readonly cells: Readonly<Record<string, Price>>;
      /** Price of a value without a cell; null: such a quantity is not charged. */
      readonly otherwise: Price | null;
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

/** One thing that customers pay for: what is counted, and what it costs. */
export interface Charge {
  readonly key: string;
  readonly name: string;
  readonly meter: Meter;
  readonly price: PriceModel;
}

/** A set of charges in one currency. */
export interface RateCard {
  readonly key: string;
  /** ISO 4217 code of every amount on the card. */
  readonly currency: string;
  readonly charges: readonly Charge[];
  /** Least total of a closed period; null: none. */
  readonly minimum: Amount | null;
  readonly rounding: RoundingMode;
}

/** A card as it stands from one instant on. Versions are added and never change. */
export interface RateCardVersion {
  /** Ascending within the workspace. */
  readonly id: number;
  /** 1, 2, … within the card. */
  readonly version: number;
  readonly effectiveFromMs: number;
  readonly recordedAtMs: number;
  readonly card: RateCard;
  /** The document as it was sent, canonical JSON: what `history` shows and hashes cover. */
  readonly document: string;
}
