/**
 * The cap and the minimum of root runs. What a run owes depends on all that its tree was charged,
 * so it is worked out at the end of a unit of work, for the runs that it touched: what was booked
 * before is taken off, and what is so now is put on. Each period has its part in counters of its
 * own, which the close of the period reads: no run is looked at again.
 *
 * Corrections follow from the rows of runs: they are pending and recovered together with these.
 */
import { type Amount, ONE_UNIT } from "../domain/money/decimal.ts";
import {
  NO_CHARGE,
  RUN_CAP_CELL,
  RUN_MINIMUM_CELL,
  type RunCorrections,
  runCorrections,
} from "../domain/period/run-bounds.ts";
import { type Counter, EMPTY_COUNTER, type Segment } from "../domain/rating/counter.ts";
import { ancestry, type Run, type RunCorrection } from "../domain/run/run.ts";
import type { Cause, Ledger } from "./book.ts";
import type { Customer, StoredCounter } from "./ports.ts";
import type { Tariff } from "./tariff.ts";

/** A correction that is put on or taken off, of one kind. */
interface Movement extends RunCorrection {
  readonly cell: string;
  amount: bigint;
  runs: bigint;
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
  const { tariff } = ledger;
  const customer = run.customer === null ? null : ledger.customer(run.customer);
  const wanted = customer === null ? [] : correctionsOf(tariff, customer, run);
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

/** What the bounds of the card that counted a root run make of its charges. */
export function correctionsOf(
  tariff: Tariff,
  customer: Customer,
  { rating, endedAtMs, parent, chargedIn }: Run,
): RunCorrection[] {
  if (parent !== null || rating === null || !rating.counted) return [];
  const { cardVersionId, agent } = rating;
  const { card } = tariff.versionById(cardVersionId);
  if (card.runCap === null && card.runMinimum === null) return [];
  const endPeriod = endedAtMs === null ? null : tariff.periodOf(customer, endedAtMs).key;
  const corrections = runCorrections(chargedIn, endPeriod, card);
  return corrections.map((one) => ({ ...one, cardVersionId, agent }));
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
  const slot = state.counter(at, cardKey, { chargeKey: NO_CHARGE, cell });
  state.moveCounter(slot, movedCounter(tariff, slot.counter ?? EMPTY_COUNTER, movement));
  const amount = movement.amount as Amount;
  ledger.rollCharge({ period, agent }, cell, { customer, charge: amount });
  if (!state.isClosed(at)) return;
  ledger.adjust({ at, cardKey, cause }, { chargeKey: NO_CHARGE, cell, amount });
}

/** The number of runs stands by card version, like what any charge counts. */
export function movedCounter(
  tariff: Tariff,
  before: Counter,
  movement: Pick<Movement, "cardVersionId" | "runs" | "amount">,
): Counter {
  const { cardVersionId, runs, amount } = movement;
  const own = before.segments.find((segment) => segment.cardVersionId === cardVersionId);
  const quantity = (own?.quantity ?? 0n) + runs * ONE_UNIT;
  const others = before.segments.filter((segment) => segment !== own);
  const segments = quantity === 0n ? others : [...others, { cardVersionId, quantity }];
  const startOf = (segment: Segment) => tariff.versionById(segment.cardVersionId).effectiveFromMs;
  const sorted = segments.toSorted(
    (a, b) => startOf(a) - startOf(b) || a.cardVersionId - b.cardVersionId,
  );
  return { segments: sorted, amount: (before.amount + amount) as Amount };
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

function runsIn({ segments }: Counter): number {
  return Number(segments.reduce((sum, { quantity }) => sum + quantity, 0n) / ONE_UNIT);
}
