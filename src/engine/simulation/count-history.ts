/** Counts steps, runs, outcomes and opening counts as each contender's card would have. */
import { TollgateError } from "../../domain/errors.ts";
import { SIMULATED_PERIODS_MAX_COUNT } from "../../domain/limits.ts";
import { parseAmount, parseQuantity } from "../../domain/money/decimal.ts";
import type { Opened } from "../../domain/period/booking.ts";
import type { MeteredQuantity } from "../../domain/rating/meter.ts";
import { isCostMeter, measureOf } from "../../domain/rating/meter-fields.ts";
import type { Charge } from "../../domain/rating/rate-card.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { meteredOfOutcome, meteredOfRun, ratingOf } from "../booking/metered.ts";
import type { Tariff } from "../cards/tariff.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { Onlooker, StepSumRequest } from "../history.ts";
import { CountedElsewhere, openedBy } from "../periods/opened-counts.ts";
import { hasCell, type OpeningPart } from "../periods/set-opening.ts";
import type { CounterKey, Customer, RunFilter, Store } from "../ports.ts";
import { type Contender, contenderOf, UNTRIED_ID } from "./contender.ts";
import { addDated, type DatedRows } from "./dated-counts.ts";
import { type RatedBy, ratedOutcome } from "./rated-outcome.ts";
import { SimulatedCounters } from "./simulated-counters.ts";

/** Runs or outcomes that are read at a time. */
const ROWS_A_READ = 1_000;

/** A contender and what it has counted. */
export interface Counting extends Contender {
  /** Whether it is what is in force, rather than a card that was never applied. */
  readonly isInForce: boolean;
  readonly counters: SimulatedCounters;
  /** What it counts of customers whose credit moves, told apart by the moments of that. */
  readonly dated: DatedRows;
}

/** Whose history is counted, and where it is. */
export interface HistoryOf extends RatedBy {
  readonly store: Store;
  readonly workspace: string;
  /** Ids of those that are asked for; null: everyone. */
  readonly named: readonly string[] | null;
  /** Null for a customer that is not counted. */
  customer(id: string): Customer | null | Promise<Customer | null>;
  /** Whether it is asked for itself. (Default: all that are counted.) */
  isAsked?(id: string): boolean;
}

/** Counts all that the contenders charge of steps. */
export async function countSteps(
  { store, workspace }: HistoryOf,
  request: StepSumRequest,
  onlooker: Onlooker,
): Promise<Counting[]> {
  const countings = request.contenders.map((data): Counting => {
    const contender = contenderOf(data, request);
    const counters = new SimulatedCounters(contender.tariff);
    return { ...contender, isInForce: data.kind === "in_force", counters, dated: new Map() };
  });
  const isDated = new Set(request.moments.customers.map(([id]) => id));
  for (const row of await store.history(workspace).sumSteps(request, onlooker)) {
    const counting = countings[row.contender];
    counting?.counters.add(row);
    if (counting !== undefined && isDated.has(row.customer)) addDated(counting.dated, row);
  }
  requireBounded(countings);
  return countings;
}

/** Throws `simulation.too_large`: every counter is held until its customer is billed. */
function requireBounded(countings: readonly Counting[]): void {
  const rowsIn = (dated: DatedRows) => dated.values().reduce((sum, rows) => sum + rows.length, 0);
  const size = Math.max(
    0,
    ...countings.map(({ counters, dated }) => Math.max(counters.size, rowsIn(dated))),
  );
  if (size <= SIMULATED_PERIODS_MAX_COUNT) return;
  const most = SIMULATED_PERIODS_MAX_COUNT;
  const detail = `${size} periods of customers are more than ${most}, the most of a simulation.`;
  throw new TollgateError("simulation.too_large", detail);
}

/** Counts runs by the card in force at their opening. Returns how many roots there are. */
export async function countRuns(of: HistoryOf, countings: readonly Counting[]): Promise<number> {
  const { isAsked = () => true } = of;
  let roots = 0;
  for await (const run of runsOf(of)) {
    const customer = run.customer === null ? null : await of.customer(run.customer);
    if (customer === null) continue;
    if (run.parent === null && !run.standing && isAsked(customer.id)) roots += 1;
    for (const counting of countings) countRun(counting, customer, run);
  }
  return roots;
}

/** Runs of those that are named, or of everyone. */
export async function* runsOf({
  store,
  workspace,
  named,
}: Pick<HistoryOf, "store" | "workspace" | "named">): AsyncGenerator<RunFacts> {
  if (named !== null) {
    for (const id of named) yield* runsOfCustomer(store, workspace, id);
    return;
  }
  const history = store.history(workspace);
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: RunFacts[] = await history.runs({ after, limit: ROWS_A_READ });
    yield* page;
    await othersTurn();
    after = page.length < ROWS_A_READ ? undefined : page.at(-1)?.id;
  }
}

/** All runs of a customer, whole. */
export async function* runsOfCustomer(
  store: Store,
  workspace: string,
  customer: string,
): AsyncGenerator<Run> {
  const filter = { customer, limit: ROWS_A_READ };
  for (let after: string | undefined; ; ) {
    const where: RunFilter = after === undefined ? filter : { ...filter, after };
    const page: Run[] = await store.listRuns(workspace, where);
    yield* page;
    await othersTurn();
    after = page.at(-1)?.id;
    if (page.length < ROWS_A_READ) return;
  }
}

/** By what a contender counts a run: what is in force has counted it already. */
export function runRatingBy(
  { isInForce, tariff, customerAs }: Counting,
  customer: Customer,
  run: RunFacts,
) {
  if (isInForce) return run.rating;
  if (run.customer === null || run.parent !== null || run.standing) return null;
  return ratingOf(tariff, run, customerAs(customer));
}

function countRun(counting: Counting, customer: Customer, run: RunFacts): void {
  const rating = runRatingBy(counting, customer, run);
  if (rating === null || !rating.counted) return;
  const { cardVersionId, period } = rating;
  const metered = meteredOfRun(counting.tariff.cardById(cardVersionId), rating);
  counting.counters.addMetered({ customer: customer.id, period }, cardVersionId, metered);
}

/** Counts outcomes that are final and were not reversed, by the card in force at their time. */
export async function countOutcomes(of: HistoryOf, countings: readonly Counting[]): Promise<void> {
  const asksEnding = countings.some(({ isInForce, tariff }) => !isInForce && tariff.waitsForEnd);
  for await (const outcome of outcomesOf(of)) {
    const customer = await of.customer(outcome.customer);
    if (customer === null) continue;
    const run = asksEnding ? await of.store.run(of.workspace, outcome.run) : undefined;
    for (const counting of countings) {
      const rated = ratedOutcome(counting, { outcome, customer, run }, of);
      if (rated?.status !== "recorded" || rated.cardVersionId === null) continue;
      const card = counting.tariff.cardById(rated.cardVersionId);
      const metered = meteredOfOutcome(card, rated, { customer: () => customer });
      counting.counters.addMetered(keyOf(rated), rated.cardVersionId, metered);
    }
  }
}

async function* outcomesOf({ store, workspace, named }: HistoryOf): AsyncGenerator<OutcomeState> {
  if (named !== null) {
    for (const id of named) {
      for await (const run of runsOfCustomer(store, workspace, id)) {
        yield* await store.outcomesOfRun(workspace, run.id);
      }
    }
    return;
  }
  const history = store.history(workspace);
  for (let after: OutcomeState | null | undefined = null; after !== undefined; ) {
    const page: OutcomeState[] = await history.outcomes({ after, limit: ROWS_A_READ });
    yield* page;
    await othersTurn();
    after = page.length < ROWS_A_READ ? undefined : page.at(-1);
  }
}

/** An opening as the journal keeps it, with the seq of its act. */
export interface RecordedOpening extends OpeningPart {
  readonly seq: number;
}

/** What an opening took off, as a contender prices it. */
export interface SimulatedOpening extends Opened {
  readonly part: RecordedOpening;
  readonly cardVersionId: number;
  readonly item: MeteredQuantity;
}

/**
 * What was counted elsewhere as a contender counts it, with what each part of it comes to, which
 * whoever counted it has billed. A card without the charge, or whose charge of that key
 * counts something else, takes up nothing.
 */
export function simulatedOpenings(
  { tariff, isInForce }: Counting,
  parts: readonly RecordedOpening[],
  recorded: Tariff,
): SimulatedOpening[] {
  const elsewhere = new CountedElsewhere();
  return parts.flatMap((part): SimulatedOpening[] => {
    const { counter } = part;
    if (counter === null) return [];
    const id = isInForce ? counter.cardVersion : UNTRIED_ID;
    const card = tariff.cardById(id);
    const charge = card.charges.find(({ key }) => key === counter.charge);
    if (charge === undefined || !hasCell(charge, counter.cell)) return [];
    const then = recorded.cardById(counter.cardVersion).charges;
    const former = then.find(({ key }) => key === counter.charge);
    if (former === undefined || measureOf(charge.meter) !== measureOf(former.meter)) return [];
    const item = itemOf(charge, counter);
    const opened = isInForce ? openedBy(part) : elsewhere.add(part.period, card, item);
    return [{ part, cardVersionId: id, item, ...opened }];
  });
}

function keyOf({ customer, period }: CounterKey): CounterKey {
  return { customer, period };
}

function itemOf(
  charge: Charge,
  { cell, quantity: text }: { readonly cell: string; readonly quantity: string },
): MeteredQuantity {
  const parsed = isCostMeter(charge.meter) ? parseAmount(text) : parseQuantity(text);
  return { chargeKey: charge.key, cell, quantity: parsed ?? 0n };
}
