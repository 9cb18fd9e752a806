/** Short forms of prices and usage for tests of costing. It has no tests of its own. */
import { present } from "../assert.ts";
import type { StepFacts } from "../event/event.ts";
import { type Usage, usageOf } from "../event/usage.ts";
import { FACTOR_SCALE } from "../limits.ts";
import {
  type Factor,
  type Price,
  parsePrice,
  parseQuantity,
  parseScaled,
} from "../money/decimal.ts";
import type { PriceEntry, PriceVersion, Rate, RatePeriod } from "./price-book.ts";

/** A price from its text. */
function priceOf(text: string): Price {
  return present(parsePrice(text), `the price ${text}`);
}

/** A factor from its text. */
export function factorOf(text: string): Factor {
  return present(parseScaled(text, FACTOR_SCALE), `the factor ${text}`) as Factor;
}

/** Rates per unit from their texts; `above` adds a prompt size tier to each unit it names. */
export function ratesOf(
  prices: Readonly<Record<string, string>>,
  above?: { readonly tokens: number; readonly prices: Readonly<Record<string, string>> },
): Rate[] {
  return Object.entries(prices).map(([unit, text]) => {
    const tierText = above?.prices[unit];
    const tiers =
      tierText === undefined || above === undefined
        ? []
        : [{ inputAboveTokens: above.tokens, price: priceOf(tierText) }];
    return { unit, price: priceOf(text), tiers };
  });
}

/** A period that holds since ever, all day. */
export function periodOf(rates: readonly Rate[], more: Partial<RatePeriod> = {}): RatePeriod {
  return { effectiveFromMs: null, daily: null, rates, ...more };
}

/** An entry `acme/model-1` at one US cent a token in and two out, but for what is given. */
export function entryOf(more: Partial<PriceEntry> = {}): PriceEntry {
  return {
    provider: "acme",
    subject: "model-1",
    aliases: [],
    prefixes: [],
    currency: "USD",
    periods: [periodOf(ratesOf({ input_uncached: "0.01", output_text: "0.02" }))],
    tierFactors: {},
    ...more,
  };
}

/** Version `id` of a book, in force since ever but for what is given. */
export function versionOf(id: number, more: Partial<PriceVersion> = {}): PriceVersion {
  return {
    id,
    source: "test",
    recordedAtMs: id,
    effectiveFromMs: null,
    entries: [entryOf()],
    ...more,
  };
}

/** Usage from decimal texts or whole numbers. */
export function usage(quantities: Readonly<Record<string, string | number>>): Usage {
  return usageOf(
    Object.entries(quantities).map(
      ([unit, text]) =>
        [unit, present(parseQuantity(String(text)), `the quantity ${text}`)] as const,
    ),
  );
}

/** Facts of an ordinary model step of `acme/model-1`, but for what is given. */
export function factsOf(more: Partial<StepFacts> = {}): StepFacts {
  return {
    kind: "model",
    status: "ok",
    completeness: "exact",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: "acme",
    model: "model-1",
    tool: null,
    tier: "standard",
    usage: usage({}),
    labels: null,
    ...more,
  };
}
