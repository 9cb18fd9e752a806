/** Runs with their steps and outcomes as they were at a seq, and the sums of these. */

import type { Step } from "../../domain/event/step.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { chargesOfRating } from "../../domain/run/rating-charges.ts";
import { totalsOfStep } from "../../domain/run/rollup.ts";
import {
  addCharge,
  addCharges,
  addTotals,
  NO_TOTALS,
  type OutcomeState,
  type PeriodCharge,
  type Run,
  type RunFacts,
  type Totals,
} from "../../domain/run/run.ts";
import { ReadTurns } from "../commit/others-turn.ts";
import type { Store } from "../ports.ts";
import { mayLackSteps, removedUntil, wholeFrom } from "../retention/require-steps.ts";
import type { AsOfPlace } from "./acts-as-of.ts";
import type { Recount } from "./recount.ts";

/** What a run and all below it came to. */
export interface Summed {
  readonly own: Totals;
  readonly tree: Totals;
  /** The charge of `tree` by period. */
  readonly chargedIn: readonly PeriodCharge[];
}

/** Reads runs as they were. */
export class RunsAsOf {
  readonly #store: Store;
  readonly #place: AsOfPlace;
  /** Runs that are told: a tree is added up once, and then asked for node by node. */
  readonly #told = new Map<string, Summed>();
  /** Runs whose steps may be gone, by when they last counted. */
  readonly #gone = new Map<string, number>();
  readonly #turns = new ReadTurns();
  #wholeFrom: Promise<number> | null = null;

  constructor(store: Store, place: AsOfPlace) {
    this.#store = store;
    this.#place = place;
  }

  /** What a run was; undefined: nobody had heard of it. */
  async factsOf(run: Run): Promise<RunFacts | undefined> {
    const { workspace, seq } = this.#place;
    this.#wholeFrom ??= wholeFrom(this.#store, workspace);
    if (mayLackSteps(run, await this.#wholeFrom)) {
      // What caps and minimums make of its steps counts in the period in which it ended.
      this.#gone.set(run.id, Math.max(run.lastSeenAtMs, run.endedAtMs ?? 0));
    }
    return run.sinceSeq <= seq ? run : this.#store.formerRun(workspace, run.id, seq);
  }

  /** A link to a parent never ends, so the children of then are among those of now. */
  async childrenOf({ id, height }: RunFacts): Promise<{ run: Run; facts: RunFacts }[]> {
    if (height === 0) return [];
    const children: { run: Run; facts: RunFacts }[] = [];
    for (const run of await this.#store.children(this.#place.workspace, id)) {
      const facts = await this.factsOf(run);
      if (facts?.parent === id) children.push({ run, facts });
    }
    return children.sort(byOpening);
  }

  /**
   * The steps of a run, page by page: of each, the last revision up to the seq. Revisions of one
   * step follow one another, so only the last one seen is held back.
   */
  async *steps(run: string): AsyncGenerator<Step[]> {
    const { workspace, seq: untilSeq } = this.#place;
    let held: Step | undefined;
    for (let after: string | null = ""; after !== null; ) {
      const filter = { run, untilSeq, after, limit: PAGE_MAX_ROWS };
      const { steps, next } = await this.#store.revisionsOfRun(workspace, filter);
      await this.#turns.read(1 + steps.length);
      const standing: Step[] = [];
      for (const step of steps) {
        if (held !== undefined && !isSameStep(held, step)) standing.push(held);
        held = step;
      }
      if (next === null && held !== undefined) standing.push(held);
      yield standing;
      after = next;
    }
  }

  /** One that was final later has the seq of that now, so its versions tell since when it is. */
  async outcomes(run: string): Promise<OutcomeState[]> {
    const { workspace, seq } = this.#place;
    const current = await this.#store.outcomesOfRun(workspace, run);
    const isNow = ({ sinceSeq }: OutcomeState) => sinceSeq <= seq;
    if (current.every(isNow)) return current;
    const former = await this.#store.formerOutcomes(workspace, run, seq);
    // One that was changed between both readings is in both of them, as it was.
    const byKey = new Map([...former, ...current.filter(isNow)].map((one) => [one.key, one]));
    return [...byKey.values()].sort((a, b) => a.seq - b.seq);
  }

  /**
   * Runs that were known, of a customer (null: of all) and behind an id, in an order that nothing
   * changes. A run never leaves its customer, so they are among those of now.
   */
  async *all(of: { readonly customer: string | null; readonly after: string }) {
    const { workspace } = this.#place;
    const { customer } = of;
    const limit = PAGE_MAX_ROWS;
    const filter = { limit, byId: true, ...(customer === null ? {} : { customer }) };
    for (let after: string | undefined = of.after; after !== undefined; ) {
      const page: Run[] = await this.#store.listRuns(workspace, { ...filter, after });
      await this.#turns.read(page.length);
      for (const run of page) {
        const facts = await this.factsOf(run);
        if (facts !== undefined) yield facts;
      }
      after = page.length < limit ? undefined : page.at(-1)?.id;
    }
  }

  /** Throws `steps.removed` where a removal has begun since the first run was looked at. */
  async requireAsBefore(): Promise<void> {
    const before = await this.#wholeFrom;
    const now = await wholeFrom(this.#store, this.#place.workspace);
    if (before !== null && before !== now) throw removedUntil(now);
  }

  /** Throws `steps.removed` where steps of a run that was asked for may be gone. */
  requireSteps(run: string): void {
    const goneUntilMs = this.#gone.get(run);
    if (goneUntilMs !== undefined) throw removedUntil(goneUntilMs);
  }

  /**
   * Adds up a run and all below it, telling every part to whoever counts on: also that steps may be
   * gone, which throws `steps.removed` where nobody does.
   */
  async sum(facts: RunFacts, count: Recount | null): Promise<Summed> {
    const told = count === null ? this.#told.get(facts.id) : undefined;
    if (told !== undefined) return told;
    const goneUntilMs = this.#gone.get(facts.id);
    if (goneUntilMs !== undefined) {
      if (count === null) throw removedUntil(goneUntilMs);
      count.addGone(facts.customer, goneUntilMs);
    }
    let own: Totals = { ...NO_TOTALS };
    let chargedIn: readonly PeriodCharge[] = [];
    const add = (period: string, totals: Totals): void => {
      own = addTotals(own, totals);
      chargedIn = addCharge(chargedIn, period, totals.charge);
    };
    for await (const page of this.steps(facts.id)) {
      for (const step of page) {
        add(step.period, totalsOfStep(step));
        count?.addStep(step);
      }
    }
    for (const outcome of await this.outcomes(facts.id)) {
      add(outcome.period, { ...NO_TOTALS, charge: outcome.charge });
      count?.addOutcome(outcome);
    }
    const { rating, customer } = facts;
    if (rating !== null && customer !== null) {
      for (const { period, charge } of chargesOfRating(rating))
        add(period, { ...NO_TOTALS, charge });
      count?.addRating(customer, rating);
    }
    let tree = own;
    for (const child of await this.childrenOf(facts)) {
      const below = await this.sum(child.facts, count);
      tree = addTotals(tree, below.tree);
      chargedIn = addCharges(chargedIn, below.chargedIn);
    }
    const summed = { own, tree, chargedIn };
    if (count === null) this.#told.set(facts.id, summed);
    return summed;
  }
}

function isSameStep(a: Step, b: Step): boolean {
  return a.id === b.id && a.source === b.source;
}

type Opened = { readonly facts: RunFacts };

function byOpening({ facts: a }: Opened, { facts: b }: Opened): number {
  return a.openedAtMs - b.openedAtMs || (a.id < b.id ? -1 : 1);
}
