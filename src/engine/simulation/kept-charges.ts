/**
 * Charges that a contender leaves as they are. What a step's share of a tiered price is depends on
 * what was counted before it, and so on the order of commits with all that was corrected since. A
 * charge that prices as before, and counted the same, keeps the shares that the ledger recorded:
 * they are facts, and nothing needs to be worked out again.
 */
import { segmentsOf } from "../../domain/rating/counter.ts";
import type { Charge, RateCard } from "../../domain/rating/rate-card.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, StoredCounter } from "../ports.ts";
import type { Counting } from "./count-history.ts";

/** Whose charges are compared. */
export interface KeptIn {
  readonly counting: Counting;
  /** The workspace's own. */
  readonly recorded: Tariff;
  readonly key: CounterKey;
  /** What the ledger counted in the period. */
  readonly counters: readonly StoredCounter[];
}

/** Keys of charges of one period whose recorded shares stand. */
export function keptCharges({
  counting,
  recorded,
  key,
  counters,
}: KeptIn): (key: string) => boolean {
  if (counting.isInForce) return () => true;
  const before = Map.groupBy(counters, ({ chargeKey }) => chargeKey);
  const after = Map.groupBy(counting.counters.countersOf(key), ({ chargeKey }) => chargeKey);
  const decided = new Map<string, boolean>();
  return (chargeKey) => {
    const known = decided.get(chargeKey);
    if (known !== undefined) return known;
    const former = (before.get(chargeKey) ?? []).filter(hasCounted);
    const latter = after.get(chargeKey) ?? [];
    const isKept = isSame({ former, latter, recorded, counting });
    decided.set(chargeKey, isKept);
    return isKept;
  };
}

function hasCounted({ counter }: StoredCounter): boolean {
  return counter.cardVersionId !== null;
}

interface Compared {
  readonly former: readonly StoredCounter[];
  readonly latter: readonly StoredCounter[];
  readonly recorded: Tariff;
  readonly counting: Counting;
}

function isSame({ former, latter, recorded, counting }: Compared): boolean {
  if (former.length !== latter.length) return false;
  return latter.every((slot) => {
    const before = former.find(({ cell }) => cell === slot.cell);
    if (before === undefined || quantityOf(before) !== quantityOf(slot)) return false;
    if (before.counter.amount !== slot.counter.amount) return false;
    const terms = new Set([
      ...termsOf(recorded, before, slot.chargeKey),
      ...termsOf(counting.tariff, slot, slot.chargeKey),
    ]);
    return terms.size === 1;
  });
}

function quantityOf({ counter }: StoredCounter): bigint {
  return segmentsOf(counter).reduce((sum, { quantity }) => sum + quantity, 0n);
}

/** What decides about the shares of a charge, in each version that a counter has. */
function termsOf(tariff: Tariff, { counter }: StoredCounter, chargeKey: string): string[] {
  return segmentsOf(counter).map(({ cardVersionId }) => {
    const { card } = tariff.versionById(cardVersionId);
    return chargeTerms(
      card,
      card.charges.find(({ key }) => key === chargeKey),
    );
  });
}

function chargeTerms({ credit, currency, rounding }: RateCard, charge: Charge | undefined): string {
  const { name: _, ...terms } = charge ?? { name: "" };
  return JSON.stringify([terms, credit, currency, rounding], (_key, value: unknown) => {
    return typeof value === "bigint" ? `${value}` : value;
  });
}
