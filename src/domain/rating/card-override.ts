/**
 * A customer's own terms on a shared card: a document that states only what differs. The shared
 * card may change underneath; resolving the override again gives the customer's card then.
 */
import { assert } from "../assert.ts";
import { unmatchablePatterns } from "../budget/entitlements.ts";
import type { Problem } from "../errors.ts";
import { CHARGES_PER_CARD_MAX_COUNT } from "../limits.ts";
import { byKey, contradictionsOf, fineAmountsOf, joinProblems } from "./card-contradictions.ts";
import type { Charge, Discount, Fee, RateCard } from "./rate-card.ts";
import { unselectedCells } from "./unselected-cells.ts";
import { patternsOfCard } from "./whole-names.ts";

type Bound = "minimum" | "maximum" | "runMinimum" | "runCap";
type Term = Bound | "credit" | "trial" | "entitlements" | "rounding";

/** Terms that an override states; null takes the base's away. */
export type Changes = Partial<Pick<RateCard, Term>>;

/** What a card changes of the card that it extends. Null by key: that one is removed. */
export interface CardOverride {
  readonly key: string;
  /** Key of the base. The currency is the base's: its amounts would mean something else. */
  readonly extends: string;
  readonly charges: ReadonlyMap<string, Charge | null>;
  readonly fees: ReadonlyMap<string, Fee | null>;
  readonly discounts: ReadonlyMap<string, Discount | null>;
  readonly changes: Changes;
}

/**
 * The whole card that an override makes of its base. What is replaced keeps its place, what is
 * new stands behind. Problems name paths of the override, or of the resulting card.
 */
export function resolveCard(
  base: RateCard,
  override: CardOverride,
): { readonly card: RateCard } | { readonly problems: Problem[] } {
  assert(base.key === override.extends, "an override is resolved on the card that it extends");
  const problems: Problem[] = [];
  const merge = <T extends { readonly key: string }>(
    name: "charges" | "fees" | "discounts",
    list: readonly T[],
    changes: ReadonlyMap<string, T | null>,
  ) => {
    problems.push(...absentOnes(name, list, changes));
    return merged(list, changes);
  };
  const card: RateCard = {
    ...base,
    ...override.changes,
    key: override.key,
    charges: merge("charges", base.charges, override.charges),
    fees: merge("fees", base.fees, override.fees),
    discounts: merge("discounts", base.discounts, override.discounts),
  };
  const { length } = card.charges;
  if (length === 0 || length > CHARGES_PER_CARD_MAX_COUNT) {
    const detail = `leaves ${length} charges; a card has 1 to ${CHARGES_PER_CARD_MAX_COUNT}`;
    problems.push({ code: "ratecard.invalid", detail, field: "charges" });
  }
  const stated = [...override.charges.values()].filter((charge) => charge !== null);
  const all = joinProblems(problems, [
    ...[...contradictionsOf(card), ...fineAmountsOf(card, byKey)],
    ...unmatchablePatterns(override.changes.entitlements ?? {}, "entitlements"),
    // What it leaves alone is its base's, which may be one on record.
    ...patternsOfCard({ charges: stated }, byKey),
    ...unselectedCells({ charges: stated }, byKey),
  ]);
  return all.length === 0 ? { card } : { problems: all };
}

function merged<T extends { readonly key: string }>(
  list: readonly T[],
  changes: ReadonlyMap<string, T | null>,
): T[] {
  const known = new Set(list.map(({ key }) => key));
  const kept = list.map((item) => {
    const change = changes.get(item.key);
    return change === undefined ? item : change;
  });
  const added = [...changes].map(([key, item]) => (known.has(key) ? null : item));
  return [...kept, ...added].filter((item) => item !== null);
}

/** What is removed must be there: a misspelled key would leave a charge that nobody expects. */
function absentOnes<T extends { readonly key: string }>(
  name: string,
  list: readonly T[],
  changes: ReadonlyMap<string, T | null>,
): Problem[] {
  return [...changes].flatMap(([key, change]): Problem[] => {
    if (change !== null || list.some((item) => item.key === key)) return [];
    const detail = `the card that is extended has no ${JSON.stringify(key)} to remove`;
    return [{ code: "ratecard.invalid", detail, field: `${name}[${JSON.stringify(key)}]` }];
  });
}
