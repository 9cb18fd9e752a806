/** What contenders count of a family, told apart by the moments that it was committed before. */

import type { MeteredQuantity } from "../../domain/rating/meter.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { type Counted, epochOf, StepSums } from "../../domain/simulation/step-sums.ts";
import { meteredOfOutcome, meteredOfRun } from "../booking/metered.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, Customer, Store } from "../ports.ts";
import { type Counting, runRatingBy, runsOfCustomer } from "../simulation/count-history.ts";
import { addDated } from "../simulation/dated-counts.ts";
import { ratedOutcome } from "../simulation/rated-outcome.ts";
import { eachOf } from "../simulation/replay-customer.ts";
import type { CreditFamily } from "./credit-family.ts";

/** Whose history is dated. */
export interface DatedHistory {
  readonly store: Store;
  readonly workspace: string;
  readonly recorded: Tariff;
  /** By their id. */
  readonly customers: ReadonlyMap<string, Customer>;
}

/** Stretches of seqs in which a version was the one in force. */
interface Stood<T> {
  readonly version: T;
  readonly sinceSeq: number;
  /** Infinity: still. */
  readonly untilSeq: number;
}

/** Dates all that contenders count of a family, beside the steps that stand now. */
export class FamilyDating {
  readonly #of: DatedHistory;
  readonly #family: CreditFamily;
  readonly #seqs: readonly number[];
  readonly #countings: readonly Counting[];

  constructor(of: DatedHistory, family: CreditFamily, countings: readonly Counting[]) {
    this.#of = of;
    this.#family = family;
    this.#countings = countings;
    this.#seqs = family.moments.map(({ seq }) => seq);
  }

  async date(): Promise<void> {
    for (const id of this.#family.members) {
      const customer = this.#of.customers.get(id);
      if (customer === undefined) continue;
      await this.#formerSteps(customer);
      const { store, workspace } = this.#of;
      for await (const run of runsOfCustomer(store, workspace, id)) {
        const versions = await this.#versionsOf(run);
        for (const version of versions) this.#countRun(customer, version);
        for (const outcome of await this.#outcomesOf(run.id)) {
          this.#countOutcome(customer, outcome, versions);
        }
      }
    }
  }

  /** A former step counts from its seq on, and no more from that of the next one on. */
  async #formerSteps({ id, startedAtMs }: Customer): Promise<void> {
    const cards = this.#countings.map(({ cardOfStep }) => cardOfStep);
    const sums = () =>
      new StepSums(
        cards,
        () => startedAtMs,
        () => this.#seqs,
      );
    const [on, off] = [sums(), sums()];
    const history = this.#of.store.history(this.#of.workspace);
    for await (const { step, untilSeq } of eachOf(history.formerStepsOfCustomer(id))) {
      on.add(step);
      off.add(step, untilSeq + 1);
    }
    for (const row of on.merged()) this.#add(row.contender, row);
    for (const row of off.merged()) this.#add(row.contender, { ...row, quantity: -row.quantity });
  }

  async #versionsOf(run: Run): Promise<Stood<RunFacts>[]> {
    const { store, workspace } = this.#of;
    return versions<RunFacts>(run, (seq) => store.formerRun(workspace, run.id, seq));
  }

  async #outcomesOf(run: string): Promise<Stood<OutcomeState>[]> {
    const { store, workspace } = this.#of;
    const all: Stood<OutcomeState>[] = [];
    for (const outcome of await store.outcomesOfRun(workspace, run)) {
      const former = async (seq: number): Promise<OutcomeState | undefined> => {
        const found = await store.formerOutcomes(workspace, run, seq);
        return found.find(({ key }) => key === outcome.key);
      };
      all.push(...(await versions<OutcomeState>(outcome, former)));
    }
    return all;
  }

  #countRun(customer: Customer, { version: run, sinceSeq, untilSeq }: Stood<RunFacts>): void {
    this.#countings.forEach((counting, contender) => {
      const rating = runRatingBy(counting, customer, run);
      if (rating === null || !rating.counted || run.customer === null) return;
      const { cardVersionId, period } = rating;
      const metered = meteredOfRun(counting.tariff.cardById(cardVersionId), rating);
      const epochs = { on: this.#epochOf(sinceSeq), off: this.#epochOf(untilSeq + 1) };
      const at = { customer: customer.id, period };
      this.#addMetered({ contender, at, cardVersionId, metered }, epochs);
    });
  }

  /** By each version of its run too: how that ended may decide what is charged. */
  #countOutcome(
    customer: Customer,
    outcome: Stood<OutcomeState>,
    runs: readonly Stood<RunFacts>[],
  ): void {
    this.#countings.forEach((counting, contender) => {
      const isAsking = !counting.isInForce && counting.tariff.waitsForEnd;
      for (const run of isAsking ? runs : ALWAYS) {
        const sinceSeq = Math.max(outcome.sinceSeq, run?.sinceSeq ?? 0);
        const untilSeq = Math.min(outcome.untilSeq, run?.untilSeq ?? Number.POSITIVE_INFINITY);
        if (sinceSeq > untilSeq) continue;
        const of = { outcome: outcome.version, customer, run: run?.version };
        const { recorded } = this.#of;
        const rated = ratedOutcome(counting, of, { recorded, nowMs: Number.POSITIVE_INFINITY });
        if (rated === null || rated.cardVersionId === null) continue;
        const on = Math.max(this.#epochOf(sinceSeq), this.#finalIn(rated, counting));
        const off = this.#epochOf(untilSeq + 1);
        const { cardVersionId, period } = rated;
        const card = counting.tariff.cardById(cardVersionId);
        const metered = meteredOfOutcome(card, rated, { customer: () => customer });
        const at = { customer: customer.id, period };
        this.#addMetered({ contender, at, cardVersionId, metered }, { on, off });
      }
    });
  }

  /**
   * The first moment by which an outcome is final. Whoever moves credit settles first what is final
   * by then; by the cards in force nothing is now that is not recorded as such.
   */
  #finalIn({ finalAtMs, status }: OutcomeState, { isInForce }: Counting): number {
    if (finalAtMs === null || (isInForce && status === "recorded")) return 0;
    const { moments } = this.#family;
    const at = moments.findIndex(({ atMs, happened }) => {
      return atMs >= finalAtMs && !(isInForce && happened.is === "now");
    });
    return at < 0 ? moments.length : at;
  }

  #epochOf(seq: number): number {
    return epochOf(this.#seqs, seq);
  }

  #addMetered(of: Metered, { on, off }: { readonly on: number; readonly off: number }): void {
    if (on >= off) return;
    const { contender, at, cardVersionId, metered } = of;
    for (const { quantity, ...item } of metered) {
      const row = { ...at, cardVersionId, ...item };
      this.#add(contender, { ...row, epoch: on, quantity });
      this.#add(contender, { ...row, epoch: off, quantity: -quantity });
    }
  }

  #add(contender: number, row: Omit<Counted, "contender">): void {
    const counting = this.#countings[contender];
    // What is taken off behind the last moment is never looked at.
    if (counting !== undefined && row.epoch < this.#seqs.length) addDated(counting.dated, row);
  }
}

interface Metered {
  readonly contender: number;
  readonly at: CounterKey;
  readonly cardVersionId: number;
  readonly metered: readonly MeteredQuantity[];
}

/** Whatever its run was. */
const ALWAYS = [undefined];

interface Versioned {
  readonly sinceSeq: number;
}

/** All that something ever was, newest first. */
async function versions<T extends Versioned>(
  now: T,
  former: (atSeq: number) => Promise<T | undefined> | T | undefined,
): Promise<Stood<T>[]> {
  const found: Stood<T>[] = [];
  let version: T | undefined = now;
  for (let untilSeq = Number.POSITIVE_INFINITY; version !== undefined; ) {
    const { sinceSeq }: Versioned = version;
    found.push({ version, sinceSeq, untilSeq });
    untilSeq = sinceSeq - 1;
    version = await former(untilSeq);
  }
  return found;
}
