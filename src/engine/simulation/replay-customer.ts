/**
 * What each run of a customer would have been charged: needed where a card bounds runs, and to show
 * one run under another card. Sums do not depend on any order, but shares do. Recorded ones stand
 * where a charge is as it was; the others are worked out in the order in which what stands now was
 * committed: steps and outcomes by their seq, runs by their opening.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { ChargeShare, Step } from "../../domain/event/step.ts";
import { chargedBy } from "../../domain/event/trial-cell.ts";
import { SIMULATED_RUNS_PER_CUSTOMER_MAX_COUNT } from "../../domain/limits.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import {
  addCharge,
  ancestry,
  type LeftShare,
  type OutcomeState,
  type PeriodCharge,
  type Run,
  type RunRating,
} from "../../domain/run/run.ts";
import type { Answer } from "../answer.ts";
import { meteredOfOutcome, meteredOfRun, meteredOfStep } from "../booking/metered.ts";
import { joinShares } from "../booking/shares.ts";
import type { Customer, Store, StoredCounter } from "../ports.ts";
import { correctionsOf } from "../runs/correct-runs.ts";
import { type Counting, runRatingBy, runsOfCustomer } from "./count-history.ts";
import { keptCharges } from "./kept-charges.ts";
import { type RatedBy, ratedOutcome } from "./rated-outcome.ts";

/** Whose history is replayed. */
export interface ReplayOf extends RatedBy {
  readonly store: Store;
  readonly workspace: string;
  readonly customer: Customer;
  readonly counting: Counting;
  /** (Default: as it is now.) */
  readonly past?: PastOfCustomer;
}

/** What a customer had done by a moment. */
export interface PastOfCustomer {
  runs(): AsyncIterable<Run>;
  /** In the order of their seq. */
  steps(): AsyncIterable<Step>;
  outcomes(run: string): Answer<readonly OutcomeState[]>;
  /** What the ledger had counted in a period. */
  counters(period: string): Answer<readonly StoredCounter[]>;
}

/** All that is known of a customer. */
function presentOf({ store, workspace, customer: { id } }: ReplayOf): PastOfCustomer {
  return {
    runs: () => runsOfCustomer(store, workspace, id),
    steps: () => eachOf(store.history(workspace).stepsOfCustomer(id)),
    outcomes: (run) => store.outcomesOfRun(workspace, run),
    counters: (period) => store.countersOf(workspace, { customer: id, period }),
  };
}

/** What stands in pages, one by one. */
export async function* eachOf<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

/** Is told what everything would have been charged. */
export interface ReplayListener {
  onStep?(step: Step, shares: ChargeShare[]): void;
  onOutcome?(outcome: OutcomeState, shares: ChargeShare[]): void;
}

/** Every run of the customer as it would be, by id; its tree in `chargedIn` and `corrections`. */
export async function replayCustomer(
  of: ReplayOf,
  listener: ReplayListener = {},
): Promise<Map<string, Run>> {
  const past = of.past ?? presentOf(of);
  const runs = await runsOf(of.customer, past);
  const replay = new Replay({ ...of, past }, runs, listener);
  await replay.steps();
  await replay.runs();
  await replay.outcomes();
  return replay.result();
}

async function runsOf(customer: Customer, past: PastOfCustomer): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>();
  for await (const run of past.runs()) {
    runs.set(run.id, run);
    if (runs.size <= SIMULATED_RUNS_PER_CUSTOMER_MAX_COUNT) continue;
    const detail = `"${customer.id}" has more runs than a card that bounds runs is simulated for.`;
    throw new TollgateError("simulation.too_large", detail);
  }
  return runs;
}

/** What is to be shared out, and the shares that were recorded of it. */
interface Shared {
  readonly period: string;
  readonly card: CompiledCard | null;
  readonly metered: readonly MeteredQuantity[];
  readonly recorded: readonly ChargeShare[];
  /** Whether it counts elsewhere than the ledger has it, so that nothing recorded is of it. */
  readonly isMoved?: boolean;
}

class Replay {
  readonly #of: Required<ReplayOf>;
  readonly #runs: ReadonlyMap<string, Run>;
  readonly #listener: ReplayListener;
  readonly #kept = new Map<string, (chargeKey: string) => boolean>();
  readonly #counters = new Map<string, Counter>();
  readonly #charged = new Map<string, readonly PeriodCharge[]>();
  readonly #ratings = new Map<string, RunRating | null>();

  constructor(of: Required<ReplayOf>, runs: ReadonlyMap<string, Run>, listener: ReplayListener) {
    this.#of = of;
    this.#runs = runs;
    this.#listener = listener;
  }

  get #customers() {
    return { customer: () => this.#of.customer };
  }

  async steps(): Promise<void> {
    const { past, counting } = this.#of;
    for await (const step of past.steps()) {
      const card = counting.cardOfStep(step.cardVersionId);
      const isOff = step.voided || card === null;
      const metered = isOff ? [] : meteredOfStep(card, step, this.#customers);
      const { period, shares: recorded } = step;
      const shares = await this.#share({ period, card, metered, recorded });
      this.#charge(step.run, period, shares);
      this.#listener.onStep?.(step, shares);
    }
  }

  async runs(): Promise<void> {
    const { counting, customer } = this.#of;
    for (const run of [...this.#runs.values()].sort(byOpening)) {
      const rating = runRatingBy(counting, customer, run);
      const counted = rating?.counted === true ? rating : null;
      const card = counted && counting.tariff.cardById(counted.cardVersionId);
      const metered = counted === null || card === null ? [] : meteredOfRun(card, counted);
      const period = (rating ?? run.rating)?.period;
      if (period === undefined) continue;
      const recorded = run.rating?.shares ?? [];
      const shares = await this.#share({ period, card, metered, recorded });
      this.#charge(run.id, period, shares);
      const left = await this.#left(run.rating);
      for (const one of left) this.#charge(run.id, one.period, [one]);
      this.#ratings.set(run.id, rating && { ...rating, shares, left });
    }
  }

  /** What a run has left where it was counted before, of charges whose shares stand. */
  async #left(rating: RunRating | null): Promise<LeftShare[]> {
    const left: LeftShare[] = [];
    for (const one of rating?.left ?? []) {
      const isKept = this.#kept.get(one.period) ?? (await this.#keptOf(one.period));
      if (isKept(one.chargeKey)) left.push(one);
    }
    return left;
  }

  async outcomes(): Promise<void> {
    const { counting, customer, past } = this.#of;
    const all: OutcomeState[] = [];
    for (const id of this.#runs.keys()) all.push(...(await past.outcomes(id)));
    for (const outcome of all.sort((a, b) => a.seq - b.seq)) {
      const run = this.#runs.get(outcome.run);
      const rated = ratedOutcome(counting, { outcome, customer, run }, this.#of);
      const id = rated?.cardVersionId ?? null;
      const card = id === null ? null : counting.tariff.cardById(id);
      const isOff = rated?.status !== "recorded" || card === null;
      const metered = isOff ? [] : meteredOfOutcome(card, rated, this.#customers);
      const { period, status } = rated ?? outcome;
      const isMoved = rated !== null && (period !== outcome.period || status !== outcome.status);
      const recorded = isMoved ? [] : outcome.shares;
      const shares = await this.#share({ period, card, metered, recorded, isMoved });
      this.#charge(outcome.run, period, shares);
      this.#listener.onOutcome?.(outcome, shares);
    }
  }

  async #share({
    period,
    card,
    metered,
    recorded,
    isMoved = false,
  }: Shared): Promise<ChargeShare[]> {
    const isKept = this.#kept.get(period) ?? (await this.#keptOf(period));
    const stands = recorded.filter(({ chargeKey }) => isKept(chargeKey));
    if (card === null) return stands;
    const anew: ChargeShare[] = [];
    for (const item of metered) {
      if (!isMoved && isKept(item.chargeKey)) continue;
      const key = JSON.stringify([period, card.cardKey, item.chargeKey, item.cell]);
      const move = { item, delta: item.quantity };
      const moved = this.#of.counting.tariff.advance(this.#counters.get(key), card, move);
      this.#counters.set(key, moved.counter);
      anew.push({ chargeKey: item.chargeKey, cell: item.cell, amount: moved.marginal });
    }
    return anew.length === 0 ? stands : joinShares([...stands, ...anew]);
  }

  async #keptOf(period: string): Promise<(chargeKey: string) => boolean> {
    const { past, customer, counting, recorded } = this.#of;
    const key = { customer: customer.id, period };
    const counters = await past.counters(period);
    const isKept = keptCharges({ counting, recorded, key, counters });
    this.#kept.set(period, isKept);
    return isKept;
  }

  #charge(run: string, period: string, shares: readonly ChargeShare[]): void {
    const charge = chargedBy(shares);
    if (charge === 0n) return;
    for (const { id } of ancestry(run, (key) => this.#runs.get(key))) {
      this.#charged.set(id, addCharge(this.#charged.get(id) ?? [], period, charge));
    }
  }

  result(): Map<string, Run> {
    const { counting, customer } = this.#of;
    const result = new Map<string, Run>();
    for (const run of this.#runs.values()) {
      const chargedIn = this.#charged.get(run.id) ?? [];
      const charge = chargedIn.reduce((sum, one) => sum + one.charge, 0n) as Amount;
      const rating = this.#ratings.get(run.id) ?? null;
      const rated = { ...run, rating, chargedIn, tree: { ...run.tree, charge } };
      const corrections = correctionsOf(counting.tariff, counting.customerAs(customer), rated);
      result.set(run.id, { ...rated, corrections });
    }
    return result;
  }
}

function byOpening(a: Run, b: Run): number {
  return a.openedAtMs - b.openedAtMs || (a.id < b.id ? -1 : 1);
}
