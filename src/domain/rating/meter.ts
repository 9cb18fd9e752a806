/**
 * A rate card version made ready for the path of every step: which charges take what quantity of
 * a step, a run or an outcome, and what a charge's counters cost.
 */
import { present } from "../assert.ts";
import { ONE_UNIT } from "../money/decimal.ts";
import type { SegmentPrice } from "./counter.ts";
import { isCostMeter, measureOf, type Subject, subjectOfMeter } from "./meter-fields.ts";
import { NO_CELL, OTHERWISE_CELL, priceFunction } from "./price-model.ts";
import type { Charge, Meter, PriceModel, RateCardVersion } from "./rate-card.ts";
import {
  dimension,
  type Metered,
  type MeteredOutcome,
  type MeteredRun,
  type MeteredStep,
  selection,
} from "./selection.ts";

/** A quantity that a charge takes of a step, run or outcome. Never zero. */
export interface MeteredQuantity {
  readonly chargeKey: string;
  /** Matrix cell, OTHERWISE_CELL, or NO_CELL where the price is no matrix. */
  readonly cell: string;
  /** A Quantity, or an Amount where the charge meters cost. */
  readonly quantity: bigint;
}

/** A card version that charges. Immutable; `id`, `cardKey` and `currency` are the version's. */
export interface CompiledCard {
  readonly id: number;
  readonly cardKey: string;
  readonly currency: string;
  readonly charges: readonly Charge[];
  /** What a step that bills counts for; a shadow counts for nothing. */
  meterStep(step: MeteredStep): readonly MeteredQuantity[];
  meterRun(run: MeteredRun): readonly MeteredQuantity[];
  meterOutcome(outcome: MeteredOutcome): readonly MeteredQuantity[];
  /** The price of a charge's counter. The cell must be one that this version metered. */
  segmentPrice(chargeKey: string, cell: string): SegmentPrice;
}

interface CompiledCharge {
  readonly chargeKey: string;
  readonly selects: (item: Metered) => boolean;
  /** Null: a value that has no price, which is not charged. */
  readonly cellOf: (item: Metered) => string | null;
  readonly quantityOf: (item: Metered) => bigint;
}

const NOTHING: readonly MeteredQuantity[] = [];

/** Makes a card version ready. Costs microseconds a charge: keep the result with the version. */
export function compileCard(version: RateCardVersion): CompiledCard {
  const { id, card } = version;
  const about = (subject: Subject) =>
    card.charges.filter(({ meter }) => subjectOfMeter(meter) === subject).map(compileCharge);
  const [steps, runs, outcomes] = [about("steps"), about("runs"), about("outcomes")];
  return {
    id,
    cardKey: card.key,
    currency: card.currency,
    charges: card.charges,
    meterStep: (step) => (step.role === "bill" ? meterItem(steps, step) : NOTHING),
    meterRun: (run) => meterItem(runs, run),
    meterOutcome: (outcome) => meterItem(outcomes, outcome),
    segmentPrice: segmentPrices(version),
  };
}

function meterItem(charges: readonly CompiledCharge[], item: Metered): readonly MeteredQuantity[] {
  let metered: MeteredQuantity[] | undefined;
  for (const { chargeKey, selects, cellOf, quantityOf } of charges) {
    if (!selects(item)) continue;
    const cell = cellOf(item);
    const quantity = cell === null ? 0n : quantityOf(item);
    if (cell === null || quantity === 0n) continue;
    metered ??= [];
    metered.push({ chargeKey, cell, quantity });
  }
  return metered ?? NOTHING;
}

function compileCharge({ key, meter, price }: Charge): CompiledCharge {
  return {
    chargeKey: key,
    selects: selection(meter),
    cellOf: cellFunction(price),
    quantityOf: quantityFunction(meter),
  };
}

function cellFunction(price: PriceModel): CompiledCharge["cellOf"] {
  if (price.model !== "matrix") return () => NO_CELL;
  const cells: ReadonlySet<unknown> = new Set(Object.keys(price.cells));
  const other = price.otherwise === null ? null : OTHERWISE_CELL;
  const read = dimension(price.by);
  return (item) => {
    const value = read(item);
    return cells.has(value) ? (value as string) : other;
  };
}

function quantityFunction(meter: Meter): CompiledCharge["quantityOf"] {
  if ("count" in meter) return () => ONE_UNIT;
  if (isCostMeter(meter)) return (item) => item.cost ?? 0n;
  const { sum } = meter;
  return (item) => item.usage?.get(sum) ?? 0n;
}

/** Prices are prepared when a counter first asks for them: a matrix may have a thousand cells. */
function segmentPrices({ effectiveFromMs, card }: RateCardVersion): CompiledCard["segmentPrice"] {
  const charges = new Map(
    card.charges.map((charge) => [charge.key, { charge, cells: new Map<string, SegmentPrice>() }]),
  );
  return (chargeKey, cell) => {
    const { charge, cells } = present(charges.get(chargeKey), `charge "${chargeKey}"`);
    const known = cells.get(cell);
    if (known !== undefined) return known;
    const measure = measureOf(charge.meter);
    const price = { effectiveFromMs, measure, price: priceFunction(charge.price, cell) };
    cells.set(cell, price);
    return price;
  };
}
