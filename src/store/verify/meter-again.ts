/**
 * What a rate card's charges count, read from the card's document a second time and on purpose
 * without the product's rating: two readings that agree are worth more than one that is shared.
 */
import type { Step } from "../../domain/event/step.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import type { OutcomeState, Run, RunRating } from "../../domain/run/run.ts";
import type { PricedDocument } from "./price-again.ts";

type Json = Readonly<Record<string, unknown>>;

/** A charge as its card's document writes it. */
export interface ChargeDocument extends PricedDocument {
  readonly key: string;
  readonly when?: Json | null;
  readonly settles?: Json | null;
}

/** A quantity that a charge takes; a cost is in amounts. */
export interface Taken {
  readonly chargeKey: string;
  readonly cell: string;
  readonly quantity: bigint;
}

/** What is counted: `runs`, `steps` or `outcomes`. A sum adds up what steps state. */
export function subjectOf({ meter }: ChargeDocument): string {
  return typeof meter.count === "string" ? meter.count : "steps";
}

/** Only equal measures continue one another in a counter. */
export function measureOf({ meter, price }: ChargeDocument, cell: string): string {
  if (price.model === "percentage" && cell === "fixed") return "steps";
  return typeof meter.count === "string" ? meter.count : `sum:${meter.sum}`;
}

/** How a run has ended, as charges on these are told: only where one of them asks. */
export function endingAgain(
  charges: readonly ChargeDocument[],
  subject: "runs" | "outcomes",
  { status }: Run,
): string | null {
  const asks = charges.some((charge) => subjectOf(charge) === subject && charge.when);
  return asks && status !== "open" ? status : null;
}

/** What a step that counts gives to each charge. */
export function takenOfStep(charges: readonly ChargeDocument[], step: Step): Taken[] {
  if (step.voided || step.role !== "bill") return [];
  return taken(charges, "steps", { ...step, attempt: String(step.attempt) });
}

/** What the charges take of a run. */
export function takenOfRun(charges: readonly ChargeDocument[], rating: RunRating): Taken[] {
  const { agent, labels, ending } = rating;
  return rating.counted ? taken(charges, "runs", { agent, labels, ending }) : [];
}

/** What the charges take of an outcome. */
export function takenOfOutcome(charges: readonly ChargeDocument[], state: OutcomeState): Taken[] {
  const { outcome, agent, ending } = state;
  return state.status === "recorded" ? taken(charges, "outcomes", { outcome, agent, ending }) : [];
}

function taken(charges: readonly ChargeDocument[], subject: string, item: Json): Taken[] {
  return charges.flatMap((charge) => {
    if (subjectOf(charge) !== subject || !selects(charge.meter, item)) return [];
    if (charge.when && !matches(charge.when.ending, item.ending)) return [];
    const cell = cellOf(charge.price, item);
    const quantity = quantityOf(charge.meter, item);
    if (cell === null || quantity === 0n) return [];
    const one = { chargeKey: charge.key, cell, quantity };
    const hasFixed = charge.price.model === "percentage" && charge.price.fixed !== undefined;
    return hasFixed ? [one, { ...one, cell: "fixed", quantity: ONE_UNIT }] : [one];
  });
}

function selects(meter: Json, item: Json): boolean {
  const where = { ...(meter.sum === "cost" ? { payer: "us" } : {}), ...(meter.where as Json) };
  return Object.entries<unknown>(where).every(([field, wanted]) => {
    if (field !== "label") return matches(wanted, item[field]);
    return Object.entries(wanted as Json).every(([name, values]) =>
      matches(values, labelOf(item, name)),
    );
  });
}

function matches(wanted: unknown, value: unknown): boolean {
  const values = Array.isArray(wanted) ? wanted : [wanted];
  return typeof value === "string" && values.some((one) => String(one) === value);
}

function labelOf({ labels }: Json, name: string): unknown {
  const own = labels !== null && typeof labels === "object" && Object.hasOwn(labels, name);
  return own ? (labels as Json)[name] : undefined;
}

/** Null: a value without a price, which is not counted. */
function cellOf(price: Json, item: Json): string | null {
  if (price.model !== "matrix") return "";
  const [first, second] = [price.by].flat().map((by) => dimensionOf(String(by), item));
  const cells = price.cells as Json;
  if (typeof first === "string" && Object.hasOwn(cells, first)) {
    if (!Array.isArray(price.by)) return first;
    const row = cells[first] as Json;
    if (typeof second === "string" && Object.hasOwn(row, second)) return `${first} | ${second}`;
  }
  return price.otherwise === undefined || price.otherwise === null ? null : "*";
}

function dimensionOf(by: string, item: Json): unknown {
  return by.startsWith("label.") ? labelOf(item, by.slice("label.".length)) : item[by];
}

function quantityOf(meter: Json, item: Json): bigint {
  if (typeof meter.count === "string") return ONE_UNIT;
  if (meter.sum === "cost") return item.cost as bigint;
  const usage = item.usage as ReadonlyMap<string, bigint>;
  return usage.get(String(meter.sum)) ?? 0n;
}
