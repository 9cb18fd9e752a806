/**
 * What is behind a line of a statement: the steps, runs and outcomes that its charge counted, or
 * the bookings that it sums. Shown as the statement billed them, so that they add up to the line.
 * What came later for the closed period is in an adjustment; what was changed later is marked.
 */
import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import {
  type Amount,
  parseAmount,
  parseQuantity,
  ZERO_AMOUNT,
} from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { Adjustment, StatementRecord } from "../../domain/period/records.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { COST_MEASURE } from "../../domain/rating/meter-fields.ts";
import type { OutcomeState, RunFacts, RunShare } from "../../domain/run/run.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import {
  type Customers,
  meteredOfOutcome,
  meteredOfRun,
  meteredOfStep,
} from "../booking/metered.ts";
import type { Tariff } from "../cards/tariff.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext, ReadContext } from "../context.ts";
import type { CounterKey, Reads } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { boundLinePage, isOfBounds } from "./bound-line.ts";
import { recordedAmount } from "./credited.ts";
import type {
  LineCursor,
  LineItem,
  LinePage,
  LineQuery,
  PlaceInRun,
  StepPlace,
} from "./line-page.ts";
import { type AtClose, RunsAtClose, type StepsAtClose } from "./runs-at-close.ts";
import type { OpeningPart } from "./set-opening.ts";
import {
  type DocumentLine,
  findStatement,
  lineOf,
  ownCreditOf,
  pricedInBy,
} from "./statement-lines.ts";

export type { LinePage, LineQuery };

const RUNS_A_READ = 100;
/** Runs looked at for one page: a customer may have many that are of other periods. */
const RUNS_A_PAGE_MAX_COUNT = 500;
/** Steps, or rows of bookings, looked at for one page: many may be of others than its line. */
const STEPS_A_PAGE_MAX_COUNT = 10_000;

/** Lines that are the sum of what charges took for runs, steps and outcomes. */
const OF_CHARGES: ReadonlySet<string> = new Set(["charge", "tier_correction", "trial"]);

/**
 * Reads a page. What was changed later is marked as `reads` know it: now, or as of an instant.
 * Throws `statement.not_found`, `statement.line_not_found`.
 */
export async function readLine(
  context: EngineContext,
  workspace: string,
  { reads = context, ...query }: LineQuery & { readonly reads?: ReadContext },
): Promise<LinePage> {
  const { store, tariffs } = reads;
  const statement = await findStatement(store, workspace, query.statement);
  const line = lineOf(statement, query.line);
  const about = { line, currency: statement.currency };
  if (OF_CHARGES.has(line.kind) || isOfBounds(line)) {
    const closing = await store.lastAct(workspace, "period.closed", statement.id);
    const again = await store.lastAct(workspace, "statement.reissued", statement.id);
    const closedSeq = (closing ?? again)?.seq ?? 0;
    const tariff = await tariffs.of(workspace);
    const owner = present(await store.customer(workspace, statement.customer), "the customer");
    const runs = new RunsAtClose(context, reads, { workspace, seq: closedSeq });
    const of = { store, workspace, tariff, statement, line, runs, customer: () => owner };
    // A period begins within a day of its date in UTC, in whichever time zone.
    await requireSteps(store, workspace, Date.parse(statement.period) - DAY_MS);
    if (isOfBounds(line)) {
      const bound = { ...of, store: context.store, customer: owner };
      return { ...about, ...(await boundLinePage(bound, query)) };
    }
    const reader = new ChargeReader(of);
    const page = await reader.page(query);
    const before = query.cursor === null ? await reader.countedBefore() : [];
    return { ...about, ...page, items: [...before, ...page.items] };
  }
  const key = { customer: statement.customer, period: statement.period };
  const of = { line, ownCredit: ownCreditOf(statement), query };
  return { ...about, ...(await bookingPage({ store, workspace, key }, of)) };
}

/** A line of bookings, and the credit that it is of where it names none. */
interface BookingLine {
  readonly line: DocumentLine;
  readonly ownCredit: string | undefined;
}

/** A booking goes back to a period that its row names, and its line only where that is another. */
function isOf(row: Adjustment, { line, ownCredit }: BookingLine): boolean {
  const isWanted = isByHand(row) ? row.chargeKey === line.kind : line.kind === "adjustment";
  const origin = line.originPeriod ?? row.bookedPeriod;
  return (
    isWanted &&
    row.originPeriod === origin &&
    row.cardKey === line.cardKey &&
    row.chargeKey === line.chargeKey &&
    row.cell === line.cell &&
    row.credits?.name === (line.credits && (line.credit?.name ?? ownCredit))
  );
}

type Page = Pick<LinePage, "items" | "next">;

interface Booked {
  readonly store: Reads;
  readonly workspace: string;
  readonly key: CounterKey;
}

/** Rows of a period, some at a time: what came late may have left one for each step. */
async function* bookedRows({ store, workspace, key }: Booked, from: number) {
  for (let after: number | undefined = from; after !== undefined; ) {
    const page = { after, limit: PAGE_MAX_ROWS };
    const rows: Adjustment[] = await store.adjustmentPage(workspace, key, page);
    yield rows;
    after = rows.length < PAGE_MAX_ROWS ? undefined : rows.at(-1)?.seq;
    if (after !== undefined) await othersTurn();
  }
}

async function bookingPage(
  booked: Booked,
  { query, ...of }: BookingLine & { readonly query: LineQuery },
): Promise<Page> {
  const items: LineItem[] = [];
  let looked = 0;
  for await (const rows of bookedRows(booked, query.cursor?.afterSeq ?? 0)) {
    for (const row of rows) {
      looked += 1;
      if (isOf(row, of)) items.push(itemOf(row));
      const isFull = items.length === query.limit || looked === STEPS_A_PAGE_MAX_COUNT;
      if (isFull) return { items, next: { run: row.run, afterSeq: row.seq } };
    }
  }
  return { items, next: null };
}

function itemOf({ run, source, id, amount, reason }: Adjustment): LineItem {
  return {
    ...{ kind: "booking", run, source, id, amount, reason },
    ...{ occurredAtMs: null, quantity: null, changedAfterClose: false },
  };
}

interface ChargeOf extends Customers {
  readonly store: Reads;
  readonly workspace: string;
  readonly tariff: Tariff;
  readonly statement: StatementRecord;
  readonly line: DocumentLine;
  readonly runs: RunsAtClose;
}

const DAY_MS = 86_400_000;

/** An item with its seq, which is its place in its run unless that has many steps. */
interface Placed {
  readonly seq: number;
  readonly item: LineItem;
}

/** Items of a run in their order, each with its place, and where to go on. */
interface PartOfRun {
  readonly found: readonly (LineItem & { readonly place: PlaceInRun })[];
  /** Steps that were looked at. */
  readonly looked: number;
  /** Null: that was all of the run. */
  readonly next: PlaceInRun | null;
}

const START: PlaceInRun = { afterSeq: -1 };

/** Goes through the customer's runs, newest first, for what one charge counted in the period. */
class ChargeReader {
  readonly #of: ChargeOf;
  readonly #pricedIn: string | null | undefined;

  constructor(of: ChargeOf) {
    this.#of = of;
    this.#pricedIn = pricedInBy(of.statement)(of.line);
  }

  /** What was counted before the customer moved here; on the first page, beside its limit. */
  async countedBefore(): Promise<LineItem[]> {
    const { store, workspace, statement, line } = this.#of;
    const { customer, period } = statement;
    const rows: Adjustment[] = [];
    for await (const some of bookedRows({ store, workspace, key: { customer, period } }, 0)) {
      rows.push(...some.filter(({ reason }) => reason === "opening"));
    }
    const items: LineItem[] = [];
    for (const { id } of rows) {
      const of = { kind: "opening.set", subject: id } as const;
      const counter = (await recordedAct<OpeningPart>(store, workspace, of))?.counter ?? null;
      const isIts =
        counter?.card === line.cardKey &&
        counter.charge === line.chargeKey &&
        counter.cell === line.cell;
      if (counter === null || !isIts) continue;
      const card = this.#of.tariff.cardById(counter.cardVersion);
      if (!this.#isOfLine(card)) continue;
      const isCost = line.measure === COST_MEASURE;
      const quantity = (isCost ? parseAmount : parseQuantity)(counter.quantity) ?? null;
      const amount = recordedAmount(counter.share);
      const about = { kind: "booking", run: "", source: "", id, reason: "opening" } as const;
      items.push({ ...about, occurredAtMs: null, changedAfterClose: false, quantity, amount });
    }
    return items;
  }

  async page({ limit, cursor }: LineQuery): Promise<Page> {
    const items: LineItem[] = [];
    let [runs, steps] = [0, 0];
    for await (const { run, from } of this.#runsFrom(cursor)) {
      runs += 1;
      for (let at: PlaceInRun | null = from; at !== null; ) {
        const part: PartOfRun = await this.#partOf(run, at);
        const taken = part.found.slice(0, limit - items.length);
        items.push(...taken.map(({ place: _place, ...item }) => item));
        const last = taken.at(-1)?.place ?? at;
        if (taken.length < part.found.length) return { items, next: { run: run.id, ...last } };
        steps += part.looked;
        at = part.next;
        const isFull = items.length === limit || steps >= STEPS_A_PAGE_MAX_COUNT;
        if (at !== null && isFull) return { items, next: { run: run.id, ...at } };
        // One page after the other of a long run would leave nobody else the thread.
        if (at !== null) await othersTurn();
      }
      const isFull = items.length === limit || runs === RUNS_A_PAGE_MAX_COUNT;
      if (isFull || steps >= STEPS_A_PAGE_MAX_COUNT) {
        return { items, next: { run: run.id, afterSeq: null } };
      }
    }
    return { items, next: null };
  }

  async *#runsFrom(cursor: LineCursor | null): AsyncGenerator<{ run: RunFacts; from: PlaceInRun }> {
    const { store, workspace, statement } = this.#of;
    if (cursor !== null && (cursor.afterSeq !== null || cursor.afterStep !== undefined)) {
      const { run: id, ...from } = cursor;
      const run = await store.run(workspace, id);
      if (run !== undefined) yield { run, from };
    }
    let after = cursor?.run;
    for (;;) {
      const filter = { customer: statement.customer, limit: RUNS_A_READ };
      const where = after === undefined ? filter : { ...filter, after };
      const runs = await store.listRuns(workspace, where);
      for (const run of runs) yield { run, from: START };
      after = runs.at(-1)?.id;
      if (runs.length < RUNS_A_READ) return;
    }
  }

  /** Of a run with few steps all that is left, by seq; else what is no step, and then its steps. */
  async #partOf(now: RunFacts, from: PlaceInRun): Promise<PartOfRun> {
    const { runs } = this.#of;
    const run = await runs.facts(now);
    if (run === undefined) return { found: [], looked: 0, next: null };
    const { steps, looked, next } = await runs.steps(run.id, from.afterStep ?? null);
    const ofSteps = steps.flatMap((step) => this.#ofStep(step));
    const behind = next === null ? null : { afterSeq: null, afterStep: next };
    const places = ofSteps.map(({ item }) => {
      return {
        ...item,
        place: { afterSeq: null, afterStep: { source: item.source, id: item.id } },
      };
    });
    if (from.afterStep) return { found: places, looked, next: behind };
    const outcomes = await runs.outcomes(run.id);
    const head = [...this.#ofRun(run), ...outcomes.flatMap((outcome) => this.#ofOutcome(outcome))];
    // A run that had few steps when its first page was read is told to its end as it was begun.
    const isLong = from.afterStep === null || (next !== null && from.afterSeq === START.afterSeq);
    if (isLong) {
      const first = head.sort(bySeq).filter(({ seq }) => seq > (from.afterSeq ?? -1));
      const placed = first.map(({ seq, item }) => {
        return { ...item, place: { afterSeq: seq, afterStep: null } };
      });
      return { found: [...placed, ...places], looked, next: behind };
    }
    const rest = await this.#stepsBehind(run.id, next);
    const found = [...head, ...ofSteps, ...rest]
      .sort(bySeq)
      .filter(({ seq }) => seq > (from.afterSeq ?? -1))
      .map(({ seq, item }) => ({ ...item, place: { afterSeq: seq } }));
    return { found, looked, next: null };
  }

  async #stepsBehind(run: string, from: StepPlace | null): Promise<Placed[]> {
    const found: Placed[] = [];
    for (let at = from; at !== null; ) {
      const { steps, next }: StepsAtClose = await this.#of.runs.steps(run, at);
      found.push(...steps.flatMap((step) => this.#ofStep(step)));
      at = next;
      await othersTurn();
    }
    return found;
  }

  #ofRun(run: RunFacts): Placed[] {
    const { rating } = run;
    if (rating === null) return [];
    const { period } = this.#of.statement;
    const left = rating.left.filter((one) => one.period === period);
    const taken = left.map((one) => this.#taken(this.#card(one.cardVersionId), [], [one]));
    if (rating.period === period) {
      const card = this.#card(rating.cardVersionId);
      const metered = card === null || !rating.counted ? [] : meteredOfRun(card, rating);
      taken.push(this.#taken(card, metered, rating.shares));
    }
    const about = { kind: "run", run: run.id, source: "", id: "", reason: null } as const;
    const times = { occurredAtMs: run.openedAtMs, changedAfterClose: false };
    return taken.flatMap((one) => {
      return one === null ? [] : [{ seq: 0, item: { ...about, ...times, ...one } }];
    });
  }

  #ofStep({ was: step, isChanged }: AtClose<Step>): Placed[] {
    if (step.period !== this.#of.statement.period) return [];
    const card = this.#card(step.cardVersionId);
    const metered = card === null || step.voided ? [] : meteredOfStep(card, step, this.#of);
    const taken = this.#taken(card, metered, step.shares);
    if (taken === null) return [];
    const { run, source, id, occurredAtMs } = step;
    const about = { kind: "step", run, source, id, reason: null, occurredAtMs } as const;
    return [{ seq: step.seq, item: { ...about, changedAfterClose: isChanged, ...taken } }];
  }

  #ofOutcome({ was: outcome, isChanged }: AtClose<OutcomeState>): Placed[] {
    const isStanding = outcome.status === "recorded";
    if (outcome.period !== this.#of.statement.period) return [];
    const card = this.#card(outcome.cardVersionId);
    const metered = card === null || !isStanding ? [] : meteredOfOutcome(card, outcome, this.#of);
    const taken = this.#taken(card, metered, outcome.shares);
    if (taken === null) return [];
    const { run, key, occurredAtMs } = outcome;
    const about = { kind: "outcome", run, source: "", id: key, reason: null } as const;
    const item = { ...about, occurredAtMs, changedAfterClose: isChanged, ...taken };
    return [{ seq: outcome.seq, item }];
  }

  /** The card version, where it belongs to the card of the line. */
  #card(versionId: number | null): CompiledCard | null {
    const card = versionId === null ? null : this.#of.tariff.cardById(versionId);
    return card?.cardKey === this.#of.line.cardKey ? card : null;
  }

  /** What the line's charge took; null: nothing. */
  #taken(
    card: CompiledCard | null,
    metered: readonly MeteredQuantity[],
    shares: readonly RunShare[],
  ): { readonly quantity: bigint; readonly amount: Amount } | null {
    const { chargeKey, cell } = this.#of.line;
    const isIts = (one: { readonly chargeKey: string; readonly cell: string }) =>
      one.chargeKey === chargeKey && one.cell === cell;
    const counted = metered.find(isIts);
    const share = shares.find(isIts);
    if (card === null || (counted === undefined && share === undefined)) return null;
    if (!this.#isOfLine(card)) return null;
    const amount = share?.amount ?? ZERO_AMOUNT;
    // A trial takes off what its charge came to.
    const signed = this.#of.line.kind === "trial" ? (-amount as Amount) : amount;
    return { quantity: counted?.quantity ?? 0n, amount: signed };
  }

  /** Whether what a version of the line's card prices is in the line. */
  #isOfLine(card: CompiledCard): boolean {
    const { chargeKey, cell, measure } = this.#of.line;
    const { measure: counted, price } = card.segmentPrice(chargeKey, cell);
    const isIts = this.#pricedIn === undefined || this.#pricedIn === (price.credit?.name ?? null);
    return isIts && (measure === null || counted === measure);
  }
}

function bySeq(a: Placed, b: Placed): number {
  return a.seq - b.seq;
}
