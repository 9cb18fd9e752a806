/**
 * What a charge takes of a step, run or outcome: tests and dimensions made ready once for a card,
 * because every step passes them.
 */
import type { Labels, StepFacts } from "../event/event.ts";
import type { Amount } from "../money/decimal.ts";
import { isCostMeter, labelOfDimension } from "./meter-fields.ts";
import type { Charge, ChargedEnding, MatrixDimension, Meter, Where } from "./rate-card.ts";

/** What meters know of a step. */
export interface MeteredStep extends StepFacts {
  readonly agent: string | null;
  /** What the step cost us. */
  readonly cost: Amount;
  /** The instant that rates it: a cost in another currency is converted at its rate. */
  readonly ratedAtMs?: number;
}

/** How a run has ended, or the run of an outcome. */
interface Ended {
  /** A charge that waits for the end takes nothing before it. (Default: null, it has not ended) */
  readonly ending?: ChargedEnding | null;
}

/** What meters know of a run. */
export interface MeteredRun extends Ended {
  readonly agent: string | null;
  readonly labels: Labels | null;
}

/** What meters know of an outcome. */
export interface MeteredOutcome extends Ended {
  readonly outcome: string;
  readonly agent: string | null;
}

/** Anything that a meter may look at: a field that it lacks never matches. */
export type Metered = Partial<MeteredStep & MeteredRun & MeteredOutcome>;

type Value = string | number | null | undefined;
type Test = (item: Metered) => boolean;

/** Whether a meter selects an item. Every filter must match; a list matches any of its values. */
export function selection(meter: Meter): Test {
  const tests = testsOf(whereOf(meter));
  const [first, second, ...others] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (others.length === 0) return (item) => first(item) && second(item);
  return (item) => tests.every((test) => test(item));
}

/** Cost is what providers charge us: a step that its customer pays for is not in it. */
function whereOf(meter: Meter): Where {
  const isOurs = isCostMeter(meter) && meter.where.payer === undefined;
  return isOurs ? { ...meter.where, payer: ["us"] } : meter.where;
}

function testsOf({ label = {}, ...where }: Where): Test[] {
  const fields = Object.entries(where) as [keyof typeof where, readonly (string | number)[]][];
  return [
    ...fields.map(([field, values]) => among(values, (item) => item[field])),
    ...Object.entries(label).map(([name, values]) => among(values, (item) => labelOf(item, name))),
  ];
}

function among(values: readonly (string | number)[], read: (item: Metered) => Value): Test {
  const [only] = values;
  if (values.length === 1) return (item) => read(item) === only;
  const known: ReadonlySet<Value> = new Set(values);
  return (item) => known.has(read(item));
}

/** Labels come from outside: a label named like a property of every object is none. */
function labelOf({ labels }: Metered, name: string): string | undefined {
  return labels && Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** Whether a charge takes an item: its meter selects it, and its run ended as the charge asks. */
export function chargeSelection({ meter, endings }: Pick<Charge, "meter" | "endings">): Test {
  const selects = selection(meter);
  if (endings === null) return selects;
  const ended: ReadonlySet<unknown> = new Set(endings);
  return (item) => ended.has(item.ending) && selects(item);
}

/** The value of an item that a matrix is by; undefined or null where the item has none. */
export function dimension(by: MatrixDimension): (item: Metered) => string | null | undefined {
  const label = labelOfDimension(by);
  if (label !== undefined) return (item) => labelOf(item, label);
  const field = by as Exclude<MatrixDimension, `label.${string}`>;
  return (item) => item[field];
}
