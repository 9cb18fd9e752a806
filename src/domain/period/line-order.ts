/**
 * The order of lines of one kind: cards by when they were in force, the charges of each as it lists
 * them, the cells of a charge by name and all others last. What no card of the period has any more
 * stands behind, by key.
 */
import { isTrialCell, pricedCell } from "../event/trial-cell.ts";
import { OTHERWISE_CELL } from "../rating/price-model.ts";
import { NO_CHARGE } from "./run-bounds.ts";

/** What a line belongs to. */
export interface OfCharge {
  readonly cardKey: string;
  readonly chargeKey?: string;
  readonly cell?: string;
  readonly measure?: string;
}

/** Cards of a period, each in the version that was in force last, in order of their beginning. */
export type CardsInOrder = readonly {
  readonly key: string;
  readonly charges: readonly { readonly key: string }[];
}[];

/** Compares what lines belong to. */
export type LineOrder = (a: OfCharge, b: OfCharge) => number;

/** The order by these cards. */
export function lineOrder(cards: CardsInOrder): LineOrder {
  const cardPlaces = placesOf(cards.map(({ key }) => key));
  const chargePlaces = new Map(
    cards.map(({ key, charges }) => [key, placesOf(charges.map((charge) => charge.key))]),
  );
  const cardPlace = ({ cardKey }: OfCharge) => cardPlaces.get(cardKey) ?? LAST;
  const chargePlace = ({ cardKey, chargeKey = NO_CHARGE }: OfCharge) =>
    chargePlaces.get(cardKey)?.get(chargeKey) ?? LAST;
  return (a, b) =>
    cardPlace(a) - cardPlace(b) ||
    byText(a.cardKey, b.cardKey) ||
    chargePlace(a) - chargePlace(b) ||
    byCharge(a, b) ||
    byCell(a.cell ?? "", b.cell ?? "") ||
    byText(a.measure ?? "", b.measure ?? "");
}

const LAST = Number.MAX_SAFE_INTEGER;

function placesOf(keys: readonly string[]): ReadonlyMap<string, number> {
  return new Map(keys.map((key, at) => [key, at]));
}

/** Bounds of runs are of no charge, and follow those of the card. */
function byCharge({ chargeKey: a = NO_CHARGE }: OfCharge, { chargeKey: b = NO_CHARGE }: OfCharge) {
  return Number(a === NO_CHARGE) - Number(b === NO_CHARGE) || byText(a, b);
}

function byCell(a: string, b: string): number {
  const [pricedA, pricedB] = [pricedCell(a), pricedCell(b)];
  return (
    Number(isTrialCell(a)) - Number(isTrialCell(b)) ||
    Number(pricedA === OTHERWISE_CELL) - Number(pricedB === OTHERWISE_CELL) ||
    byText(pricedA, pricedB)
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
