/** What a simulation is asked, and what it finds. */
import type { Amount } from "../../domain/money/decimal.ts";
import type { CardOverride } from "../../domain/rating/card-override.ts";
import type { RateCard } from "../../domain/rating/rate-card.ts";
import type { Onlooker } from "../history.ts";
import type { BillSum } from "./bill-customer.ts";

/** A card as it is sent, with its canonical document; null: the cards in force. */
export type SimulatedCard =
  | (({ readonly card: RateCard } | { readonly override: CardOverride }) & {
      readonly document: string;
    })
  | null;

/** What to simulate. */
export interface SimulationRequest {
  /** Side by side, in this order; at least one. */
  readonly cards: readonly SimulatedCard[];
  /** Whose history; null: everyone's. */
  readonly customers: readonly string[] | null;
  /** First and last period to tell of, each a start date or the beginning of one; null: all. */
  readonly from: string | null;
  readonly to: string | null;
}

/** One customer under every card. */
export interface SimulatedCustomer {
  readonly customer: string;
  /** ISO 4217, of every amount but the cost. */
  readonly currency: string;
  readonly steps: number;
  /** Steps whose cost is not wholly known: the cost is a lower bound then. */
  readonly unpriced: number;
  /** What providers charge us, in the currency of costs. */
  readonly cost: Amount;
  /** By what the ledger holds. */
  readonly charged: BillSum;
  /** By each card, in the order asked for. */
  readonly cards: readonly BillSum[];
}

/** All customers under one card. */
export interface SimulatedTotal extends BillSum {
  /** Customers that pay more, less and the same as by the ledger. */
  readonly more: number;
  readonly less: number;
  readonly same: number;
}

/** What a simulation came to. */
export interface SimulationTotal {
  /** ISO 4217, of every amount but costs. */
  readonly currency: string;
  readonly customers: number;
  /** Customers that are billed in another currency, and are in no sum. */
  readonly passedOver: number;
  readonly steps: number;
  readonly unpriced: number;
  readonly runs: number;
  readonly cost: Amount;
  readonly charged: BillSum;
  readonly cards: readonly SimulatedTotal[];
}

/** Who is told what a simulation finds, as it goes on. */
export interface SimulationListener extends Onlooker {
  /** One customer after the other, by id. Awaited, so that a slow reader holds it up. */
  onCustomer(customer: SimulatedCustomer): Promise<void>;
}
