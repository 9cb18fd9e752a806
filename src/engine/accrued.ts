/**
 * What charges that wait for the end of runs would come to: no run owes it yet. Worked out when it
 * is asked for, as if the runs were completed now, on top of what their periods have counted.
 */
import type { Amount } from "../domain/money/decimal.ts";
import type { Counter } from "../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../domain/rating/meter.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";
import { counterKeyText } from "./batch-state.ts";
import type { CounterKey, Store } from "./ports.ts";
import { isSameAs } from "./shares.ts";
import type { Tariff } from "./tariff.ts";

const RUNS_A_READ = 100;

interface Waiting {
  readonly at: CounterKey;
  readonly card: CompiledCard;
  readonly items: readonly MeteredQuantity[];
}

/** Adds up what waits, one run after the other: each stands on the counters of those before. */
export class Accruals {
  readonly #store: Pick<Store, "countersOf">;
  readonly #workspace: string;
  readonly #tariff: Tariff;
  readonly #counters = new Map<string, Counter>();
  readonly #pages = new Set<string>();

  constructor(store: Pick<Store, "countersOf">, workspace: string, tariff: Tariff) {
    this.#store = store;
    this.#workspace = workspace;
    this.#tariff = tariff;
  }

  /** What a run and its own outcomes wait for, in one period (Default: in any). */
  async of(run: Run, outcomes: readonly OutcomeState[], period?: string): Promise<Amount> {
    if (run.status !== "open" || !this.#tariff.waitsForEnd) return 0n as Amount;
    let sum = 0n;
    for (const waiting of [this.#ofRun(run), ...outcomes.map((one) => this.#ofOutcome(one))]) {
      if (waiting === null || waiting.items.length === 0) continue;
      if (period !== undefined && waiting.at.period !== period) continue;
      for (const item of waiting.items) sum += await this.#put(waiting, item);
    }
    return sum as Amount;
  }

  #ofRun({ rating, customer }: Run): Waiting | null {
    if (rating === null || !rating.counted || customer === null) return null;
    const card = this.#tariff.cardById(rating.cardVersionId);
    const ended = card.meterRun({ ...rating, ending: "completed" });
    const at = { customer, period: rating.period };
    return { at, card, items: without(ended, card.meterRun(rating)) };
  }

  #ofOutcome(outcome: OutcomeState): Waiting | null {
    const { cardVersionId, customer, period, status } = outcome;
    if (cardVersionId === null || status === "reversed") return null;
    const card = this.#tariff.cardById(cardVersionId);
    const ended = card.meterOutcome({ ...outcome, ending: "completed" });
    return { at: { customer, period }, card, items: without(ended, card.meterOutcome(outcome)) };
  }

  async #put({ at, card }: Waiting, item: MeteredQuantity): Promise<bigint> {
    await this.#load(at);
    const key = slotText(at, card.cardKey, item);
    const move = { item, delta: item.quantity };
    const { counter, marginal } = this.#tariff.advance(this.#counters.get(key), card, move);
    this.#counters.set(key, counter);
    return marginal;
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

function without(all: readonly MeteredQuantity[], counted: readonly MeteredQuantity[]) {
  return all.filter((item) => !counted.some(isSameAs(item)));
}

function slotText(
  { customer, period }: CounterKey,
  cardKey: string,
  { chargeKey, cell }: { readonly chargeKey: string; readonly cell: string },
): string {
  return JSON.stringify([customer, period, cardKey, chargeKey, cell]);
}

/** What the open runs of a customer wait for in a period. Reads these runs, and no others. */
export async function accruedIn(
  { store, tariff }: { readonly store: Store; readonly tariff: Tariff },
  workspace: string,
  { customer, period }: CounterKey,
): Promise<Amount> {
  let sum = 0n;
  if (!tariff.waitsForEnd) return sum as Amount;
  const accruals = new Accruals(store, workspace, tariff);
  const filter = { customer, status: "open", limit: RUNS_A_READ };
  for (let after: string | undefined; ; ) {
    const where = after === undefined ? filter : { ...filter, after };
    const runs = await store.listRuns(workspace, where);
    for (const run of runs) {
      sum += await accruals.of(run, await store.outcomesOfRun(workspace, run.id), period);
    }
    after = runs.at(-1)?.id;
    if (runs.length < RUNS_A_READ) return sum as Amount;
  }
}
