/**
 * A rate card version made ready for the path of every step: which charges take what quantity of
 * a step, a run or an outcome, and what a charge's counters cost.
 */
import { present } from "../assert.ts";
import { pricedCell } from "../event/trial-cell.ts";
import { type Amount, ONE_UNIT } from "../money/decimal.ts";
import type { SegmentPrice } from "./counter.ts";
import { isCostMeter, measureOf, type Subject, subjectOfMeter } from "./meter-fields.ts";
import { chargePrice, FIXED_CELL, NO_CELL, OTHERWISE_CELL, pairCell } from "./price-model.ts";
import type {
  Charge,
  Credit,
  MatrixDimension,
  Meter,
  PriceModel,
  RateCard,
  RateCardVersion,
  Trial,
} from "./rate-card.ts";
import {
  chargeSelection,
  dimension,
  type Metered,
  type MeteredOutcome,
  type MeteredRun,
  type MeteredStep,
} from "./selection.ts";

/** A quantity that a charge takes of a step, run or outcome. Never zero. */
export interface MeteredQuantity {
  readonly chargeKey: string;
  /** Matrix cell, OTHERWISE_CELL, or NO_CELL where the price is no matrix. */
  readonly cell: string;
  /** A Quantity, or an Amount where the charge meters cost. */
  readonly quantity: bigint;
}

/** What a charge takes of steps that differ in nothing but their quantities. */
export interface StepTake {
  readonly chargeKey: string;
  readonly cell: string;
  /** What it adds up: `steps`, or `sum:` and a unit or `cost`. */
  readonly of: string;
  /** True where it counts the steps that have some of it. */
  readonly isCounting: boolean;
  /** Converts a cost; null: nothing is converted. */
  readonly costOf: CostConversion | null;
}

/** A card version that charges. Immutable; `id`, `cardKey` and `currency` are the version's. */
export interface CompiledCard {
  readonly id: number;
  readonly cardKey: string;
  readonly currency: string;
  readonly charges: readonly Charge[];
  /** Null: all is priced in money. */
  readonly credit: Credit | null;
  /** Whether a charge on these waits for the end of the run. */
  readonly waits: { readonly runs: boolean; readonly outcomes: boolean };
  /** How long an outcome of this name may be reversed before it is final; null: not at all. */
  settlesAfterMs(outcome: string): number | null;
  /** What is free at a customer's start; null: nothing. */
  readonly trial: Trial | null;
  /** What a step that bills counts for; a shadow counts for nothing. */
  meterStep(step: MeteredStep): readonly MeteredQuantity[];
  /** What `meterStep` takes of a step whatever its quantities: one for each that may not be 0. */
  takesOfStep(step: MeteredStep): readonly StepTake[];
  meterRun(run: MeteredRun): readonly MeteredQuantity[];
  meterOutcome(outcome: MeteredOutcome): readonly MeteredQuantity[];
  /** The price of a charge's counter. The cell must be one that this version metered, or free. */
  segmentPrice(chargeKey: string, cell: string): SegmentPrice;
}

interface CompiledCharge extends Pick<StepTake, "of" | "isCounting" | "costOf"> {
  readonly chargeKey: string;
  readonly selects: (item: Metered) => boolean;
  /** Null: a value that has no price, which is not charged. */
  readonly cellOf: (item: Metered) => string | null;
  readonly quantityOf: (item: Metered) => bigint;
}

const NOTHING: readonly MeteredQuantity[] = [];

/**
 * The cost of a step in the card's currency. Asked only by charges on cost, and only of a card
 * whose currency is not that of costs.
 */
export type CostConversion = (step: MeteredStep) => Amount;

/**
 * Makes a card version ready. Costs microseconds a charge: keep the result with the version.
 * Without a conversion, costs are taken to be in the card's currency.
 */
export function compileCard(version: RateCardVersion, costOf?: CostConversion): CompiledCard {
  const { id, card } = version;
  const about = (subject: Subject) =>
    card.charges
      .filter(({ meter }) => subjectOfMeter(meter) === subject)
      .flatMap((charge) => compileCharge(charge, costOf));
  const [steps, runs, outcomes] = [about("steps"), about("runs"), about("outcomes")];
  return {
    id,
    cardKey: card.key,
    currency: card.currency,
    charges: card.charges,
    credit: card.credit,
    waits: { runs: waitsForEnd(card, "runs"), outcomes: waitsForEnd(card, "outcomes") },
    settlesAfterMs: windowOf(card),
    trial: card.trial,
    meterStep: (step) => (step.role === "bill" ? meterItem(steps, step) : NOTHING),
    takesOfStep: (step) => (step.role === "bill" ? takesOf(steps, step) : []),
    meterRun: (run) => meterItem(runs, run),
    meterOutcome: (outcome) => meterItem(outcomes, outcome),
    segmentPrice: segmentPrices(version),
  };
}

function waitsForEnd({ charges }: RateCard, subject: Subject): boolean {
  return charges.some((one) => one.endings !== null && subjectOfMeter(one.meter) === subject);
}

const HOUR_MS = 3_600_000;

/** Charges that may count the same outcome settle alike, so the first one speaks for all. */
function windowOf({ charges }: RateCard): CompiledCard["settlesAfterMs"] {
  const windows = charges.flatMap(({ meter, settlesAfterHours: hours }) => {
    return hours === null ? [] : [{ names: meter.where.outcome, ms: hours * HOUR_MS }];
  });
  return (outcome) =>
    windows.find(({ names }) => names === undefined || names.includes(outcome))?.ms ?? null;
}

/** Where an item's quantities are gathered: a list that grows makes room for seventeen. */
const gathered: MeteredQuantity[] = [];

function meterItem(charges: readonly CompiledCharge[], item: Metered): readonly MeteredQuantity[] {
  let count = 0;
  for (const { chargeKey, selects, cellOf, quantityOf } of charges) {
    if (!selects(item)) continue;
    const cell = cellOf(item);
    const quantity = cell === null ? 0n : quantityOf(item);
    if (cell === null || quantity === 0n) continue;
    gathered[count] = { chargeKey, cell, quantity };
    count += 1;
  }
  return count === 0 ? NOTHING : gathered.slice(0, count);
}

function takesOf(charges: readonly CompiledCharge[], item: Metered): StepTake[] {
  return charges.flatMap(({ chargeKey, selects, cellOf, of, isCounting, costOf }) => {
    const cell = selects(item) ? cellOf(item) : null;
    return cell === null ? [] : [{ chargeKey, cell, of, isCounting, costOf }];
  });
}

/** One entry for each quantity that the charge takes; a percentage's fixed part is its own. */
function compileCharge(charge: Charge, costOf: CostConversion | undefined): CompiledCharge[] {
  const { key, meter, price } = charge;
  const selects = chargeSelection(charge);
  const quantityOf = quantityFunction(meter, costOf);
  const takes = {
    of: measureOf(meter),
    isCounting: false,
    costOf: isCostMeter(meter) ? (costOf ?? null) : null,
  };
  const compiled = { chargeKey: key, selects, cellOf: cellFunction(price), quantityOf, ...takes };
  if (price.model !== "percentage" || price.fixed === 0n) return [compiled];
  const stepsOf: CompiledCharge["quantityOf"] = (item) => (quantityOf(item) === 0n ? 0n : ONE_UNIT);
  const fixed = { cellOf: () => FIXED_CELL, quantityOf: stepsOf, isCounting: true };
  return [compiled, { ...compiled, ...fixed }];
}

function cellFunction(price: PriceModel): CompiledCharge["cellOf"] {
  if (price.model !== "matrix") return () => NO_CELL;
  const cells: ReadonlySet<unknown> = new Set(Object.keys(price.cells));
  const other = price.otherwise === null ? null : OTHERWISE_CELL;
  const read = typeof price.by === "string" ? dimension(price.by) : pairDimension(price.by);
  return (item) => {
    const value = read(item);
    return cells.has(value) ? (value as string) : other;
  };
}

function pairDimension([first, second]: readonly [MatrixDimension, MatrixDimension]) {
  const [readFirst, readSecond] = [dimension(first), dimension(second)];
  return (item: Metered): string | null => {
    const [a, b] = [readFirst(item), readSecond(item)];
    return a == null || b == null ? null : pairCell(a, b);
  };
}

function quantityFunction(
  meter: Meter,
  costOf: CostConversion | undefined,
): CompiledCharge["quantityOf"] {
  if ("count" in meter) return () => ONE_UNIT;
  // Only steps have costs, so the item is one.
  if (isCostMeter(meter) && costOf !== undefined) return (item) => costOf(item as MeteredStep);
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
    const priced = pricedCell(cell);
    const measure = measureOfCell(charge, priced);
    const price = { effectiveFromMs, measure, price: chargePrice(charge, priced, card.credit) };
    cells.set(cell, price);
    return price;
  };
}

/** The fixed part of a percentage counts steps. */
function measureOfCell({ meter, price }: Charge, cell: string): string {
  const isFixed = price.model === "percentage" && cell === FIXED_CELL;
  return isFixed ? measureOf({ count: "steps", where: {} }) : measureOf(meter);
}
