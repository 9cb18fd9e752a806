/** Costs in a card's currency, converted a second time from the rates that the journal recorded. */
import { CONVERSION_RATE_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import type { Acts } from "./acts.ts";

const COST_CURRENCY = "USD";
const ONE = 10n ** BigInt(CONVERSION_RATE_SCALE);

interface Told {
  readonly to: string;
  readonly rate: string;
  readonly effectiveFromMs: number;
}

/** What converts a cost: the card's currency and rounding, and the instant that rated the step. */
export interface Conversion {
  readonly ws: number;
  readonly currency: string;
  readonly rounding: string;
  readonly atMs: number;
}

/** The cost in the card's currency; as it is where no rate was in force. */
export function convertAgain(acts: Acts, cost: bigint, by: Conversion): bigint {
  if (by.currency === COST_CURRENCY) return cost;
  let best: Told | undefined;
  for (const { document } of acts.of("rates.imported", by.ws, "rates")) {
    if (!Array.isArray(document.rates)) continue;
    for (const told of document.rates as readonly (Told & { readonly from: string })[]) {
      const applies = told.from === COST_CURRENCY && told.to === by.currency;
      if (!applies || told.effectiveFromMs > by.atMs) continue;
      if (best === undefined || told.effectiveFromMs >= best.effectiveFromMs) best = told;
    }
  }
  const rate = best && parseScaled(best.rate, CONVERSION_RATE_SCALE);
  return rate === undefined ? cost : rounded(cost * rate, by.rounding);
}

/** In units of the last of an amount's places; a cost is never negative. */
function rounded(exact: bigint, mode: string): bigint {
  const [whole, rest] = [exact / ONE, exact % ONE];
  if (rest === 0n || mode === "down") return whole;
  if (mode === "up") return whole + 1n;
  const isTie = rest * 2n === ONE;
  if (isTie) return mode === "half_up" || whole % 2n === 1n ? whole + 1n : whole;
  return rest * 2n > ONE ? whole + 1n : whole;
}
