/**
 * What providers charge us. A price book is a list of versions, each a set of entries recorded at
 * one moment. An entry belongs to one provider and one subject (a model, a tool, a service) and is
 * dated. Nothing is matched by guess: exact id, then declared alias, then a dated snapshot of an
 * exact id (`<id>-2025-09-29`); a prefix match is only a suggestion.
 */
import type { Factor, Price } from "../money/decimal.ts";

/** A price for one bucket or unit, by prompt size. */
export interface Rate {
  /**
   * Bucket or named unit. With a mark (`output_text@batch`) the rate is that of one service tier
   * and goes before the plain rate and the entry's factor for that tier.
   */
  readonly unit: string;
  /** Price of one unit where no tier applies. */
  readonly price: Price;
  /** Whole-request tiers, ascending: the last one whose threshold the prompt exceeds applies. */
  readonly tiers: readonly RateTier[];
}

/** Another price of a rate, by prompt size. */
export interface RateTier {
  /** Applies when the input tokens are more than this. */
  readonly inputAboveTokens: number;
  readonly price: Price;
}

/** A daily window in which rates hold, in minutes of the UTC day; may wrap past midnight. */
export interface DailyWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** Rates of an entry from a moment on. Of the periods in force, the latest start wins. */
export interface RatePeriod {
  /** Null: since ever. */
  readonly effectiveFromMs: number | null;
  /** Null: all day. Where a window matches it wins over the all-day rates of the same start. */
  readonly daily: DailyWindow | null;
  readonly rates: readonly Rate[];
}

/** What one provider charges for one model, tool or service, over time. */
export interface PriceEntry {
  readonly provider: string;
  /** Model id, tool name or service name at that provider. */
  readonly subject: string;
  /** Other ids that the source declares equal. */
  readonly aliases: readonly string[];
  /** Beginnings of ids that the source would match; used for suggestions only. */
  readonly prefixes: readonly string[];
  /** ISO 4217 code. */
  readonly currency: string;
  readonly periods: readonly RatePeriod[];
  /** Factor on every rate that names no tier, by service tier, such as batch 0.5. */
  readonly tierFactors: Readonly<Record<string, Factor>>;
}

/** One recorded set of entries. */
export interface PriceVersion {
  /** Ascending within the workspace; 0 is the seed. */
  readonly id: number;
  readonly source: string;
  readonly recordedAtMs: number;
  /** Entries apply to steps from here on. Null: since ever (only before any step exists). */
  readonly effectiveFromMs: number | null;
  readonly entries: readonly PriceEntry[];
}
