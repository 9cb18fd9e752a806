/** Tiers in whole numbers, for laws that work out what they come to by sums of their own. */
import fc from "fast-check";

/** A tier of so many units in all, what one of them costs, and what is added on entering it. */
export interface Tier {
  /** Null: the last one. */
  readonly upTo: number | null;
  readonly unit: number;
  readonly flat: number;
}

/** One to four of them. */
export const anyTiers: fc.Arbitrary<readonly Tier[]> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(12), fc.nat(9)), { minLength: 4, maxLength: 4 }),
  )
  .map(([ends, prices]) => {
    const upTo = [...ends.toSorted((a, b) => a - b), null];
    return upTo.map((end, at): Tier => {
      const [unit = 0, flat = 0] = prices[at] ?? [];
      return { upTo: end, unit, flat };
    });
  });
