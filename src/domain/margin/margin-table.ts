/**
 * Adds entries up to rows: one for each value and currency, and named ones for what has no value.
 * Nothing is spread and nothing is rounded: a cost that is converted keeps all 42 places that an
 * amount times a rate has, so rows add up to totals whatever they are told by.
 */
import { AMOUNT_SCALE, CONVERSION_RATE_SCALE } from "../limits.ts";
import type { ConversionRate } from "../money/conversion.ts";
import { COST_CURRENCY } from "../money/currency.ts";
import { type Amount, formatScaled } from "../money/decimal.ts";
import { quotient, type RoundingMode } from "../money/rounding.ts";
import type { MarginDimension, MarginEntry, MarginPlace } from "./margin-entry.ts";

/** An amount as exact as a converted one: in units of 10^-42 of its currency. */
export type FineAmount = bigint & { readonly __fine: unique symbol };

const FINE_SCALE = AMOUNT_SCALE + CONVERSION_RATE_SCALE;
const FINE_OF_AMOUNT = 10n ** BigInt(CONVERSION_RATE_SCALE);

/**
 * `value`: a customer, a model, … `unattributed`: what has no value of the dimension, such as a run
 * fee by model. `line`: lines of bills that no run stands behind, such as fees and discounts.
 */
export const MARGIN_ROW_KINDS = ["value", "unattributed", "line"] as const;
export type MarginRowKind = (typeof MARGIN_ROW_KINDS)[number];

/** Revenue, cost and margin of one value, in one currency. */
export interface MarginRow {
  readonly kind: MarginRowKind;
  /** The value, the dimension that it has no value of, or the kind of line. */
  readonly name: string;
  /** ISO 4217, of the revenue and the margin. */
  readonly currency: string;
  readonly revenue: Amount;
  /** Of the revenue, what no run stands behind. */
  readonly ofLines: Amount;
  /** In the currency of costs; a lower bound where steps are unpriced. */
  readonly cost: Amount;
  /** The cost in the row's currency; null where a rate is missing for some of it. */
  readonly converted: FineAmount | null;
  /** revenue − converted. */
  readonly margin: FineAmount | null;
  /** Rates that converted it, earliest first. */
  readonly rates: readonly ConversionRate[];
  /** What customers paid providers themselves; null: nobody looked. */
  readonly paid: Amount | null;
  readonly steps: number;
  readonly unpriced: number;
  /** Some of it is of a period that is not closed. */
  readonly isOpen: boolean;
}

/** What an entry is added to; `all` has one row a currency. */
export type MarginGrouping = MarginDimension | "all";

type Name = Pick<MarginRow, "kind" | "name">;

interface Sums extends Name {
  readonly currency: string;
  revenue: bigint;
  ofLines: bigint;
  cost: bigint;
  converted: bigint;
  isConverted: boolean;
  readonly rates: Set<ConversionRate>;
  paid: bigint | null;
  steps: number;
  unpriced: number;
  isOpen: boolean;
}

/** Rows under way. */
export class MarginTable {
  readonly #by: MarginGrouping;
  readonly #sums = new Map<string, Sums>();

  constructor(by: MarginGrouping) {
    this.#by = by;
  }

  /** Rows so far. */
  get size(): number {
    return this.#sums.size;
  }

  /** Adds an entry; what brings, costs and counts nothing makes no row. */
  add(entry: MarginEntry): void {
    if (isNothing(entry)) return;
    const sum = this.#sumFor(entry);
    const { at, revenue, cost, paid } = entry;
    sum.revenue += revenue;
    if (entry.line !== null) sum.ofLines += revenue;
    sum.cost += cost;
    sum.paid = sum.paid === null || paid === null ? null : sum.paid + paid;
    sum.steps += entry.steps;
    sum.unpriced += entry.unpriced;
    sum.isOpen ||= at.isOpen;
    if (cost === 0n) return;
    const converted = fineCost(cost, at);
    if (converted === null) sum.isConverted = false;
    else sum.converted += converted;
    if (at.rate !== null) sum.rates.add(at.rate);
  }

  /** The rows, in no order. */
  rows(): MarginRow[] {
    return [...this.#sums.values()].map(rowOf).filter((row) => !isNothing(row));
  }

  #sumFor(entry: MarginEntry): Sums {
    const { kind, name } = nameOf(this.#by, entry);
    const { currency } = entry.at;
    const key = `${currency} ${kind} ${name}`;
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const nothing = { revenue: 0n, ofLines: 0n, cost: 0n, converted: 0n, paid: 0n };
    const none = { steps: 0, unpriced: 0, isConverted: true, isOpen: false };
    const sum: Sums = { kind, name, currency, ...nothing, ...none, rates: new Set() };
    this.#sums.set(key, sum);
    return sum;
  }
}

/** Adds entries up. */
export function marginRows(by: MarginGrouping, entries: Iterable<MarginEntry>): MarginRow[] {
  const table = new MarginTable(by);
  for (const entry of entries) table.add(entry);
  return table.rows();
}

function isNothing({ revenue, cost, paid, steps }: MarginEntry | MarginRow): boolean {
  return revenue === 0n && cost === 0n && (paid ?? 0n) === 0n && steps === 0;
}

function nameOf(by: MarginGrouping, { at, of, line }: MarginEntry): Name {
  if (by === "all") return { kind: "value", name: "all" };
  const value = by === "customer" || by === "period" ? at[by] : (of[by] ?? "");
  if (value !== "") return { kind: "value", name: value };
  return line === null ? { kind: "unattributed", name: by } : { kind: "line", name: line };
}

function fineCost(cost: Amount, { currency, rate }: MarginPlace): bigint | null {
  if (currency === COST_CURRENCY) return cost * FINE_OF_AMOUNT;
  return rate === null ? null : cost * rate.rate;
}

function rowOf({ isConverted, ...sum }: Sums): MarginRow {
  const converted = isConverted ? (sum.converted as FineAmount) : null;
  const margin = converted === null ? null : fine(sum.revenue) - converted;
  return {
    ...sum,
    revenue: sum.revenue as Amount,
    ofLines: sum.ofLines as Amount,
    cost: sum.cost as Amount,
    paid: sum.paid as Amount | null,
    converted,
    margin: margin as FineAmount | null,
    rates: [...sum.rates].sort((a, b) => a.effectiveFromMs - b.effectiveFromMs),
  };
}

function fine(amount: bigint): bigint {
  return amount * FINE_OF_AMOUNT;
}

/** A fine amount as its shortest decimal text. */
export function formatFine(amount: FineAmount): string {
  return formatScaled(amount, FINE_SCALE);
}

/** Decimal places of a margin in percent, and how it gets them: it is for the eye alone. */
const PERCENT_PLACES = 2;
export const PERCENT_ROUNDING: RoundingMode = "half_even";

/** The margin in percent of the revenue; null where it is unknown or there is no revenue. */
export function marginPercent({ margin, revenue }: Pick<MarginRow, "margin" | "revenue">) {
  if (margin === null || revenue <= 0n) return null;
  const percent = margin * 10n ** BigInt(PERCENT_PLACES + 2);
  return formatScaled(quotient(percent, fine(revenue), PERCENT_ROUNDING), PERCENT_PLACES);
}
