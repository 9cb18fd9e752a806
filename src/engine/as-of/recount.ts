/**
 * Totals of a customer, or of all, added up from the parts of runs: what counters and roll-ups were
 * at a moment follows from the steps, outcomes and runs of that moment. Nothing is priced again
 * but the counters, whose amounts are functions of what they have counted.
 */
import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import type { Quantity } from "../../domain/money/decimal.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import type { RollupKey, RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, RunCorrection, RunRating } from "../../domain/run/run.ts";
import {
  type Customers,
  meteredOfOutcome,
  meteredOfRun,
  meteredOfStep,
} from "../booking/metered.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, Customer, StoredCounter } from "../ports.ts";
import { partsOfCorrection, RollupSums } from "../reports/rollup-sums.ts";
import { removedUntil } from "../retention/require-steps.ts";
import { correctedCounter, type MovedCorrection, ofCorrection } from "../runs/correct-runs.ts";

const DAY_MS = 86_400_000;

/** A charge that has counted, under one card version. */
interface Counting extends CounterKey {
  readonly card: CompiledCard;
  readonly item: Omit<MeteredQuantity, "quantity">;
  quantity: bigint;
}

/** Sums over the parts of runs that are added one by one. */
export class Recount implements Customers {
  readonly #tariff: Tariff;
  readonly #customers = new Map<string, Pick<Customer, "startedAtMs">>();
  readonly #rollups = new RollupSums();
  readonly #counting = new Map<string, Counting>();
  readonly #corrections = new Map<string, MovedCorrection & CounterKey>();

  /** Until when steps of a customer's runs may be gone. */
  readonly #goneUntilMs = new Map<string, number>();

  constructor(tariff: Tariff) {
    this.#tariff = tariff;
  }

  /** Whose parts may be added now: what is free in a trial depends on the start. */
  addCustomer(customer: Pick<Customer, "id" | "startedAtMs">): void {
    this.#customers.set(customer.id, customer);
  }

  /** Whether a customer was added. */
  knows(id: string): boolean {
    return this.#customers.has(id);
  }

  customer(id: string): Pick<Customer, "startedAtMs"> {
    return present(this.#customers.get(id), `customer "${id}"`);
  }

  /** That a run of a customer may have lost steps, and counted until an instant. */
  addGone(customer: string | null, untilMs: number): void {
    if (customer === null) return;
    const known = this.#goneUntilMs.get(customer) ?? Number.NEGATIVE_INFINITY;
    this.#goneUntilMs.set(customer, Math.max(known, untilMs));
  }

  /**
   * Throws `steps.removed` where a customer's period (undefined: any of them) may lack steps. One
   * that began after such runs had counted does not: no step is dated ahead of its receipt by more
   * than a clock is let go wrong, nor a calendar ahead of another by more than a day.
   */
  requireSteps({ customer, period }: Partial<CounterKey>): void {
    for (const [id, untilMs] of this.#goneUntilMs) {
      if (customer !== undefined && id !== customer) continue;
      const sinceMs = period === undefined ? null : Date.parse(period) - DAY_MS;
      if (sinceMs !== null && sinceMs >= untilMs + FUTURE_TOLERANCE_MS) continue;
      throw removedUntil(untilMs);
    }
  }

  /** A revision of a step that stands. */
  addStep(step: Step): void {
    this.#rollups.addStep(step);
    if (step.voided || step.role === "shadow" || step.cardVersionId === null) return;
    const card = this.#tariff.cardById(step.cardVersionId);
    this.#count(step, card, meteredOfStep(card, step, this));
  }

  addOutcome(outcome: OutcomeState): void {
    this.#rollups.addOutcome(outcome);
    // What is not final yet is in no counter.
    if (outcome.cardVersionId === null || outcome.status !== "recorded") return;
    const card = this.#tariff.cardById(outcome.cardVersionId);
    this.#count(outcome, card, meteredOfOutcome(card, outcome, this));
  }

  /** How a root run of a customer was counted. */
  addRating(customer: string, rating: RunRating): void {
    this.#rollups.addRating(customer, rating);
    if (!rating.counted) return;
    const card = this.#tariff.cardById(rating.cardVersionId);
    this.#count({ customer, period: rating.period }, card, meteredOfRun(card, rating));
  }

  /** What the bounds of a root run came to. */
  addCorrections(customer: string, corrections: readonly RunCorrection[]): void {
    this.#rollups.addCorrections(customer, corrections);
    for (const one of corrections) {
      for (const [cell, amount] of partsOfCorrection(one)) {
        if (amount === 0n) continue;
        const key = JSON.stringify([customer, one.period, one.cardVersionId, cell]);
        const { period, cardVersionId } = one;
        const none = { customer, period, cardVersionId, cell, amount: 0n, runs: 0n };
        const sum = this.#corrections.get(key) ?? none;
        const [sumAmount, runs] = [sum.amount + amount, sum.runs + 1n];
        this.#corrections.set(key, { ...sum, amount: sumAmount, runs });
      }
    }
  }

  /** What was counted elsewhere, for a customer who moved here. */
  addOpening(at: CounterKey, card: CompiledCard, item: MeteredQuantity): void {
    this.#count(at, card, [item]);
  }

  /** Rows that come to something. */
  get rollups(): RollupRow[] {
    return this.#rollups.rows.filter(comesToSomething);
  }

  /** Counters of a period, each as if all it counted had come at once. */
  counters({ customer, period }: CounterKey): StoredCounter[] {
    const isOfPeriod = (one: CounterKey) => one.customer === customer && one.period === period;
    const counters = new Map<string, StoredCounter>();
    const at = { customer, period };
    for (const { card, item, quantity } of [...this.#counting.values()].filter(isOfPeriod)) {
      const place = { ...at, cardKey: card.cardKey, chargeKey: item.chargeKey, cell: item.cell };
      const move = { item: { ...item, quantity }, delta: quantity };
      moveIn(counters, place, (former) => this.#tariff.advance(former, card, move).counter);
    }
    for (const one of [...this.#corrections.values()].filter(isOfPeriod)) {
      const { cardKey } = this.#tariff.cardById(one.cardVersionId);
      const place = { ...at, cardKey, ...ofCorrection(one.cell) };
      moveIn(counters, place, (former) => correctedCounter(this.#tariff, former, one));
    }
    return [...counters.values()];
  }

  #count(
    { customer, period }: CounterKey,
    card: CompiledCard,
    metered: readonly MeteredQuantity[],
  ) {
    for (const { chargeKey, cell, quantity } of metered) {
      const key = JSON.stringify([customer, period, card.id, chargeKey, cell]);
      const counting = this.#counting.get(key);
      if (counting !== undefined) counting.quantity += quantity;
      else this.#counting.set(key, { customer, period, card, item: { chargeKey, cell }, quantity });
    }
  }
}

/** Whether a row tells of anything: one from which all was taken off again does not. */
export function comesToSomething(row: Omit<RollupRow, keyof RollupKey>): boolean {
  const tokens: Quantity[] = [row.inputTokens, row.outputTokens];
  const amounts: readonly bigint[] = [row.cost, row.charge, ...tokens];
  return row.steps !== 0 || row.unpriced !== 0 || amounts.some((one) => one !== 0n);
}

type Place = Omit<StoredCounter, "counter">;

function moveIn(
  counters: Map<string, StoredCounter>,
  place: Place,
  move: (former: Counter | undefined) => Counter,
): void {
  const { cardKey, chargeKey, cell } = place;
  const key = JSON.stringify([cardKey, chargeKey, cell]);
  const counter = present(move(counters.get(key)?.counter), "a moved counter");
  counters.set(key, { ...place, counter });
}
