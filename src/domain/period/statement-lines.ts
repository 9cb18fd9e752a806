/** The lines of a statement before they are rounded, each kind by what it is made of. */

import { isTrialCell, pricedCell } from "../event/trial-cell.ts";
import { FACTOR_SCALE } from "../limits.ts";
import { type Amount, formatScaled, quantityOfInteger, ZERO_AMOUNT } from "../money/decimal.ts";
import { OTHERWISE_CELL } from "../rating/price-model.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Booking } from "./booking.ts";
import type { Taken } from "./discount-lines.ts";
import type { LineOrder } from "./line-order.ts";
import type { ChargeBounds, FeePart, PeriodTerms } from "./period-terms.ts";
import type { Adjustment } from "./records.ts";
import { NO_CHARGE, RUN_CAP_CELL, type RunCorrections } from "./run-bounds.ts";
import type { ChargeCount, StatementLine, TrialAmount } from "./statement-line.ts";
import { minimumText, type PartialMinimum, spanText } from "./told-times.ts";

const RUN_CAP = "Run cap";
const RUN_MINIMUM = "Run minimum";
/** The cell of a matrix that nobody but its card calls by a star. */
const ALL_OTHERS = "all others";

/** A line before it is rounded. */
export type Unrounded = Omit<StatementLine, "amountRounded">;

/** A line that belongs to the whole statement. */
export const NO_PLACE: Omit<Unrounded, "kind" | "description" | "amountExact"> = {
  cardKey: "",
  chargeKey: "",
  cell: "",
  originPeriod: null,
  measure: null,
  quantity: null,
  credits: null,
  credit: null,
  conversions: [],
};
const WHOLE = NO_PLACE;

/** A charge, what of it is included, and the difference that its volume tiers make. */
export function chargeLines(counts: readonly ChargeCount[], order: LineOrder): Unrounded[] {
  return counts.toSorted(order).flatMap(linesOfCount);
}

function linesOfCount(count: ChargeCount): Unrounded[] {
  const { cardKey, chargeKey, cell, measure, quantity, included, conversions } = count;
  const { credits, credit, correctionCredits } = count;
  const named = nameOf(count);
  const description = isTrialCell(cell) ? `${named} in the trial` : named;
  const at = { ...WHOLE, cardKey, chargeKey, cell };
  const correction = (count.final - count.running) as Amount;
  const charge = { ...at, description, measure, quantity, credits, credit, conversions };
  const lines: Unrounded[] = [{ ...charge, kind: "charge", amountExact: count.running }];
  if (included !== 0n) {
    const free = { ...at, description: `${description}: included`, measure, quantity: included };
    lines.push({ ...free, kind: "included", amountExact: ZERO_AMOUNT });
  }
  if (correction !== 0n) {
    const tier = { ...at, description: `${description}: volume tier correction`, credit };
    const inCredits = { ...tier, credits: correctionCredits };
    lines.push({ ...inCredits, kind: "tier_correction", amountExact: correction });
  }
  return lines;
}

/** A charge with its cell, which is that of what is paid. */
function nameOf({ name, cell }: Pick<ChargeCount, "name" | "cell">): string {
  const priced = pricedCell(cell);
  if (priced === "") return name;
  return `${name} (${priced === OTHERWISE_CELL ? ALL_OTHERS : priced})`;
}

/** What trials take off: each line of what they counted, whole, so that no rounding is left. */
export function trialsOf(counts: readonly ChargeCount[]): TrialAmount[] {
  return counts.flatMap((count): TrialAmount[] => {
    const { cardKey, chargeKey, cell, name, running, final, stretch } = count;
    if (!isTrialCell(cell)) return [];
    const at = { cardKey, chargeKey, cell, ...(stretch && { stretch }) };
    return [
      { ...at, name, amount: running },
      { ...at, name: `${name}: volume tier correction`, amount: (final - running) as Amount },
    ];
  });
}

/** What a trial takes off again. */
export function trialLines(trials: readonly TrialAmount[], order: LineOrder): Unrounded[] {
  return trials.toSorted(order).flatMap((trial) => {
    const { cardKey, chargeKey, cell, amount } = trial;
    if (amount === 0n) return [];
    const description = `${nameOf(trial)}: trial`;
    const at = { ...WHOLE, cardKey, chargeKey, cell, description };
    return [{ ...at, kind: "trial" as const, amountExact: -amount as Amount }];
  });
}

/** How lines tell what they are for. */
export interface ToldIn {
  readonly currency: string;
  readonly timeZone: string;
}

interface Counted {
  readonly counted: readonly StatementLine[];
  readonly order: LineOrder;
}

/** What is missing to the least of a charge, or above its most, by what its lines came to. */
export function boundLines(
  bounds: readonly ChargeBounds[],
  { counted, order, ...told }: ToldIn & Counted,
): Unrounded[] {
  return bounds.toSorted(order).flatMap((bound) => {
    const { cardKey, chargeKey, name, minimumParts } = bound;
    const own = counted.filter((line) => line.cardKey === cardKey && line.chargeKey === chargeKey);
    const charged = own.reduce((sum, { amountRounded }) => sum + amountRounded, 0n) as Amount;
    const at = { ...WHOLE, cardKey, chargeKey };
    return bounded(bound, charged).map(
      ({ isMinimum, amount }): Unrounded => ({
        ...at,
        kind: isMinimum ? "charge_minimum" : "charge_maximum",
        description: `${name}: ${boundText(isMinimum, minimumParts, told)}`,
        amountExact: amount,
      }),
    );
  });
}

/** A fee; where it is for a part of the period, the description says for which, where they live. */
export function feeLine(
  fee: FeePart,
  { period, timeZone }: { readonly period: BillingPeriod; readonly timeZone: string },
): Unrounded {
  const { cardKey, feeKey: chargeKey, name, amount, startMs, endMs } = fee;
  const isWhole = startMs === period.startMs && endMs === period.endMs;
  const description = isWhole ? name : `${name}: ${spanText(fee, timeZone)} ${timeZone}`;
  return { ...WHOLE, kind: "fee", cardKey, chargeKey, description, amountExact: amount };
}

/** What caps and minimums of runs make of the period; the quantity is the number of runs. */
export function runLines(corrections: readonly RunCorrections[], order: LineOrder): Unrounded[] {
  return corrections.toSorted(order).flatMap((one): Unrounded[] => {
    const at = { ...WHOLE, cardKey: one.cardKey, measure: "runs" };
    const cap = { ...at, kind: "run_cap" as const, description: RUN_CAP };
    const least = { ...at, kind: "run_minimum" as const, description: RUN_MINIMUM };
    return [
      { ...cap, quantity: quantityOfInteger(one.cappedRuns), amountExact: one.cap },
      { ...least, quantity: quantityOfInteger(one.raisedRuns), amountExact: one.minimum },
    ].filter(({ amountExact }) => amountExact !== 0n);
  });
}

/** What a discount takes off. */
export function discountLine({ discount, amount }: Taken): Unrounded {
  const { key, name, value } = discount;
  const percent = "percent" in value ? ` (${formatScaled(value.percent, FACTOR_SCALE - 2)} %)` : "";
  const description = `${name}${percent}`;
  const amountExact = -amount as Amount;
  return { ...WHOLE, kind: "discount", chargeKey: key, description, amountExact };
}

/**
 * The minimum is met by what the customer is billed, so it fills up the rounded charges: the bill
 * comes to exactly the minimum. So does the maximum, the other way.
 */
export function periodBoundLines(
  bounds: Pick<PeriodTerms, "minimum" | "minimumParts" | "maximum">,
  { charged, ...told }: ToldIn & { readonly charged: Amount },
): Unrounded[] {
  return bounded(bounds, charged).map(({ isMinimum, amount }) => ({
    ...WHOLE,
    kind: isMinimum ? "minimum" : "maximum",
    description: capitalized(boundText(isMinimum, bounds.minimumParts, told)),
    amountExact: amount,
  }));
}

/** A minimum that is for parts of the period says for which, and what it comes to for them. */
function boundText(isMinimum: boolean, parts: readonly PartialMinimum[], told: ToldIn): string {
  if (!isMinimum) return "maximum of the period";
  return parts.length === 0 ? "minimum of the period" : `minimum of ${minimumText(parts, told)}`;
}

function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

interface Bounded {
  readonly isMinimum: boolean;
  readonly amount: Amount;
}

function bounded({ minimum, maximum }: Bounds, charged: Amount): Bounded[] {
  if (minimum !== null && charged < minimum) {
    return [{ isMinimum: true, amount: (minimum - charged) as Amount }];
  }
  if (maximum === null || charged <= maximum) return [];
  return [{ isMinimum: false, amount: (maximum - charged) as Amount }];
}

type Bounds = Pick<PeriodTerms, "minimum" | "maximum">;

/** What rounding added to the total; it is a part of it in the exact column only. */
export function roundingLines(residual: Amount): StatementLine[] {
  if (residual === 0n) return [];
  const line = { ...WHOLE, kind: "rounding" as const, description: "Rounding" };
  return [{ ...line, amountExact: residual, amountRounded: ZERO_AMOUNT }];
}

/** One line for each closed period, charge and cell: rounding each late event would lose money. */
export function adjustmentLines(
  adjustments: readonly Adjustment[],
  chargeName: (row: Adjustment) => string,
  order: LineOrder,
): Unrounded[] {
  const sorted = adjustments.toSorted((a, b) => {
    const [one, other] = [a.originPeriod, b.originPeriod];
    return one === other ? order(a, b) : one < other ? -1 : 1;
  });
  const groups = Map.groupBy(sorted, (adjustment) =>
    JSON.stringify([
      adjustment.originPeriod,
      adjustment.cardKey,
      adjustment.chargeKey,
      adjustment.cell,
      adjustment.credits?.name ?? null,
    ]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const amountExact = group.reduce((sum, { amount }) => sum + amount, 0n) as Amount;
    const inCredits = creditsOf(group);
    if (first === undefined || (amountExact === 0n && !inCredits.credits)) return [];
    const { cardKey, chargeKey, cell, originPeriod } = first;
    const charge = adjustedName(first, chargeName(first));
    const description = `${charge}: adjustment of the period ${originPeriod}`;
    const at = { ...WHOLE, cardKey, chargeKey, cell, originPeriod, ...inCredits };
    return [{ ...at, kind: "adjustment" as const, description, amountExact }];
  });
}

/** What rows come to in the one credit that they are of. */
export function creditsOf(
  rows: readonly Pick<Adjustment, "credits">[],
): Pick<StatementLine, "credits" | "credit"> {
  const own = rows.flatMap(({ credits }) => credits ?? []);
  const last = own.at(-1);
  if (last === undefined) return { credits: null, credit: null };
  const credits = own.reduce((sum, { amount }) => sum + amount, 0n) as Amount;
  return { credits, credit: { name: last.name, price: last.price } };
}

/** What an adjustment is of, as its line tells it, by the name of its charge. */
export function adjustedName(
  { chargeKey, cell }: Pick<Adjustment, "chargeKey" | "cell">,
  name: string,
): string {
  if (chargeKey === NO_CHARGE) return cell === RUN_CAP_CELL ? RUN_CAP : RUN_MINIMUM;
  return nameOf({ name, cell });
}

/** What people booked in the period. */
export function bookingLine({ amount, inCredits, ...booking }: Booking): Unrounded {
  return {
    ...WHOLE,
    ...booking,
    ...creditsOf([{ credits: inCredits ?? null }]),
    amountExact: amount,
  };
}
