/**
 * All of history as few sums. What a counter comes to is a function of its total, so a simulation
 * needs of most steps only what they add up to: by customer and period, and by what the cards take
 * of them. Steps that every card takes alike share a plan; each plan has one sum for every quantity
 * that a charge asks for. The number of sums does not grow with the number of steps.
 *
 * The rules are those of the ledger: `takesOfStep` says what `meterStep` takes.
 */
import { present } from "../assert.ts";
import type { Step } from "../event/step.ts";
import { trialCell } from "../event/trial-cell.ts";
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { ONE_UNIT } from "../money/decimal.ts";
import { DecimalSum } from "../money/decimal-sum.ts";
import type { CompiledCard, CostConversion, StepTake } from "../rating/meter.ts";
import { COST_MEASURE } from "../rating/meter-fields.ts";
import type { Trial } from "../rating/rate-card.ts";
import type { MeteredStep } from "../rating/selection.ts";
import { coversKey, isBeforeTrialEnd } from "../rating/trial.ts";

/** The card that rates a step which the ledger rated by this version; null: none does. */
export type CardOfStep = (cardVersionId: number | null) => CompiledCard | null;

/** What one contender's charge counted of a customer's period. */
export interface Counted {
  /** Place of the contender in the list. */
  readonly contender: number;
  readonly customer: string;
  /** Between which of the customer's moments: before the first one it is 0. */
  readonly epoch: number;
  readonly period: string;
  readonly cardVersionId: number;
  readonly chargeKey: string;
  readonly cell: string;
  readonly quantity: bigint;
}

interface PlannedTake {
  readonly contender: number;
  readonly cardVersionId: number;
  readonly take: StepTake;
  /** Place among the plan's units or conversions; −1: neither. */
  readonly slot: number;
  /** Place among the plan's trials; −1: nothing of it is free at a customer's start. */
  readonly trial: number;
}

/** What is to be added up of steps that all cards take alike. */
export interface SumPlan {
  readonly number: number;
  /** Buckets and units whose quantities are added up, and the steps that have some. */
  readonly units: readonly string[];
  readonly takesCost: boolean;
  readonly conversions: readonly CostConversion[];
  /** Trials that free some of it, at most one a card. */
  readonly trials: readonly Trial[];
  readonly takes: readonly PlannedTake[];
}

/** The sums of one plan in one customer's period. */
export interface PlanSums {
  readonly plan: SumPlan;
  /** Which of the plan's trials the steps are in, a bit each. */
  readonly free: number;
  steps: number;
  readonly cost: DecimalSum;
  readonly converted: bigint[];
  readonly units: readonly DecimalSum[];
  readonly stated: number[];
}

/** Room for the numbers of plans below the bits of trials: a plan is a combination of charges. */
const PLANS_MAX_COUNT = 2 ** 24;
const SUM = "sum:";
const STEPS_MEASURE = "steps";

/** A customer, from when trials count for it, and the seqs of its moments in order. */
interface SummedCustomer {
  readonly customer: string;
  readonly startedAtMs: number;
  readonly moments: readonly number[];
}

type PeriodSums = Map<string, Map<number, PlanSums>>;

/** The sums of one customer, by epoch, period and plan. */
export class CustomerSums {
  readonly customer: string;
  readonly #startedAtMs: number;
  readonly #moments: readonly number[];
  readonly #epochs = new Map<number, PeriodSums>();
  #periods: PeriodSums = new Map();
  /** The period that was asked for last: steps of one customer mostly share it. */
  lastPeriod = "";
  #last: Map<number, PlanSums> | undefined;
  #epoch = 0;

  constructor({ customer, startedAtMs, moments }: SummedCustomer) {
    this.customer = customer;
    this.#startedAtMs = startedAtMs;
    this.#moments = moments;
    this.#epochs.set(0, this.#periods);
  }

  /** Turns to the sums of what was committed with a seq. Most customers have no moments. */
  turnToSeq(seq: number): void {
    const moments = this.#moments;
    if (moments.length === 0) return;
    const at = this.#epoch;
    const isBehind = at === 0 || seq > (moments[at - 1] as number);
    if (isBehind && (at === moments.length || seq <= (moments[at] as number))) return;
    this.#epoch = epochOf(moments, seq);
    this.#periods = this.#epochs.get(this.#epoch) ?? new Map();
    this.#epochs.set(this.#epoch, this.#periods);
    this.#last = undefined;
  }

  /** The sums of steps of a period; the instant that rates them is asked for by trials. */
  of(period: string, plan: SumPlan, atMs: () => number): PlanSums {
    if (period !== this.lastPeriod || this.#last === undefined) this.#turnTo(period);
    const sums = present(this.#last, "sums of a period");
    const free = plan.trials.length === 0 ? 0 : this.#freeIn(plan.trials, atMs());
    const key = plan.number + free * PLANS_MAX_COUNT;
    let found = sums.get(key);
    if (found === undefined) {
      found = emptySums(plan, free);
      sums.set(key, found);
    }
    return found;
  }

  #freeIn(trials: readonly Trial[], atMs: number): number {
    const startedAtMs = this.#startedAtMs;
    const isFree = (trial: Trial) => isBeforeTrialEnd(trial, { atMs, startedAtMs });
    return trials.reduce((bits, trial, at) => (isFree(trial) ? bits | (1 << at) : bits), 0);
  }

  #turnTo(period: string): void {
    let sums = this.#periods.get(period);
    if (sums === undefined) {
      sums = new Map();
      this.#periods.set(period, sums);
    }
    this.#last = sums;
    this.lastPeriod = period;
  }

  *[Symbol.iterator](): Generator<{ readonly at: CountedAt; readonly sums: PlanSums }> {
    const { customer } = this;
    for (const [epoch, periods] of this.#epochs) {
      for (const [period, all] of periods) {
        for (const sums of all.values()) yield { at: { customer, epoch, period }, sums };
      }
    }
  }
}

type CountedAt = Pick<Counted, "customer" | "epoch" | "period">;

/** How many of a customer's moments lie before a seq. */
export function epochOf(moments: readonly number[], seq: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] as number) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function emptySums(plan: SumPlan, free: number): PlanSums {
  return {
    plan,
    free,
    steps: 0,
    cost: new DecimalSum(AMOUNT_SCALE),
    converted: plan.conversions.map(() => 0n),
    units: plan.units.map(() => new DecimalSum(QUANTITY_SCALE)),
    stated: plan.units.map(() => 0),
  };
}

/** Adds steps up for any number of cards at once. */
export class StepSums {
  readonly #cards: readonly CardOfStep[];
  readonly #startOf: (customer: string) => number;
  readonly #momentsOf: (customer: string) => readonly number[];
  readonly #plans = new Map<string, SumPlan>();
  readonly #conversions = new Map<CostConversion, number>();
  readonly #customers = new Map<string, CustomerSums>();

  constructor(
    cards: readonly CardOfStep[],
    startOf: (customer: string) => number,
    momentsOf: (customer: string) => readonly number[] = () => [],
  ) {
    this.#cards = cards;
    this.#startOf = startOf;
    this.#momentsOf = momentsOf;
  }

  /** What is to be added up of every step with these facts. */
  planOf(facts: MeteredStep, cardVersionId: number | null): SumPlan {
    const taken = this.#cards.flatMap((cardOf, contender) => {
      const card = cardOf(cardVersionId);
      if (card === null) return [];
      return card.takesOfStep(facts).map((take) => {
        const { trial } = card;
        const freedBy = trial !== null && coversKey(trial, take.chargeKey) ? trial : null;
        return { contender, cardVersionId: card.id, take, freedBy };
      });
    });
    const key = JSON.stringify(
      taken.map(({ contender, cardVersionId: id, take }) => {
        const { chargeKey, cell, of, isCounting, costOf } = take;
        return [contender, id, chargeKey, cell, of, isCounting, this.#numberOf(costOf)];
      }),
    );
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = planOfTakes(this.#plans.size, taken);
    this.#plans.set(key, plan);
    return plan;
  }

  #numberOf(conversion: CostConversion | null): number {
    if (conversion === null) return -1;
    const known = this.#conversions.get(conversion) ?? this.#conversions.size;
    this.#conversions.set(conversion, known);
    return known;
  }

  of(customer: string): CustomerSums {
    let found = this.#customers.get(customer);
    if (found === undefined) {
      const startedAtMs = this.#startOf(customer);
      found = new CustomerSums({ customer, startedAtMs, moments: this.#momentsOf(customer) });
      this.#customers.set(customer, found);
    }
    return found;
  }

  /** Adds one step, as of a seq. (Default: its own.) A voided one counts nothing. */
  add(step: Step, seq = step.seq): void {
    if (step.voided || step.role === "shadow") return;
    const plan = this.planOf(step, step.cardVersionId);
    if (plan.takes.length === 0) return;
    const own = this.of(step.customer);
    own.turnToSeq(seq);
    const sums = own.of(step.period, plan, () => step.ratedAtMs);
    sums.steps += 1;
    if (plan.takesCost) sums.cost.add(step.cost);
    addConverted(sums, step);
    plan.units.forEach((unit, at) => {
      const quantity = step.usage.get(unit) ?? 0n;
      if (quantity === 0n) return;
      sums.units[at]?.add(quantity);
      sums.stated[at] = (sums.stated[at] ?? 0) + 1;
    });
  }

  /** What every charge counted: one row a counter and card version. */
  merged(): Counted[] {
    const rows = new Map<string, Counted>();
    for (const sums of this.#customers.values()) {
      for (const one of sums) {
        for (const row of countedBy(one.at, one.sums)) addTo(rows, row);
      }
    }
    return [...rows.values()];
  }
}

function addTo(rows: Map<string, Counted>, row: Counted): void {
  const { contender, customer, epoch, period, cardVersionId, chargeKey, cell } = row;
  const who = `${contender}\u0000${customer}\u0000${epoch}\u0000${period}`;
  const key = `${who}\u0000${cardVersionId}\u0000${chargeKey}\u0000${cell}`;
  const quantity = (rows.get(key)?.quantity ?? 0n) + row.quantity;
  rows.set(key, { ...row, quantity });
}

/** Adds what a step's cost is in other currencies: each step is rounded by itself. */
export function addConverted(sums: PlanSums, step: MeteredStep): void {
  sums.plan.conversions.forEach((convert, at) => {
    sums.converted[at] = (sums.converted[at] ?? 0n) + convert(step);
  });
}

interface Taken extends Omit<PlannedTake, "slot" | "trial"> {
  readonly freedBy: Trial | null;
}

function planOfTakes(number: number, taken: readonly Taken[]): SumPlan {
  const trials: Trial[] = [];
  const units: string[] = [];
  const conversions: CostConversion[] = [];
  let takesCost = false;
  const takes = taken.map(({ freedBy, ...taking }): PlannedTake => {
    const one = { ...taking, trial: freedBy === null ? -1 : placeIn(trials, freedBy) };
    const { of, costOf } = one.take;
    if (of === STEPS_MEASURE) return { ...one, slot: -1 };
    if (of !== COST_MEASURE) return { ...one, slot: placeIn(units, of.slice(SUM.length)) };
    if (costOf !== null) return { ...one, slot: placeIn(conversions, costOf) };
    takesCost = true;
    return { ...one, slot: -1 };
  });
  return { number, units, takesCost, conversions, trials, takes };
}

function placeIn<T>(list: T[], item: T): number {
  const at = list.indexOf(item);
  return at >= 0 ? at : list.push(item) - 1;
}

function* countedBy(at: CountedAt, sums: PlanSums): Generator<Counted> {
  for (const { contender, cardVersionId, take, slot, trial } of sums.plan.takes) {
    const quantity = quantityOf(sums, take, slot);
    if (quantity === 0n) continue;
    const { chargeKey } = take;
    const isFree = trial >= 0 && (sums.free & (1 << trial)) !== 0;
    const cell = isFree ? trialCell(take.cell) : take.cell;
    yield { contender, ...at, cardVersionId, chargeKey, cell, quantity };
  }
}

function quantityOf(sums: PlanSums, { of, isCounting, costOf }: StepTake, slot: number): bigint {
  if (of === STEPS_MEASURE) return BigInt(sums.steps) * ONE_UNIT;
  if (of === COST_MEASURE) return costOf === null ? sums.cost.total : (sums.converted[slot] ?? 0n);
  if (isCounting) return BigInt(sums.stated[slot] ?? 0) * ONE_UNIT;
  return sums.units[slot]?.total ?? 0n;
}
