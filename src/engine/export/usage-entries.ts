/**
 * What customers used, for targets that price it themselves: quantities by item and period, from
 * the counters. What was counted elsewhere before a customer moved here is in these and is not
 * told: it was billed where it was counted.
 */
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { closeCounter, counterOf, segmentsOf } from "../../domain/rating/counter.ts";
import { COST_MEASURE } from "../../domain/rating/meter-fields.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import { itemOf, type OpeningPart } from "../periods/set-opening.ts";
import type { Customer, Store, StoredCounter } from "../ports.ts";
import { isOfRuns } from "../runs/correct-runs.ts";
import type { LedgerEntry, ToldItem } from "./export-ports.ts";

type Pricing = Pick<Tariff, "periodOf" | "cardById">;

/** Whose usage. */
interface UsageOf {
  readonly customer: Customer;
  readonly tariff: Pricing;
  readonly since: string;
  /** Lines so far: what nothing is left of has to be told as nothing. */
  readonly told: readonly ToldItem[];
}

/** What a customer used, by item and period. */
export async function usageEntries(
  { store, clocks }: Pick<EngineContext, "store" | "clocks">,
  workspace: string,
  { customer, tariff, since, told }: UsageOf,
): Promise<LedgerEntry[]> {
  const nowMs = (await clocks.of(workspace)).nowMs();
  const elsewhere = await countedElsewhere({ store, workspace }, customer.id);
  const names = new ItemNames(told);
  const entries: LedgerEntry[] = [];
  for (const period of periodsSince(tariff, customer, { since, nowMs })) {
    const key = { customer: customer.id, period: period.key };
    // Stores hand them out in any order. It decides which of two items has the plain name, and in
    // which order lines are listed and told.
    const counters = (await store.countersOf(workspace, key)).toSorted(byCard);
    const counted = counters.map((one) => withoutOpenings(tariff, one, elsewhere));
    const own = entriesOf(tariff, counted, { period, names });
    const known = new Set(own.map(({ item }) => item));
    const gone = told.filter((one) => one.period === period.key && !known.has(one.item));
    const items = new Map(gone.map((one) => [one.item, one]));
    for (const { item, unit, description, evidence } of items.values()) {
      const about = { item, period, unit, description, parts: [] };
      own.push({ ...about, value: 0n, source: evidence.source });
    }
    entries.push(...own);
  }
  return entries;
}

function byCard(a: StoredCounter, b: StoredCounter): number {
  return byText(a.cardKey, b.cardKey) || byText(a.chargeKey, b.chargeKey) || byText(a.cell, b.cell);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Counts of a customer that were taken over: whoever counted them has billed them. */
async function countedElsewhere(
  { store, workspace }: { readonly store: Store; readonly workspace: string },
  customer: string,
): Promise<OpeningPart[]> {
  const parts: OpeningPart[] = [];
  for (const { reason, id } of await store.bookedByHand(workspace, customer)) {
    if (reason !== "opening") continue;
    const of = { kind: "opening.set", subject: id } as const;
    const part = await recordedAct<OpeningPart>(store, workspace, of);
    // Those of before were told with all that was counted, and stay so.
    if (part?.counter?.elsewhere !== undefined) parts.push(part);
  }
  return parts;
}

/** A counter without what openings put into it. */
function withoutOpenings(
  tariff: Pricing,
  stored: StoredCounter,
  openings: readonly OpeningPart[],
): StoredCounter {
  const own = openings.filter(({ period, counter }) => {
    const { cardKey, chargeKey, cell } = stored;
    const isOfCharge = counter?.card === cardKey && counter.charge === chargeKey;
    return period === stored.period && isOfCharge && counter.cell === cell;
  });
  if (own.length === 0) return stored;
  const segments = segmentsOf(stored.counter).flatMap(({ cardVersionId, quantity }) => {
    const card = tariff.cardById(cardVersionId);
    const left = own.reduce((rest, { counter }) => {
      const isOfVersion = counter?.cardVersion === cardVersionId;
      return isOfVersion ? rest - itemOf(card, counter).quantity : rest;
    }, quantity);
    return left === 0n ? [] : [{ cardVersionId, quantity: left }];
  });
  return { ...stored, counter: counterOf(segments, stored.counter.amount) };
}

/** Periods from the one that starts on a date, or after it, up to the one under way. */
function periodsSince(
  tariff: Pricing,
  customer: Customer,
  { since, nowMs }: { readonly since: string; readonly nowMs: number },
): BillingPeriod[] {
  const periods: BillingPeriod[] = [];
  const firstMs = Math.max(Date.parse(`${since}T12:00:00Z`), 0);
  let period = tariff.periodOf(customer, Math.min(firstMs, nowMs));
  while (period.startMs <= nowMs) {
    if (period.key >= since) periods.push(period);
    period = tariff.periodOf(customer, period.endMs);
  }
  return periods;
}

const QUANTITY_UNIT = 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE);

/**
 * What items are called. A charge that counts something else by another version of its card is
 * another item, for seconds are no steps: it has its measure behind its name. The plain name stays
 * with what was told under it, whatever else a period holds by now.
 */
class ItemNames {
  readonly #told: readonly ToldItem[];
  /** What the plain name counts. */
  readonly #measures: Map<string, string>;

  constructor(told: readonly ToldItem[]) {
    this.#told = told;
    const inOrder = told.toSorted((a, b) => (a.period < b.period ? -1 : 1));
    this.#measures = new Map(inOrder.map(({ item, unit }) => [item, unit]));
  }

  /** The name of a charge or cell that counts by a measure, asked in the order of periods. */
  of(item: string, measure: string, period: string): string {
    const own = `${item} (${measure})`;
    const toldAs = (name: string) =>
      this.#told.find((one) => one.item === name && one.period === period);
    const plain = toldAs(item);
    if (plain !== undefined) return plain.unit === measure ? item : own;
    if (toldAs(own) !== undefined) return own;
    const known = this.#measures.get(item);
    if (known === undefined) this.#measures.set(item, measure);
    return (known ?? measure) === measure ? item : own;
  }
}

/** One entry an item: what all cards counted under a charge's key, cell and measure. */
function entriesOf(
  tariff: Pricing,
  counters: readonly StoredCounter[],
  { period, names }: { readonly period: BillingPeriod; readonly names: ItemNames },
): LedgerEntry[] {
  const counts = counters
    .filter((one) => !isOfRuns(one) && !isTrialCell(one.cell))
    .flatMap(({ chargeKey, cell, counter }) => {
      const priceOf = (id: number) => tariff.cardById(id).segmentPrice(chargeKey, cell);
      const cards = segmentsOf(counter).map(({ cardVersionId }) => cardVersionId);
      return closeCounter(counter, priceOf).map(({ measure, quantity }) => ({
        ...{ item: itemOfCharge(chargeKey, cell), measure, cards },
        value: measure === COST_MEASURE ? quantity : quantity * QUANTITY_UNIT,
      }));
    });
  const byItem = Map.groupBy(counts, ({ item }) => item);
  return [...byItem].flatMap(([item, own]) => {
    const byMeasure = [...Map.groupBy(own, ({ measure }) => measure)];
    return byMeasure.map(([measure, same]) => {
      const cards = [...new Set(same.flatMap((one) => one.cards))].sort((a, b) => a - b);
      return {
        ...{ item: names.of(item, measure, period.key), period, unit: measure, parts: [] },
        value: same.reduce((sum, one) => sum + one.value, 0n),
        ...{ description: item, source: `card versions ${cards.join(", ")}` },
      };
    });
  });
}

/** An item is a charge, or one cell of a matrix. */
function itemOfCharge(chargeKey: string, cell: string): string {
  return cell === "" ? chargeKey : `${chargeKey}[${cell}]`;
}
