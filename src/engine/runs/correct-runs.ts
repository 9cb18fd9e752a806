/**
 * The cap and the minimum of root runs. What a run owes depends on all that its tree was charged,
 * so it is worked out at the end of a unit of work, for the runs that it touched: what was booked
 * before is taken off, and what is so now is put on. Each period has its part in counters of its
 * own, which the close of the period reads: no run is looked at again.
 *
 * Corrections follow from the rows of runs: they are pending and recovered together with these.
 */
import { type Amount, ONE_UNIT } from "../../domain/money/decimal.ts";
import {
  NO_CHARGE,
  RUN_CAP_CELL,
  RUN_MINIMUM_CELL,
  type RunCorrections,
  runCorrections,
} from "../../domain/period/run-bounds.ts";
import {
  type Counter,
  counterOf,
  EMPTY_COUNTER,
  type Segment,
  segmentsOf,
} from "../../domain/rating/counter.ts";
import type { RateCard } from "../../domain/rating/rate-card.ts";
import { coversKey } from "../../domain/rating/trial.ts";
import { ancestry, type Run, type RunCorrection, type RunRating } from "../../domain/run/run.ts";
import type { Cause, Ledger } from "../booking/book.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer, StoredCounter } from "../ports.ts";

/** What corrections of one kind come to, of runs that one card version counts. */
export interface MovedCorrection {
  readonly cardVersionId: number;
  readonly cell: string;
  readonly amount: bigint;
  readonly runs: bigint;
}

/** A correction that is put on or taken off, of one kind. */
interface Movement extends RunCorrection {
  readonly cell: string;
  amount: bigint;
  runs: bigint;
}

/** Which counter of a card corrections of a kind are counted by. */
export function ofCorrection(cell: string): { readonly chargeKey: string; readonly cell: string } {
  return { chargeKey: NO_CHARGE, cell };
}

/** Brings the corrections of every run that the ledger touched, and of all above, up to date. */
export function correctRuns(ledger: Ledger): void {
  const { state, touchedRuns } = ledger;
  for (const [id, cause] of touchedRuns) {
    for (const { id: at } of [...ancestry(id, (key) => state.runs.get(key))]) {
      correct(ledger, state.runOrNew(at), cause);
    }
  }
  touchedRuns.clear();
}

function correct(ledger: Ledger, run: Run, cause: Cause): void {
  const owner = run.customer === null ? undefined : ledger.customer(run.customer);
  const wanted = owner === undefined ? [] : correctionsOf(ledger.tariff, owner, run);
  const former = run.corrections;
  const movements = new Map<string, Movement>();
  const add = (one: RunCorrection, sign: bigint): void => {
    for (const [cell, amount] of [
      [RUN_CAP_CELL, one.cap],
      [RUN_MINIMUM_CELL, one.minimum],
    ] as const) {
      if (amount === 0n) continue;
      const key = JSON.stringify([one.cardVersionId, one.period, one.agent, cell]);
      const movement = movements.get(key) ?? { ...one, cell, amount: 0n, runs: 0n };
      movement.amount += sign * amount;
      movement.runs += sign;
      movements.set(key, movement);
    }
  };
  for (const one of former) add(one, -1n);
  for (const one of wanted) add(one, 1n);
  const moved = [...movements.values()].filter(({ amount, runs }) => amount !== 0n || runs !== 0n);
  if (moved.length === 0) return;
  ledger.state.editRun(run.id).corrections = wanted;
  for (const movement of moved) move(ledger, run, { movement, cause });
}

/** What the bounds make of a run of a customer. */
export function correctionsOf(
  tariff: Tariff,
  customer: Customer,
  run: Pick<Run, "rating" | "endedAtMs" | "parent" | "chargedIn">,
): RunCorrection[] {
  const { rating, endedAtMs, parent } = run;
  if (parent !== null || rating === null || !rating.counted) return [];
  const { cardVersionId, agent } = rating;
  const { card } = tariff.versionById(cardVersionId);
  const { runCap } = card;
  const runMinimum = isFreeOfMinimum(rating, card) ? null : card.runMinimum;
  if (runCap === null && runMinimum === null) return [];
  const endPeriod = endedAtMs === null ? null : tariff.periodOf(customer, endedAtMs).key;
  const corrections = runCorrections(run.chargedIn, endPeriod, { runCap, runMinimum });
  return corrections.map((one) => ({ ...one, cardVersionId, agent }));
}

/** A run that opened while the whole card was free owes no least. */
function isFreeOfMinimum({ inTrial }: RunRating, { trial }: RateCard): boolean {
  return inTrial && trial !== null && coversKey(trial, null);
}

function move(
  ledger: Ledger,
  { customer }: Run,
  { movement, cause }: { readonly movement: Movement; readonly cause: Cause },
): void {
  if (customer === null) return;
  const { state, tariff } = ledger;
  const { cardVersionId, period, agent, cell } = movement;
  const at = { customer, period };
  const { cardKey } = tariff.cardById(cardVersionId);
  const slot = state.counter(at, cardKey, ofCorrection(cell));
  state.moveCounter(slot, correctedCounter(tariff, slot.counter, movement));
  const amount = movement.amount as Amount;
  ledger.rollCharge({ period, agent }, cell, { customer, charge: amount });
  if (!state.isClosed(at)) return;
  const parts = amount === 0n ? [] : [{ amount, credits: null }];
  ledger.adjust({ at, cardKey, cause }, ofCorrection(cell), parts);
}

/** The number of runs stands by card version, like what any charge counts. */
export function correctedCounter(
  tariff: Tariff,
  former: Counter | undefined,
  movement: MovedCorrection,
): Counter {
  const before = former ?? EMPTY_COUNTER;
  const segments = segmentsOf(before);
  const { cardVersionId, runs, amount } = movement;
  const own = segments.find((segment) => segment.cardVersionId === cardVersionId);
  const quantity = (own?.quantity ?? 0n) + runs * ONE_UNIT;
  const others = segments.filter((segment) => segment !== own);
  const moved = quantity === 0n ? others : [...others, { cardVersionId, quantity }];
  const startOf = (segment: Segment) => tariff.versionById(segment.cardVersionId).effectiveFromMs;
  const sorted = moved.toSorted(
    (a, b) => startOf(a) - startOf(b) || a.cardVersionId - b.cardVersionId,
  );
  return counterOf(sorted, (before.amount + amount) as Amount);
}

/** Periods whose corrections may change with what the run is charged, or by its end. */
export function correctedPeriods(tariff: Tariff, customer: Customer, run: Run): string[] {
  if (!tariff.boundsRuns) return [];
  const periods = [...run.chargedIn, ...run.corrections].map(({ period }) => period);
  if (run.endedAtMs !== null) periods.push(tariff.periodOf(customer, run.endedAtMs).key);
  return periods;
}

/** Whether a counter counts what the bounds of runs take off or add, and no charge. */
export function isOfRuns({ chargeKey }: { readonly chargeKey: string }): boolean {
  return chargeKey === NO_CHARGE;
}

/** What a period's counters say of the bounds of runs, one for each card. */
export function correctionsIn(counters: readonly StoredCounter[]): RunCorrections[] {
  const byCard = Map.groupBy(counters.filter(isOfRuns), ({ cardKey }) => cardKey);
  return [...byCard].map(([cardKey, own]) => {
    const of = (cell: string) => own.find((one) => one.cell === cell)?.counter ?? EMPTY_COUNTER;
    const [cap, minimum] = [of(RUN_CAP_CELL), of(RUN_MINIMUM_CELL)];
    return {
      cardKey,
      ...{ cappedRuns: runsIn(cap), cap: cap.amount },
      ...{ raisedRuns: runsIn(minimum), minimum: minimum.amount },
    };
  });
}

function runsIn(counter: Counter): number {
  return Number(segmentsOf(counter).reduce((sum, { quantity }) => sum + quantity, 0n) / ONE_UNIT);
}
