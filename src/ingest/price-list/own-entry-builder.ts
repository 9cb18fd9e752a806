/** Short forms for the price entries that this repository states itself. */
import { present } from "../../domain/assert.ts";
import type { PriceEntry, Rate } from "../../domain/cost/price-book.ts";
import { unitPrice } from "./unit-price.ts";

/** A price stated for so many units. */
interface Stated {
  readonly text: string;
  readonly per: number;
}

/** A price per hour for a unit counted in seconds, at 18 places. */
export function perHour(text: string): Stated {
  return { text, per: 3_600 };
}

/** A rate of one size at a price that this repository states. */
export function ownRate(unit: string, stated: string | Stated): Rate {
  const { text, per } = typeof stated === "string" ? { text: stated, per: 1 } : stated;
  return { unit, price: present(unitPrice(text, per), `the price ${text}`).price, tiers: [] };
}

/**
 * An entry in US dollars that holds since ever, built when it is asked for. The name is the
 * provider, a slash and the subject.
 */
export function ownEntry(
  name: string,
  prices: Readonly<Record<string, string | Stated>>,
  aliases: readonly string[] = [],
): () => PriceEntry {
  return () => {
    const slash = name.indexOf("/");
    const provider = name.slice(0, slash);
    const subject = name.slice(slash + 1);
    const rates = Object.entries(prices).map(([unit, stated]) => ownRate(unit, stated));
    const periods = [{ effectiveFromMs: null, daily: null, rates }];
    return { provider, subject, aliases, prefixes: [], currency: "USD", periods, tierFactors: {} };
  };
}
