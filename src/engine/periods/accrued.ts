/**
 * What is not owed yet: charges that wait for the end of runs, and outcomes that are not final.
 * Worked out when it is asked for, as if the runs were completed now and nothing were taken back,
 * on top of what their periods have counted.
 */
import { present } from "../../domain/assert.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { type Customers, meteredOfOutcome, meteredOfRun } from "../booking/metered.ts";
import { isSameAs } from "../booking/shares.ts";
import type { Tariff } from "../cards/tariff.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { CounterKey, Customer, Reads, UsageFilter } from "../ports.ts";

const ROWS_A_READ = 100;

/** An amount that is not owed yet, and what it would be billed by. */
export interface Accrued extends CounterKey {
  readonly agent: string | null;
  readonly endUser: string | null;
  readonly kind: "run" | "outcome";
  readonly amount: Amount;
}

interface Waiting {
  readonly at: CounterKey;
  readonly agent: string | null;
  readonly endUser: string | null;
  readonly kind: Accrued["kind"];
  readonly card: CompiledCard;
  readonly items: readonly MeteredQuantity[];
}

/** Adds up what waits, one thing after the other: each stands on the counters of those before. */
export class Accruals {
  readonly #store: Pick<Reads, "countersOf" | "customer">;
  readonly #workspace: string;
  readonly #tariff: Tariff;
  readonly #counters = new Map<string, Counter>();
  readonly #pages = new Set<string>();
  readonly #customers = new Map<string, Customer>();

  constructor(store: Pick<Reads, "countersOf" | "customer">, workspace: string, tariff: Tariff) {
    this.#store = store;
    this.#workspace = workspace;
    this.#tariff = tariff;
  }

  /** What a run and its own outcomes wait for. */
  async of(run: RunFacts, outcomes: readonly OutcomeState[]): Promise<Amount> {
    let sum = (await this.ofRun(run))?.amount ?? 0n;
    for (const outcome of outcomes) sum += (await this.ofOutcome(outcome, run))?.amount ?? 0n;
    return sum as Amount;
  }

  /** What the charges on a run wait for; null: nothing. */
  async ofRun({ rating, customer, status, endUser }: RunFacts): Promise<Accrued | null> {
    if (status !== "open" || !this.#tariff.waitsForEnd) return null;
    if (rating === null || !rating.counted || customer === null) return null;
    const card = this.#tariff.cardById(rating.cardVersionId);
    const ended = meteredOfRun(card, { ...rating, ending: "completed" });
    const { period, agent } = rating;
    const items = without(ended, meteredOfRun(card, rating));
    const of = { at: { customer, period }, agent, endUser };
    return this.#put({ ...of, kind: "run", card, items });
  }

  /** What the charges on an outcome wait for; null: nothing. */
  async ofOutcome(
    outcome: OutcomeState,
    { status, endUser }: Pick<Run, "status" | "endUser">,
  ): Promise<Accrued | null> {
    const { cardVersionId, customer, period, agent } = outcome;
    if (cardVersionId === null || outcome.status === "reversed") return null;
    const isFinal = outcome.status === "recorded";
    const isOpen = status === "open";
    if (isFinal && !(isOpen && this.#tariff.waitsForEnd)) return null;
    const card = this.#tariff.cardById(cardVersionId);
    const owner = await this.#customersOf(customer);
    const asEnded = isOpen ? { ...outcome, ending: "completed" as const } : outcome;
    const ended = meteredOfOutcome(card, asEnded, owner);
    const items = without(ended, isFinal ? meteredOfOutcome(card, outcome, owner) : []);
    const of = { at: { customer, period }, agent, endUser };
    return this.#put({ ...of, kind: "outcome", card, items });
  }

  async #customersOf(id: string): Promise<Customers> {
    const known = this.#customers.get(id) ?? (await this.#store.customer(this.#workspace, id));
    const customer = present(known, `customer "${id}"`);
    this.#customers.set(id, customer);
    return { customer: () => customer };
  }

  async #put({ card, items, ...of }: Waiting): Promise<Accrued | null> {
    if (items.length === 0) return null;
    const { at, ...named } = of;
    await this.#load(at);
    let amount = 0n;
    for (const item of items) {
      const key = slotText(at, card.cardKey, item);
      const move = { item, delta: item.quantity };
      const { counter, marginal } = this.#tariff.advance(this.#counters.get(key), card, move);
      this.#counters.set(key, counter);
      amount += marginal;
    }
    return { ...at, ...named, amount: amount as Amount };
  }

  async #load(at: CounterKey): Promise<void> {
    const page = counterKeyText(at);
    if (this.#pages.has(page)) return;
    this.#pages.add(page);
    for (const stored of await this.#store.countersOf(this.#workspace, at)) {
      this.#counters.set(slotText(at, stored.cardKey, stored), stored.counter);
    }
  }
}

/** What is free in a trial is waited for by nobody. */
function without(all: readonly MeteredQuantity[], counted: readonly MeteredQuantity[]) {
  return all.filter((item) => !isTrialCell(item.cell) && !counted.some(isSameAs(item)));
}

function slotText(
  { customer, period }: CounterKey,
  cardKey: string,
  { chargeKey, cell }: { readonly chargeKey: string; readonly cell: string },
): string {
  return JSON.stringify([customer, period, cardKey, chargeKey, cell]);
}

interface Reading {
  readonly store: Reads;
  readonly tariff: Tariff;
}

/** What customers' open runs and outcomes wait for. Reads these, and nothing that is final. */
export async function* accruedOf(
  { store, tariff }: Reading,
  workspace: string,
  { customer, agent, period }: UsageFilter,
): AsyncGenerator<Accrued> {
  const accruals = new Accruals(store, workspace, tariff);
  const isWanted = (one: Accrued | null): one is Accrued =>
    one?.period.startsWith(period ?? "") === true && (agent === undefined || one.agent === agent);
  const who = customer === undefined ? {} : { customer };
  if (tariff.waitsForEnd) {
    for await (const run of openRuns(store, workspace, who)) {
      const own = await accruals.ofRun(run);
      if (isWanted(own)) yield own;
      for (const outcome of await store.outcomesOfRun(workspace, run.id)) {
        if (outcome.status === "provisional") continue;
        const one = await accruals.ofOutcome(outcome, run);
        if (isWanted(one)) yield one;
      }
    }
  }
  if (!tariff.settlesOutcomes) return;
  for await (const outcome of provisional(store, workspace, who)) {
    const run = await store.run(workspace, outcome.run);
    const one = run === undefined ? null : await accruals.ofOutcome(outcome, run);
    if (isWanted(one)) yield one;
  }
}

type Who = { readonly customer?: string };

async function* openRuns(store: Reads, workspace: string, who: Who): AsyncGenerator<RunFacts> {
  const filter = { ...who, status: "open", limit: ROWS_A_READ };
  for (let after: string | undefined; ; ) {
    const where = after === undefined ? filter : { ...filter, after };
    const runs = await store.listRuns(workspace, where);
    yield* runs;
    after = runs.at(-1)?.id;
    if (runs.length < ROWS_A_READ) return;
  }
}

async function* provisional(
  store: Reads,
  workspace: string,
  who: Who,
): AsyncGenerator<OutcomeState> {
  const filter = { ...who, limit: ROWS_A_READ };
  for (let after: OutcomeState | undefined; ; ) {
    const where = after === undefined ? filter : { ...filter, after };
    const page = await store.provisionalOutcomes(workspace, where);
    yield* page;
    after = page.at(-1);
    if (page.length < ROWS_A_READ) return;
  }
}

/** What a customer's period would come to on top, by all that it waits for. */
export async function accruedIn(
  reading: Reading,
  workspace: string,
  key: CounterKey,
): Promise<Amount> {
  let sum = 0n;
  for await (const { amount } of accruedOf(reading, workspace, key)) sum += amount;
  return sum as Amount;
}
