/**
 * The totals that the file keeps, rebuilt from the steps, runs and outcomes that they stand for:
 * each of these gives what it counts, and at the end both sides must be the same to the last digit.
 */
import type { Step } from "../../domain/event/step.ts";
import { isInputBucket, OUTPUT_BUCKETS } from "../../domain/event/usage.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import type {
  OutcomeState,
  Run,
  RunCorrection,
  RunFacts,
  RunRating,
} from "../../domain/run/run.ts";
import type { Acts } from "./acts.ts";
import { BudgetSums } from "./budget-sums.ts";
import type { CardVersions } from "./card-versions.ts";
import { convertAgain } from "./convert-again.ts";
import type { DataFile } from "./data-file.ts";
import { joined } from "./key-parts.ts";
import { LateCounts, type Moved } from "./late-counts.ts";
import { type Taken, takenOfOutcome, takenOfRun, takenOfStep } from "./meter-again.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";
import { countedAtMs } from "./run-entries.ts";
import { FirstCards } from "./settle-again.ts";
import { chargedAgain, isFreeAt, takenFree } from "./trial-again.ts";

interface Share {
  readonly chargeKey: string;
  readonly cell: string;
  readonly amount: bigint;
}

/** What something that is charged moves counters by. */
interface Charged extends Moved {
  readonly shares: readonly Share[];
}

/** The sums that the oracle rebuilds from what is counted. */
export class Books {
  /** By run: steps, unpriced, cost, charge. */
  readonly runs: RebuiltSums;
  /** By run and period: what the run itself was charged. */
  readonly charged: RebuiltSums;
  /** By roll-up: steps, unpriced, cost, charge, input tokens, output tokens. */
  readonly rollups: RebuiltSums;
  /** By counter: the shares of all that it charged. */
  readonly amounts: RebuiltSums;
  /** By counter and card version: the quantity. */
  readonly quantities: RebuiltSums;
  /** By budget, scope and window: what it measures. */
  readonly budgets: BudgetSums;
  /** What moved counters after the close of their period. */
  readonly lateCounts: LateCounts;
  readonly late: RebuiltSums;
  readonly cards: CardVersions;
  readonly #acts: Acts;
  readonly #file: DataFile;
  #firstCards: FirstCards | null = null;

  constructor(file: DataFile, cards: CardVersions, acts: Acts) {
    this.#acts = acts;
    this.#file = file;
    this.runs = new RebuiltSums(file.scratch, "runs");
    this.charged = new RebuiltSums(file.scratch, "charged");
    this.rollups = new RebuiltSums(file.scratch, "rollups");
    this.amounts = new RebuiltSums(file.scratch, "amounts");
    this.quantities = new RebuiltSums(file.scratch, "quantities");
    this.budgets = new BudgetSums(file, cards);
    this.lateCounts = new LateCounts(file, cards);
    this.late = this.lateCounts.sums;
    this.cards = cards;
  }

  /** The charges of the card by which an outcome was recorded: they say when it is final. */
  chargesAtRecording(ws: number, outcome: OutcomeState) {
    this.#firstCards ??= new FirstCards(this.#acts);
    return this.#chargesOf(ws, this.#firstCards.of(ws, outcome));
  }

  addStep(ws: number, step: Step): void {
    this.budgets.addStep(ws, step);
    const { customer, period, agent, kind, provider, model, tool, run } = step;
    const totals = totalsOf(step);
    this.runs.addRebuilt(joined(ws, run), totals);
    this.charged.addRebuilt(joined(ws, run, period), totals.slice(-1));
    const rollup = joined(ws, customer, period, agent, kind, provider, model, tool);
    this.rollups.addRebuilt(rollup, [...totals, ...tokensOf(step)]);
    const moved = this.#movedByStep(ws, step);
    this.#addCharged({ ...moved, shares: step.shares });
    this.lateCounts.addCurrent(moved, step.seq);
  }

  /** A revision that another one followed. */
  addFormerStep(ws: number, step: Step, untilSeq: () => number): void {
    this.lateCounts.addFormer(this.#movedByStep(ws, step), step.seq, untilSeq);
  }

  #movedByStep(ws: number, step: Step): Moved {
    const { customer, period, cardVersionId, ratedAtMs: atMs } = step;
    const charges = this.#chargesOf(ws, cardVersionId);
    const paid = takenOfStep(charges, this.#inCardsCurrency(ws, step));
    const taken = this.#placed(paid, { ws, customer, cardVersionId, atMs });
    return { ws, customer, period, cardVersionId, taken };
  }

  addRun(ws: number, run: Run): void {
    this.budgets.addRun(ws, run);
    const { rating, customer } = run;
    for (const { period, charge } of run.chargedIn) {
      this.charged.addStored(joined(ws, run.id, period), [charge]);
      // What stands on a run is its whole tree's; what is below it is taken off again.
      if (run.parent !== null) this.charged.addStored(joined(ws, run.parent, period), [-charge]);
    }
    for (const correction of run.corrections) this.#addCorrection(ws, run, correction);
    if (rating === null || customer === null) return;
    const { period, agent, shares } = rating;
    this.#addCharge({ ws, run: run.id, customer, period, agent, kind: "run", shares });
    // What tier shifts have left on it stands where it was counted before.
    for (const { period: before, cardVersionId: version, ...share } of rating.left) {
      const at = { ws, customer, period: before, shares: [share] };
      this.#addCharge({ ...at, run: run.id, agent, kind: "run" });
      this.#addCharged({ ...at, cardVersionId: version, taken: [] });
    }
    const moved = this.#movedByRun(ws, customer, rating);
    this.#addCharged({ ...moved, shares });
    this.lateCounts.addCurrent(moved, run.sinceSeq);
  }

  /** A version of a run that another one followed. */
  addFormerRun(ws: number, { customer, rating, sinceSeq }: RunFacts, untilSeq: number): void {
    if (rating === null || customer === null) return;
    const moved = this.#movedByRun(ws, customer, rating);
    this.lateCounts.addFormer(moved, sinceSeq, () => untilSeq);
  }

  #movedByRun(ws: number, customer: string, rating: RunRating): Moved {
    const { cardVersionId, period } = rating;
    const paid = takenOfRun(this.#chargesOf(ws, cardVersionId), rating);
    const trial = this.cards.of(ws, cardVersionId)?.trial;
    const taken = rating.inTrial && trial ? takenFree(paid, trial) : paid;
    return { ws, customer, period, cardVersionId, taken };
  }

  addOutcome(ws: number, outcome: OutcomeState): void {
    this.budgets.addOutcome(ws, outcome);
    const { customer, period, agent, shares, run } = outcome;
    this.#addCharge({ ws, run, customer, period, agent, kind: "outcome", shares });
    const moved = this.#movedByOutcome(ws, outcome);
    this.#addCharged({ ...moved, shares });
    this.lateCounts.addCurrent(moved, outcome.sinceSeq);
  }

  /** A version of an outcome that another one followed. */
  addFormerOutcome(ws: number, outcome: OutcomeState, untilSeq: number): void {
    const moved = this.#movedByOutcome(ws, outcome);
    this.lateCounts.addFormer(moved, outcome.sinceSeq, () => untilSeq);
  }

  #movedByOutcome(ws: number, outcome: OutcomeState): Moved {
    const { customer, period, cardVersionId } = outcome;
    const paid = takenOfOutcome(this.#chargesOf(ws, cardVersionId), outcome);
    const atMs = countedAtMs(outcome.occurredAtMs, outcome.receivedAtMs);
    const taken = this.#placed(paid, { ws, customer, cardVersionId, atMs });
    return { ws, customer, period, cardVersionId, taken };
  }

  /** What is free in a trial is counted apart. */
  #placed(
    paid: readonly Taken[],
    at: {
      readonly ws: number;
      readonly customer: string;
      readonly cardVersionId: number | null;
      readonly atMs: number;
    },
  ): readonly Taken[] {
    const { ws, cardVersionId } = at;
    const trial = cardVersionId === null ? null : (this.cards.of(ws, cardVersionId)?.trial ?? null);
    return trial !== null && isFreeAt(this.#file, trial, at) ? takenFree(paid, trial) : paid;
  }

  #inCardsCurrency(ws: number, step: Step): Step {
    const { cardVersionId, ratedAtMs: atMs } = step;
    const version = cardVersionId === null ? undefined : this.cards.of(ws, cardVersionId);
    if (version === undefined || version.currency === "USD") return step;
    const { currency, rounding } = version;
    const cost = convertAgain(this.#acts, step.cost, { ws, currency, rounding, atMs });
    return { ...step, cost: cost as Step["cost"] };
  }

  /** Corrections stand under the charge "", in two cells, with the number of their runs. */
  #addCorrection(ws: number, { customer }: Run, correction: RunCorrection): void {
    const { period, cardVersionId, agent, cap, minimum } = correction;
    if (customer === null) return;
    const parts: [string, bigint][] = [
      ["run_cap", cap],
      ["run_minimum", minimum],
    ];
    for (const [cell, amount] of parts.filter(([, value]) => value !== 0n)) {
      const rollup = joined(ws, customer, period, agent, cell, "", "", "");
      this.rollups.addRebuilt(rollup, [0n, 0n, 0n, amount, 0n, 0n]);
      const shares = [{ chargeKey: "", cell, amount }];
      const taken = [{ chargeKey: "", cell, quantity: ONE_UNIT }];
      this.#addCharged({ ws, customer, period, cardVersionId, shares, taken });
    }
  }

  #chargesOf(ws: number, version: number | null) {
    return version === null ? [] : (this.cards.of(ws, version)?.charges ?? []);
  }

  #addCharge(of: {
    readonly ws: number;
    readonly run: string;
    readonly customer: string;
    readonly period: string;
    readonly agent: string | null;
    readonly kind: string;
    readonly shares: readonly Share[];
  }): void {
    const { ws, run, customer, period, agent, kind, shares } = of;
    const charge = chargedAgain(shares);
    if (charge === 0n) return;
    this.runs.addRebuilt(joined(ws, run), [0n, 0n, 0n, charge]);
    this.charged.addRebuilt(joined(ws, run, period), [charge]);
    const rollup = joined(ws, customer, period, agent, kind, "", "", "");
    this.rollups.addRebuilt(rollup, [0n, 0n, 0n, charge, 0n, 0n]);
  }

  #addCharged({ ws, customer, period, cardVersionId, shares, taken }: Charged): void {
    if (cardVersionId === null) return;
    const cardKey = this.cards.of(ws, cardVersionId)?.cardKey ?? `version ${cardVersionId}`;
    for (const { chargeKey, cell, amount } of shares) {
      const counter = { ws, customer, period, cardKey, chargeKey, cell };
      this.amounts.addRebuilt(amountKey(counter), [amount]);
    }
    for (const { chargeKey, cell, quantity } of taken) {
      const key = joined(ws, customer, period, cardKey, chargeKey, cell, cardVersionId);
      this.quantities.addRebuilt(key, [quantity]);
    }
  }
}

/** The counter that shares are added up for. */
export function amountKey(of: {
  readonly ws: number;
  readonly customer: string;
  readonly period: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
}): string {
  const { ws, customer, period, cardKey, chargeKey, cell } = of;
  return joined(ws, customer, period, cardKey, chargeKey, cell);
}

/** Steps, steps of unknown cost, cost and charge that a step counts for. */
function totalsOf(step: Step): bigint[] {
  const charge = chargedAgain(step.shares);
  if (step.voided || step.role !== "bill") return [0n, 0n, 0n, charge];
  const isUnknown = step.costStatus === "unpriced" || step.costStatus === "partial";
  return [1n, isUnknown ? 1n : 0n, step.payer === "us" ? step.cost : 0n, charge];
}

const OUTPUTS: ReadonlySet<string> = new Set(OUTPUT_BUCKETS);

function tokensOf(step: Step): bigint[] {
  if (step.voided || step.role !== "bill") return [0n, 0n];
  let [input, output] = [0n, 0n];
  for (const [bucket, quantity] of step.usage) {
    if (isInputBucket(bucket)) input += quantity;
    else if (OUTPUTS.has(bucket)) output += quantity;
  }
  return [input, output];
}
