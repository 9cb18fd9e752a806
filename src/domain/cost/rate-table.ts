/**
 * The rates of one period, resolved once for each service tier: which rate prices which bucket,
 * at what factor, by prompt size. Costing a step is then one lookup and one multiplication per
 * bucket.
 *
 * A tier is priced by the rate that names it (`output_text@batch`), else by the entry's factor
 * for it. A tier that has neither takes the standard rate as an assumption, never in silence.
 */
import { INPUT_BUCKETS, OUTPUT_BUCKETS } from "../event/usage.ts";
import { FACTOR_SCALE } from "../limits.ts";
import type { Factor, Price, Quantity } from "../money/decimal.ts";
import { quantityOfInteger } from "../money/decimal.ts";
import { FALLBACKS } from "./fallback-rates.ts";
import type { PriceEntry, Rate, RatePeriod } from "./price-book.ts";
import { canonicalTier, STANDARD_TIER } from "./service-tier.ts";

/**
 * - `own`: the bucket has a rate. `fallback`: another rate applies and cannot be too low.
 * - `assumed`: the rate may be too low, or is the standard one for an unknown tier.
 */
export type Basis = "own" | "fallback" | "assumed";

/** A price and the prompt size from which it applies. */
export interface SizedPrice {
  /** Null: any size. */
  readonly inputAboveTokens: number | null;
  /** The same as a quantity; −1 for any size. */
  readonly above: bigint;
  readonly price: Price;
  /** price × factor in units of 10^-24: times a quantity it is an amount, without rounding. */
  readonly effective: bigint;
}

/** How one bucket is priced. */
export interface BucketRate {
  /** The rate that applies, such as `cache_write` for the bucket `cache_write_5m`. */
  readonly rateUnit: string;
  readonly basis: Basis;
  readonly factor: Factor;
  /** Ascending by size; the first applies to any size. */
  readonly prices: readonly [SizedPrice, ...SizedPrice[]];
}

/** Bucket or unit → how it is priced. */
export type TierRates = ReadonlyMap<string, BucketRate>;

/** Separates a rate's unit from the one tier that it prices. */
export const TIER_MARK = "@";

const FACTOR_ONE = (10n ** BigInt(FACTOR_SCALE)) as Factor;

/** The rates of one entry and period, by service tier. */
export class RateTable {
  readonly #entry: PriceEntry;
  readonly #rates: ReadonlyMap<string, Rate>;
  readonly #known: ReadonlySet<string>;
  readonly #resolved = new Map<string, TierRates>();
  #unknown: TierRates | undefined;

  constructor(entry: PriceEntry, period: RatePeriod) {
    this.#entry = entry;
    this.#rates = new Map(period.rates.map((rate) => [rate.unit, rate]));
    const named = period.rates.flatMap(({ unit }) => unit.split(TIER_MARK).slice(1));
    this.#known = new Set([STANDARD_TIER, ...Object.keys(entry.tierFactors), ...named]);
  }

  /** Rates of a tier in any spelling. Tiers without a price of their own share one table. */
  forTier(tier: string): TierRates {
    return this.#resolved.get(tier) ?? this.#resolve(canonicalTier(tier));
  }

  #resolve(tier: string): TierRates {
    if (!this.#known.has(tier)) {
      this.#unknown ??= this.#build(tier);
      return this.#unknown;
    }
    const known = this.#resolved.get(tier) ?? this.#build(tier);
    this.#resolved.set(tier, known);
    return known;
  }

  #build(tier: string): TierRates {
    const table = new Map<string, BucketRate>();
    for (const unit of this.#rates.keys()) {
      const plain = unit.split(TIER_MARK, 1)[0] ?? unit;
      const rate = this.#find(plain, tier, "own");
      if (rate !== undefined) table.set(plain, rate);
    }
    for (const bucket of [...INPUT_BUCKETS, ...OUTPUT_BUCKETS]) {
      for (const { unit, mayUndercharge } of FALLBACKS[bucket]) {
        if (table.has(bucket)) break;
        const rate = this.#find(unit, tier, mayUndercharge ? "assumed" : "fallback");
        if (rate !== undefined) table.set(bucket, rate);
      }
    }
    return table;
  }

  #find(unit: string, tier: string, basis: Basis): BucketRate | undefined {
    const ofTier = this.#rates.get(unit + TIER_MARK + tier);
    if (ofTier !== undefined) return bucketRate(ofTier, basis, FACTOR_ONE);
    const rate = this.#rates.get(unit);
    if (rate === undefined) return undefined;
    if (tier === STANDARD_TIER) return bucketRate(rate, basis, FACTOR_ONE);
    const factor = Object.hasOwn(this.#entry.tierFactors, tier)
      ? this.#entry.tierFactors[tier]
      : undefined;
    return factor === undefined
      ? bucketRate(rate, "assumed", FACTOR_ONE)
      : bucketRate(rate, basis, factor);
  }
}

function bucketRate(rate: Rate, basis: Basis, factor: Factor): BucketRate {
  const sized = rate.tiers.map(({ inputAboveTokens, price }) => {
    const above = quantityOfInteger(inputAboveTokens);
    return { inputAboveTokens, above, price, effective: price * factor };
  });
  const base = { inputAboveTokens: null, above: -1n, price: rate.price };
  const prices = [{ ...base, effective: rate.price * factor }, ...sized] as const;
  return { rateUnit: rate.unit, basis, factor, prices };
}

/** The price for a prompt size: the last one whose threshold the prompt exceeds. */
export function priceForSize(rate: BucketRate, input: Quantity): SizedPrice {
  let chosen = rate.prices[0];
  for (const candidate of rate.prices) if (input > candidate.above) chosen = candidate;
  return chosen;
}
