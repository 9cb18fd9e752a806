/**
 * Books what a step, a run or an outcome counts for: its cost, its share of every charge, and the
 * difference that makes to counters, runs, roll-ups and, where a period is closed, adjustments.
 * Every change is "take the former one off, put the new one on", so totals never drift.
 */
import { present } from "../domain/assert.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import type { Step } from "../domain/event/step.ts";
import type { Amount, Quantity } from "../domain/money/decimal.ts";
import { ZERO_AMOUNT } from "../domain/money/decimal.ts";
import type { AdjustmentReason } from "../domain/period/records.ts";
import type { CompiledCard, MeteredQuantity } from "../domain/rating/meter.ts";
import { rollupKeyOfStep, tokensOfStep, totalsOfStep } from "../domain/run/rollup.ts";
import type { OutcomeState, Run, RunRating, RunShare, Totals } from "../domain/run/run.ts";
import { ancestry, NO_TOTALS, negateTotals, subtractTotals } from "../domain/run/run.ts";
import type { BatchState, EditableRun } from "./batch-state.ts";
import type { CounterKey, Customer, StepKey } from "./ports.ts";
import type { EventResult } from "./result.ts";
import type { Tariff } from "./tariff.ts";

/** Why and by what a booking happens; names the adjustment where the period is closed. */
export interface Cause extends StepKey {
  readonly reason: AdjustmentReason;
}

/** A step whose cost, shares and seq are still to be filled in. */
export type StepDraft = { -readonly [K in keyof Step]: Step[K] };

interface Movement {
  readonly at: CounterKey;
  readonly card: CompiledCard;
  readonly metered: readonly MeteredQuantity[];
  /** 1 puts on, −1 takes off. */
  readonly sign: 1n | -1n;
  readonly cause: Cause;
}

/** Books on the state of one unit of work, by one tariff. */
export class Ledger {
  readonly state: BatchState;
  readonly tariff: Tariff;

  /** Applies an event that was kept: suspended, or a witness. Set by whoever applies the batch. */
  replay: (event: TollgateEvent) => EventResult = () =>
    present<EventResult>(null, "who applies kept events");

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
    draft.charge = sumShares(draft.shares);
    this.#replaceTotals(former, draft);
    return draft;
  }

  /** Counts a step again as it is stored: its cost and shares stand, only totals move. */
  restoreStep(step: Step): void {
    this.#moveStep(step, 1n, "late_event");
    this.#replaceTotals(null, step);
    const run = this.state.editRun(step.run);
    run.lastSeenAtMs = Math.max(run.lastSeenAtMs, step.receivedAtMs);
  }

  #takeOff(former: Step, reason: AdjustmentReason): RunShare[] {
    return [...former.shares, ...this.#moveStep(former, -1n, reason)];
  }

  #moveStep(step: Step, sign: 1n | -1n, reason: AdjustmentReason): RunShare[] {
    if (step.voided || step.role === "shadow" || step.cardVersionId === null) return [];
    const card = this.tariff.cardById(step.cardVersionId);
    const metered = card.meterStep(step);
    if (metered.length === 0) return [];
    const at = { customer: step.customer, period: step.period };
    const cause: Cause = { reason, run: step.run, source: step.source, id: step.id };
    return this.#move({ at, card, metered, sign, cause });
  }

  /** Moves counters and returns the marginal of each charge. */
  #move(movement: Movement): RunShare[] {
    const { at, card, metered, sign } = movement;
    const closed = metered.length > 0 && this.state.isClosed(at);
    return metered.map((item) => {
      const slot = this.state.counter(at, card.cardKey, item);
      const delta = sign * item.quantity;
      const moved = this.tariff.advance(slot.counter, card, { item, delta });
      this.state.moveCounter(slot, moved.counter);
      const share = { chargeKey: item.chargeKey, cell: item.cell, amount: moved.marginal };
      if (closed) this.#adjust(movement, share);
      return share;
    });
  }

  #adjust({ at, card, cause }: Movement, share: RunShare): void {
    if (share.amount === 0n) return;
    this.state.adjustments.push({
      seq: this.state.nextSeq(),
      customer: at.customer,
      bookedPeriod: this.openPeriod(at.customer),
      originPeriod: at.period,
      cardKey: card.cardKey,
      chargeKey: share.chargeKey,
      cell: share.cell,
      amount: share.amount,
      reason: cause.reason,
      run: cause.run,
      source: cause.source,
      id: cause.id,
    });
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
      this.addToRun(booked.run, after);
      return;
    }
    const before = totalsOfStep(former);
    this.#rollStep(former, before, -1n);
    this.addToRun(booked.run, subtractTotals(after, before));
  }

  #rollStep(step: Step, totals: Totals, sign: 1n | -1n): void {
    const row = this.state.rollup(rollupKeyOfStep(step));
    addTo(row, sign === 1n ? totals : negateTotals(totals));
    const tokens = tokensOfStep(step);
    row.inputTokens = (row.inputTokens + sign * tokens.input) as Quantity;
    row.outputTokens = (row.outputTokens + sign * tokens.output) as Quantity;
  }

  /** Adds a difference to a run's own totals and to the tree totals of it and all above it. */
  addToRun(id: string, delta: Totals): void {
    const run = this.state.editRun(id);
    addTo(run.own, delta);
    this.#addToTreeOf(run, delta);
  }

  /** Adds to the tree totals of a run and all above it, leaving its own totals alone. */
  addToTree(id: string, delta: Totals): void {
    this.#addToTreeOf(this.state.editRun(id), delta);
  }

  #addToTreeOf(run: EditableRun, delta: Totals): void {
    addTo(run.tree, delta);
    if (run.parent === null) return;
    for (const { id: above } of ancestry(run.parent, (key) => this.state.runs.get(key))) {
      addTo(this.state.editRun(above).tree, delta);
    }
  }

  /**
   * Counts a root run once, at the card version and in the period of its opening. Called after
   * anything that may change these; books the difference where one arises.
   */
  recountRun(id: string, cause: Cause): void {
    const run = present(this.state.runs.get(id), `run "${id}"`);
    const wanted = this.#runRating(run);
    // Kept apart: the run is edited in place below.
    const former = run.rating;
    if (sameRating(former, wanted)) return;
    const taken = this.#runMovement(run, former, { sign: -1n, cause });
    const put = this.#runMovement(run, wanted, { sign: 1n, cause });
    const kept = joinShares([...(former?.shares ?? []), ...taken, ...put]);
    const rating = wanted === null ? this.#residue(run, kept) : { ...wanted, shares: kept };
    const before = sumShares(former?.shares ?? []);
    this.state.editRun(id).rating = rating;
    const charge = (sumShares(kept) - before) as Amount;
    this.addToRun(id, { ...NO_TOTALS, charge });
    this.#rollCharge(former ?? rating, "run", { ...run, charge: -before as Amount });
    this.#rollCharge(rating, "run", { ...run, charge: sumShares(kept) });
  }

  /** A run that is no longer counted keeps what tier shifts have left on it, if anything. */
  #residue(run: Run, kept: readonly RunShare[]): RunRating | null {
    if (kept.length === 0 || run.rating === null) return null;
    return { ...run.rating, counted: false, shares: kept };
  }

  #runRating(run: Run): RunRating | null {
    if (run.customer === null || run.parent !== null || run.standing) return null;
    const customer = this.customer(run.customer);
    const card = this.tariff.cardFor(customer, run.openedAtMs);
    if (card === null) return null;
    const period = this.tariff.periodOf(customer, run.openedAtMs).key;
    const { agent, labels } = run;
    return { cardVersionId: card.id, period, agent, labels, counted: true, shares: [] };
  }

  #runMovement(
    run: Run,
    rating: RunRating | null,
    how: { readonly sign: 1n | -1n; readonly cause: Cause },
  ): RunShare[] {
    if (rating === null || !rating.counted || run.customer === null) return [];
    const card = this.tariff.cardById(rating.cardVersionId);
    const at = { customer: run.customer, period: rating.period };
    return this.#move({ at, card, metered: card.meterRun(rating), ...how });
  }

  #rollCharge(
    rating: { readonly period: string; readonly agent: string | null } | null,
    kind: "run" | "outcome",
    { customer, charge }: { readonly customer: string | null; readonly charge: Amount },
  ): void {
    if (rating === null || customer === null || charge === 0n) return;
    const { period } = rating;
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

  /** Gives a recorded outcome the agent that its run's opening states. */
  rebookOutcome(outcome: OutcomeState, agent: string | null, cause: Cause): void {
    if (outcome.agent === agent || outcome.status === "reversed") return;
    const off = this.bookOutcome({ ...outcome, status: "reversed" }, cause);
    // What tier shifts have left on the outcome goes to the new agent too.
    this.#rollCharge(off, "outcome", { ...off, charge: -off.charge as Amount });
    this.#rollCharge({ ...off, agent }, "outcome", off);
    const on = this.bookOutcome({ ...off, agent, status: "recorded" }, cause);
    this.state.outcomes.set(`${on.run}\u0000${on.key}`, on);
  }

  /** Puts an outcome on (`recorded`) or takes it off (`reversed`). */
  bookOutcome(outcome: OutcomeState, cause: Cause): OutcomeState {
    const run = present(this.state.runs.get(outcome.run), `run "${outcome.run}"`);
    const sign = outcome.status === "recorded" ? 1n : -1n;
    const moved: RunShare[] = [];
    if (outcome.cardVersionId !== null) {
      const card = this.tariff.cardById(outcome.cardVersionId);
      const at = { customer: outcome.customer, period: outcome.period };
      const metered = card.meterOutcome(outcome);
      moved.push(...this.#move({ at, card, metered, sign, cause }));
    }
    const shares = joinShares([...outcome.shares, ...moved]);
    const charge = sumShares(shares);
    const gained = (charge - outcome.charge) as Amount;
    this.addToRun(run.id, { ...NO_TOTALS, charge: gained });
    this.#rollCharge(outcome, "outcome", { customer: run.customer, charge: gained });
    return { ...outcome, shares, charge };
  }
}

function addTo(sum: { -readonly [K in keyof Totals]: Totals[K] }, delta: Totals): void {
  sum.steps += delta.steps;
  sum.unpriced += delta.unpriced;
  sum.cost = (sum.cost + delta.cost) as Amount;
  sum.charge = (sum.charge + delta.charge) as Amount;
}

/** A charge moves at most once by one booking, so nothing needs joining. */
function onlyMoved(shares: RunShare[]): RunShare[] {
  return shares.every((share) => share.amount !== 0n)
    ? shares
    : shares.filter((share) => share.amount !== 0n);
}

/** One share a charge and cell; those that came to nothing are left out. */
function joinShares(parts: readonly RunShare[]): RunShare[] {
  const shares = new Map<string, RunShare>();
  for (const part of parts) {
    const { chargeKey, cell } = part;
    const key = `${chargeKey}\u0000${cell}`;
    const amount = ((shares.get(key)?.amount ?? ZERO_AMOUNT) + part.amount) as Amount;
    shares.set(key, { chargeKey, cell, amount });
  }
  return onlyMoved([...shares.values()]);
}

function sumShares(shares: readonly { readonly amount: Amount }[]): Amount {
  let sum = 0n;
  for (const share of shares) sum += share.amount;
  return sum as Amount;
}

function sameRating(a: RunRating | null, b: RunRating | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.counted === b.counted &&
    a.cardVersionId === b.cardVersionId &&
    a.period === b.period &&
    a.agent === b.agent &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}
