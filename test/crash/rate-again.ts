/** What the card of card.ts must charge, worked out from counts alone and by another way. */

const PLACES = 40;

/** A decimal text as a whole number of 10^-40. */
export function exact(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`no decimal: ${text}`);
  const [, sign, whole = "", fraction = ""] = match;
  const digits = BigInt(whole + fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -digits : digits;
}

/** What a customer's period counts. */
export interface Counts {
  runs: bigint;
  steps: bigint;
  tools: bigint;
  outcomes: bigint;
  /** In 10^-40. */
  cost: bigint;
}

interface Tiers {
  readonly upTo: bigint;
  readonly first: string;
  readonly beyond: string;
}

const RUN_TIERS: Tiers = { upTo: 3n, first: "0.10", beyond: "0.07" };
const STEP_TIERS: Tiers = { upTo: 20n, first: "0.003", beyond: "0.001" };

function graduated(count: bigint, { upTo, first, beyond }: Tiers): bigint {
  const below = count < upTo ? count : upTo;
  return below * exact(first) + (count - below) * exact(beyond);
}

/** Counts by customer and period. */
export class CountsByPeriod {
  readonly #counts = new Map<string, Counts>();

  /** The counts of the period that an instant (RFC 3339, UTC) is in. */
  at(customer: string, instant: string): Counts {
    const key = `${customer} ${instant.slice(0, "2026-11".length)}`;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const counts = { runs: 0n, steps: 0n, tools: 0n, outcomes: 0n, cost: 0n };
    this.#counts.set(key, counts);
    return counts;
  }

  /** Amounts by customer and charge, in 10^-40. */
  amounts(): Map<string, bigint> {
    const amounts = new Map<string, bigint>();
    for (const [key, { runs, steps, tools, outcomes, cost }] of this.#counts) {
      const [customer = ""] = key.split(" ");
      const add = (charge: string, amount: bigint) => {
        const place = `${customer} ${charge}`;
        amounts.set(place, (amounts.get(place) ?? 0n) + amount);
      };
      add("runs", graduated(runs, RUN_TIERS));
      add("steps", graduated(steps, STEP_TIERS));
      add("tools", tools * exact("0.002"));
      add("models", (cost * 12n) / 10n);
      add("done", outcomes * exact("0.99"));
    }
    return amounts;
  }
}
