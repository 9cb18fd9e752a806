/**
 * Books what a step, a run or an outcome counts for: its cost, its share of every charge, and the
 * difference that makes to counters, runs, roll-ups and, where a period is closed, adjustments.
 * Every change is "take the former one off, put the new one on", so totals never drift.
 */
import { present } from "../../domain/assert.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { chargedBy, isTrialCell } from "../../domain/event/trial-cell.ts";
import { type Amount, type Quantity, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { AdjustmentReason } from "../../domain/period/records.ts";
import { marginalOf } from "../../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { chargesOfRating } from "../../domain/run/rating-charges.ts";
import { rollupKeyOfStep, tokensOfStep, totalsOfStep } from "../../domain/run/rollup.ts";
import type {
  OutcomeState,
  PeriodCharge,
  Run,
  RunRating,
  RunShare,
  Totals,
} from "../../domain/run/run.ts";
import {
  addCharge,
  addCharges,
  ancestry,
  endingOf,
  growRun,
  growTotals,
  NO_TOTALS,
  negateTotals,
  subtractTotals,
} from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { EventResult } from "../commit/result.ts";
import type { CounterKey, Customer, StepKey } from "../ports.ts";
import { type AdjustedPart, adjustedParts } from "./adjusted-parts.ts";
import { meteredOfOutcome, meteredOfRun, meteredOfStep, ratingOf } from "./metered.ts";
import {
  type Exchanged,
  isSameAs,
  joinShares,
  onlyMoved,
  ratingAfter,
  sameRating,
} from "./shares.ts";

/** Why and by what a booking happens; names the adjustment where the period is closed. */
export interface Cause extends StepKey {
  readonly reason: AdjustmentReason;
}

/** A step whose cost, shares and seq are still to be filled in. */
export type StepDraft = { -readonly [K in keyof Step]: Step[K] };

/** What something counts for, and where. */
interface Counted {
  readonly at: CounterKey;
  readonly card: CompiledCard;
  readonly metered: readonly MeteredQuantity[];
}

interface Exchange {
  readonly off: Counted | null;
  readonly on: Counted | null;
}

/** What a difference to a closed period is of, and by what. */
interface AdjustedBy {
  readonly at: CounterKey;
  readonly cardKey: string;
  readonly cause: Cause;
}

/** What moves, and its cause in parts: one is made of them where a period is closed. */
interface Movement extends Counted {
  /** 1 puts on, −1 takes off. */
  readonly sign: 1n | -1n;
  readonly by: StepKey;
  readonly reason: AdjustmentReason;
}

/** Books on the state of one unit of work, by one tariff. */
export class Ledger {
  readonly state: BatchState;
  readonly tariff: Tariff;

  /** Applies an event that was kept: suspended, or a witness. Set by whoever applies the batch. */
  replay: (event: TollgateEvent) => EventResult = () =>
    present<EventResult>(null, "who applies kept events");

  /** Runs whose cap and minimum may come to something else now, and by what: correct-runs.ts. */
  readonly touchedRuns = new Map<string, Cause>();

  constructor(state: BatchState, tariff: Tariff) {
    this.state = state;
    this.tariff = tariff;
  }

  customer(id: string): Customer {
    return present(this.state.customers.get(id), `customer "${id}"`);
  }

  /**
   * Replaces `former` (null: none) by `draft`, whose cost, shares and seq are filled in here. The
   * draft belongs to the ledger from here on.
   */
  bookStep(former: Step | null, draft: StepDraft, reason: AdjustmentReason): Step {
    const taken = former === null ? [] : this.#takeOff(former, reason);
    const { state, tariff } = this;
    const found = tariff.priceStep(draft, draft.ratedAtMs);
    draft.cost = found.cost;
    draft.costStatus = found.status;
    draft.priceVersionId = found.priceVersionId;
    draft.cardVersionId ??=
      tariff.cardFor(this.customer(draft.customer), draft.ratedAtMs)?.id ?? null;
    draft.seq = state.nextSeq();
    const put = this.#moveStep(draft, 1n, reason);
    draft.shares = taken.length === 0 ? onlyMoved(put) : joinShares([...taken, ...put]);
    draft.charge = chargedBy(draft.shares);
    this.#replaceTotals(former, draft);
    if (this.tariff.boundsRuns) this.#touch(draft.run, causeOf(draft, reason));
    return draft;
  }

  /** Counts a step again as it is stored: its cost and shares stand, only totals move. */
  restoreStep(step: Step): void {
    this.state.restored.push(step);
    this.#moveStep(step, 1n, "late_event");
    this.#replaceTotals(null, step);
    this.#touch(step.run, causeOf(step, "late_event"));
    const run = this.state.editRun(step.run);
    run.lastSeenAtMs = Math.max(run.lastSeenAtMs, step.receivedAtMs);
  }

  #takeOff(former: Step, reason: AdjustmentReason): RunShare[] {
    return [...former.shares, ...this.#moveStep(former, -1n, reason)];
  }

  #moveStep(step: Step, sign: 1n | -1n, reason: AdjustmentReason): RunShare[] {
    if (step.voided || step.role === "shadow" || step.cardVersionId === null) return [];
    const card = this.tariff.cardById(step.cardVersionId);
    const metered = meteredOfStep(card, step, this);
    if (metered.length === 0) return [];
    return this.#move({ at: step, card, metered, sign, by: step, reason });
  }

  /** Moves counters and returns the marginal of each charge. */
  #move({ at, card, metered, sign, by, reason }: Movement): RunShare[] {
    const { cardKey } = card;
    const closed = metered.length > 0 && this.state.isClosed(at);
    const shares = new Array<RunShare>(metered.length);
    // By its places: going through entries makes a pair of each, on the path of every step.
    for (let place = 0; place < metered.length; place += 1) {
      const item = metered[place] as MeteredQuantity;
      const slot = this.state.counter(at, cardKey, item);
      const delta = sign === 1n ? item.quantity : -item.quantity;
      const before = slot.counter;
      const after = this.tariff.moved(before, card, { item, delta });
      this.state.moveCounter(slot, after);
      const amount = marginalOf(before, after);
      shares[place] = { chargeKey: item.chargeKey, cell: item.cell, amount };
      if (closed) {
        const parts = adjustedParts(this.tariff, item, { before, after });
        this.adjust({ at, cardKey, cause: causeOf(by, reason) }, item, parts);
      }
    }
    return shares;
  }

  /** Books a difference to a closed period in the one that is open now; a trial makes none. */
  adjust(
    { at, cardKey, cause }: AdjustedBy,
    { chargeKey, cell }: Pick<RunShare, "chargeKey" | "cell">,
    parts: readonly AdjustedPart[],
  ): void {
    if (isTrialCell(cell)) return;
    const { customer, period: originPeriod } = at;
    for (const part of parts) {
      const seq = this.state.nextSeq();
      const where = { customer, bookedPeriod: this.openPeriod(customer), originPeriod, cardKey };
      this.state.adjustments.push({ seq, ...where, chargeKey, cell, ...part, ...cause });
    }
  }

  /** The period that is open for bookings now: the current one, or the first open one after it. */
  openPeriod(customerId: string): string {
    const customer = this.customer(customerId);
    let period = this.tariff.periodOf(customer, this.state.receivedAtMs);
    while (this.state.isClosed({ customer: customerId, period: period.key })) {
      period = this.tariff.periodOf(customer, period.endMs);
    }
    return period.key;
  }

  #replaceTotals(former: Step | null, booked: Step): void {
    const after = totalsOfStep(booked);
    this.#rollStep(booked, after, 1n);
    if (former === null) {
      this.#addToRun(booked.run, booked.period, after);
      return;
    }
    const before = totalsOfStep(former);
    this.#rollStep(former, before, -1n);
    this.#addToRun(booked.run, booked.period, subtractTotals(after, before));
  }

  #rollStep(step: Step, totals: Totals, sign: 1n | -1n): void {
    const row = this.state.rollup(rollupKeyOfStep(step));
    growTotals(row, sign === 1n ? totals : negateTotals(totals));
    const { input, output } = tokensOfStep(step);
    if (input !== 0n) row.inputTokens = (row.inputTokens + sign * input) as Quantity;
    if (output !== 0n) row.outputTokens = (row.outputTokens + sign * output) as Quantity;
  }

  /** Adds a difference to a run's own totals and to the tree totals of it and all above it. */
  #addToRun(id: string, period: string, delta: Totals): void {
    const run = this.state.editRun(id);
    growRun(run, delta);
    run.chargedIn = addCharge(run.chargedIn, period, delta.charge);
    if (run.parent !== null) this.#addAbove(run.parent, delta, [{ period, charge: delta.charge }]);
  }

  /** Adds what a whole tree came to to the run that it is put below, and to all above. */
  addTree(id: string, { tree, chargedIn }: Pick<Run, "tree" | "chargedIn">): void {
    this.#addAbove(this.state.editRun(id).id, tree, chargedIn);
  }

  /** Adds to a run's tree, and to those of all above it. */
  #addAbove(id: string, delta: Totals, charged: readonly PeriodCharge[]): void {
    for (const { id: above } of ancestry(id, (key) => this.state.runs.get(key))) {
      const edited = this.state.editRun(above);
      growTotals(edited.tree, delta);
      edited.chargedIn = addCharges(edited.chargedIn, charged);
    }
  }

  #touch(id: string, cause: Cause): void {
    if (this.tariff.boundsRuns) this.touchedRuns.set(id, cause);
  }

  /**
   * Counts a root run once, at the card version and in the period of its opening. Called after
   * anything that may change these; books the difference where one arises.
   */
  recountRun(id: string, cause: Cause): void {
    this.#touch(id, cause);
    const run = present(this.state.runs.get(id), `run "${id}"`);
    const wanted = this.#runRating(run);
    // Kept apart: the run is edited in place below.
    const former = run.rating;
    if (sameRating(former, wanted)) return;
    const counted = { off: this.#countedRun(run, former), on: this.#countedRun(run, wanted) };
    const moved = this.#exchange(counted, cause);
    const cardKeyOf = (version: number) => this.tariff.cardById(version).cardKey;
    const rating = ratingAfter({ former, wanted }, moved, cardKeyOf);
    this.state.editRun(id).rating = rating;
    this.#chargeRun(run, former, -1n);
    this.#chargeRun(run, rating, 1n);
  }

  #chargeRun({ id, customer }: Run, rating: RunRating | null, sign: 1n | -1n): void {
    if (rating === null) return;
    const { agent } = rating;
    // What is free in a trial comes to nothing, and is rolled up all the same.
    this.rollCharge(rating, "run", { customer, charge: ZERO_AMOUNT });
    for (const { period, charge: amount } of chargesOfRating(rating)) {
      const charge = (sign * amount) as Amount;
      this.#addToRun(id, period, { ...NO_TOTALS, charge });
      this.rollCharge({ period, agent }, "run", { customer, charge });
    }
  }

  #runRating(run: Run): RunRating | null {
    if (run.customer === null || run.parent !== null || run.standing) return null;
    return ratingOf(this.tariff, run, this.customer(run.customer));
  }

  #countedRun(run: Run, rating: RunRating | null): Counted | null {
    if (rating === null || !rating.counted || run.customer === null) return null;
    const card = this.tariff.cardById(rating.cardVersionId);
    const at = { customer: run.customer, period: rating.period };
    return { at, card, metered: meteredOfRun(card, rating) };
  }

  /** Takes one counting off and puts another on; what both count alike does not move. */
  #exchange({ off, on }: Exchange, cause: Cause): Exchanged {
    const isSamePlace = off?.card === on?.card && off?.at.period === on?.at.period;
    const without = (own: Counted, other: Counted | null) =>
      isSamePlace
        ? own.metered.filter((item) => !other?.metered.some(isSameAs(item)))
        : own.metered;
    const by = { by: cause, reason: cause.reason };
    const move = (own: Counted | null, other: Counted | null, sign: 1n | -1n) =>
      own === null ? [] : this.#move({ ...own, ...by, metered: without(own, other), sign });
    return { off: move(off, on, -1n), on: move(on, off, 1n) };
  }

  /**
   * A run ended, ended otherwise or goes on after all: counts it and its outcomes by that, where a
   * card asks.
   */
  recountEnding(id: string, event: StepKey): void {
    if (!this.tariff.waitsForEnd && !this.tariff.boundsRuns) return;
    const run = present(this.state.runs.get(id), `run "${id}"`);
    if (run.customer === null) return;
    const { source, id: eventId } = event;
    const cause = { reason: "run_ended", run: event.run, source, id: eventId } as const;
    this.recountRun(id, cause);
    for (const outcome of [...this.state.outcomes.values()]) {
      if (outcome.run !== id) continue;
      const ending = this.endingFor(outcome.cardVersionId, run);
      this.rebookOutcome(outcome, { agent: outcome.agent, ending }, cause);
    }
  }

  /** The ending of a run, where the card that charges its outcomes asks for it. */
  endingFor(cardVersionId: number | null, run: Run): OutcomeState["ending"] {
    if (cardVersionId === null) return null;
    return this.tariff.cardById(cardVersionId).waits.outcomes ? endingOf(run) : null;
  }

  /** Adds to the roll-up of what is no step. What is free in a trial has one, of nothing. */
  rollCharge(
    rating: Pick<RunRating, "period" | "agent"> & Partial<Pick<RunRating, "shares">>,
    kind: string,
    { customer, charge }: { readonly customer: string | null; readonly charge: Amount },
  ): void {
    const { period, shares = [] } = rating;
    const isFree = shares.some(({ cell }) => isTrialCell(cell));
    if (customer === null || (charge === 0n && !isFree)) return;
    const agent = rating.agent ?? "";
    const row = this.state.rollup({
      customer,
      period,
      agent,
      kind,
      provider: "",
      model: "",
      tool: "",
    });
    row.charge = (row.charge + charge) as Amount;
  }

  /** Gives a recorded outcome the agent that its run's opening states, or how the run ended. */
  rebookOutcome(
    outcome: OutcomeState,
    change: Pick<OutcomeState, "agent" | "ending">,
    cause: Cause,
  ): void {
    const isSame = outcome.agent === change.agent && outcome.ending === change.ending;
    if (isSame || outcome.status === "reversed") return;
    const off = { ...outcome, charge: -outcome.charge as Amount };
    this.rollCharge(off, "outcome", off);
    const on = { ...outcome, ...change };
    const counted = { off: this.#countedOutcome(outcome), on: this.#countedOutcome(on) };
    const moved = this.#exchange(counted, cause);
    const booked = this.#chargeOutcome(on, [...moved.off, ...moved.on]);
    this.#touch(on.run, cause);
    // What tier shifts have left on the outcome goes to a new agent too.
    this.rollCharge(booked, "outcome", booked);
    this.state.outcomes.set(`${on.run}\u0000${on.key}`, booked);
  }

  #countedOutcome(outcome: OutcomeState): Counted | null {
    if (outcome.cardVersionId === null || outcome.status === "provisional") return null;
    const card = this.tariff.cardById(outcome.cardVersionId);
    const at = { customer: outcome.customer, period: outcome.period };
    return { at, card, metered: meteredOfOutcome(card, outcome, this) };
  }

  /** Puts an outcome on (`recorded`) or takes it off (`reversed`); `provisional` moves nothing. */
  bookOutcome(outcome: OutcomeState, cause: Cause): OutcomeState {
    const sign = outcome.status === "reversed" ? -1n : 1n;
    const counted = this.#countedOutcome(outcome);
    const moved =
      counted === null ? [] : this.#move({ ...counted, sign, by: cause, reason: cause.reason });
    const booked = this.#chargeOutcome(outcome, moved);
    this.#touch(outcome.run, cause);
    const { customer } = booked;
    const gained = (booked.charge - outcome.charge) as Amount;
    this.rollCharge(booked, "outcome", { customer, charge: gained });
    return booked;
  }

  /** Adds shares to an outcome and what they come to to its run. */
  #chargeOutcome(outcome: OutcomeState, moved: readonly RunShare[]): OutcomeState {
    const shares = joinShares([...outcome.shares, ...moved]);
    const charge = chargedBy(shares);
    const gained = (charge - outcome.charge) as Amount;
    this.#addToRun(outcome.run, outcome.period, { ...NO_TOTALS, charge: gained });
    return { ...outcome, shares, charge };
  }
}

function causeOf({ run, source, id }: StepKey, reason: AdjustmentReason): Cause {
  return { run, source, id, reason };
}
