/** Plays histories to the real engine over a store, and shows all that the store holds after. */
import assert from "node:assert/strict";
import { composeEngine } from "../compose.ts";
import type { PriceEntry } from "../domain/cost/price-book.ts";
import { TollgateError } from "../domain/errors.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import { type Price, parsePrice } from "../domain/money/decimal.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import { storedOverride, storedRateCard } from "../domain/rating/stored-rate-card.ts";
import type { RerateResult } from "../engine/cards/rerate.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/ports.ts";
import { type Happening, START_MS } from "./event-sequences-contract.ts";
import { forgetRows, sorted, write } from "./round-trip-contract.ts";
import { BUDGETS } from "./sample-budgets-contract.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const CHANGE_MS = START_MS - 15 * DAY_MS;

const price = (text: string): Price => parsePrice(text) ?? assert.fail(`price ${text}`);

const entryAt = (input: string): PriceEntry => ({
  provider: "openai",
  subject: "gpt-5",
  aliases: [],
  prefixes: [],
  currency: "USD",
  tierFactors: {},
  periods: [
    {
      effectiveFromMs: null,
      daily: null,
      rates: [
        { unit: "input_uncached", price: price(input), tiers: [] },
        { unit: "output_text", price: price("0.00001"), tiers: [] },
      ],
    },
  ],
});

/** What versions after the first let customers try. */
const TRIED = ["runs", "tools", "models", "done", "settled"];

/** The window of outcomes of every card here, unless a correction says otherwise. */
const SETTLES_AFTER_DAYS = 5;

/** Charges on outcomes that are final at once, and on those that are when a window has passed. */
function chargesOnOutcomes(afterDays: number): object[] {
  const sold = { count: "outcomes", where: { outcome: "sold" } };
  const resolved = { count: "outcomes", where: { outcome: "resolved" } };
  const when = { ending: "completed" };
  const per = (unit: string) => ({ model: "per_unit", unit });
  const tiers = [{ upTo: "1", unit: "1.5" }, { unit: "0.5" }];
  const graduated = { model: "graduated", tiers };
  const settles = { afterDays };
  return [
    { key: "kept", meter: sold, when, price: per("0.75") },
    { key: "done", meter: sold, price: per("0.99") },
    { key: "settled", meter: resolved, settles, price: graduated },
    { key: "settled and kept", meter: resolved, when, settles, price: per("0.25") },
  ];
}

/**
 * A card of which everything is counted, outcomes now and later, and that has terms of every kind.
 */
function cardVersion(
  id: number,
  runPrice: string,
  { effectiveFromMs = 0, afterDays = SETTLES_AFTER_DAYS },
): RateCardVersion {
  const graduated = [
    { upTo: "2", unit: "0" },
    { unit: "0.05", flat: "0.01" },
  ];
  // A run that moves to another period leaves what its leaving shifts between these.
  const ofRuns = [{ upTo: "1", unit: runPrice }, { unit: "0.03" }];
  const volume = [{ upTo: "1000", unit: "0.001" }, { unit: "0.0005" }];
  const document = JSON.stringify({
    key: "card",
    currency: "USD",
    charges: [
      { key: "runs", meter: { count: "runs" }, price: { model: "graduated", tiers: ofRuns } },
      {
        key: "tools",
        meter: { count: "steps", where: { kind: "tool" } },
        price: { model: "graduated", tiers: graduated },
        maximum: "0.1",
      },
      { key: "text", meter: { sum: "output_text" }, price: { model: "volume", tiers: volume } },
      { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
      {
        key: "agents",
        meter: { count: "steps" },
        price: { model: "matrix", by: "agent", cells: { support: "0.3" }, otherwise: "0.1" },
      },
      {
        key: "finished",
        meter: { count: "runs" },
        when: { ending: ["completed", "abandoned"] },
        price: { model: "per_unit", unit: "0.125" },
      },
      ...chargesOnOutcomes(afterDays),
    ],
    fees: [{ key: "base", amount: id === 1 ? "3" : "5" }],
    discounts: [{ key: "tenth", percent: "10" }],
    minimum: "6",
    maximum: "7.5",
    runCap: "1.5",
    runMinimum: "0.75",
    trial: id === 1 ? { days: 8 } : { days: 8, charges: TRIED },
  });
  const card = storedRateCard(document);
  const at = { effectiveFromMs, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id, version: id, ...at, card, document, override: null };
}

/** Two versions of one card, and one price list. */
export const CARDS = [
  cardVersion(1, "0.1", {}),
  cardVersion(2, "0.25", { effectiveFromMs: CHANGE_MS }),
];
export const PRICES = [
  {
    ...{ id: 0, source: "test", recordedAtMs: 0, effectiveFromMs: null },
    entries: [entryAt("0.000001250000000007")],
  },
];

/** How a world begins. */
export interface WorldOptions {
  /** Whether the workspace is to be made. (Default: true.) */
  readonly isNew?: boolean;
  /** (Default: two versions of one card.) */
  readonly cards?: readonly RateCardVersion[];
  /** (Default: one of every kind.) */
  readonly budgets?: typeof BUDGETS;
}

/** Terms of a customer's own: they follow the card through all its versions. */
const OWN_TEXT = JSON.stringify({
  ...{ key: "own", extends: "card" },
  charges: {
    kept: null,
    done: {
      meter: { count: "outcomes", where: { outcome: "sold" } },
      price: { model: "per_unit", unit: "2" },
    },
  },
  ...{ fees: { base: { amount: "4" }, extra: { amount: "1.01", prorate: false } } },
  ...{ discounts: { late: { amount: "1", from: "2026-11-01" } }, minimum: null },
});
const OWN = storedOverride(OWN_TEXT);

/**
 * Trials of a part of what is used: events are dated up to a month or more before. That of the
 * second ends now, so some of its outcomes are free and not final yet.
 */
const CUSTOMERS = [
  { id: "acme", settings: { startedAtMs: START_MS - 30 * DAY_MS } },
  { id: "beta", settings: { startedAtMs: START_MS - 8 * DAY_MS, cardKey: "own" } },
];

/** An engine over a store whose workspace has cards and prices, and the hand of its clock. */
export async function engineOver(
  store: Store,
  workspace: string,
  { isNew = true, cards = CARDS, budgets = BUDGETS }: WorldOptions = {},
) {
  if (isNew) {
    await store.createWorkspace(workspace);
    await write(store, workspace, { cards, prices: PRICES, budgets });
  }
  const clock = { now: START_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  if (isNew) {
    await engine.applyRateCard(workspace, {
      override: OWN,
      document: OWN_TEXT,
      effectiveFromMs: 0,
    });
    for (const one of CUSTOMERS) await engine.saveCustomer(workspace, one);
  }
  return { engine, advance: (ms = MINUTE_MS) => (clock.now += ms) };
}

/** Lets a history happen. Returns what the engine answered; a refusal by its code. */
export async function play(
  store: Store,
  workspace: string,
  ...[history, options]: readonly [history: readonly Happening[], options?: WorldOptions]
): Promise<unknown[]> {
  const { engine, advance } = await engineOver(store, workspace, options);
  const answers: unknown[] = [];
  for (const happening of history) {
    advance(lengthMs(happening));
    answers.push(await happen(engine, workspace, happening).catch(codeOf));
  }
  return answers;
}

/** How long it takes until something has happened. */
export function lengthMs(happening: { readonly kind: string; readonly days?: number }): number {
  return happening.kind === "days pass" ? (happening.days ?? 0) * DAY_MS : MINUTE_MS;
}

/** A refusal by its code; anything else is thrown on. */
export function codeOf(error: unknown): string {
  if (error instanceof TollgateError) return error.code;
  throw error;
}

/** Lets one thing happen. */
export async function happen(
  engine: Engine,
  workspace: string,
  happening: Happening,
): Promise<unknown> {
  switch (happening.kind) {
    case "ingest":
      return engine.ingest(workspace, happening.events);
    case "close":
      return engine.closePeriod(workspace, {
        customer: null,
        period: happening.period,
        early: true,
      });
    case "settle": {
      const [conflict] = await engine.store.listConflicts(workspace, 1);
      if (conflict === undefined) return null;
      const { keep } = happening;
      const settlement = { conflict: conflict.seq, keep, reason: "asked" };
      return engine.settleConflict(workspace, settlement);
    }
    case "reprice":
    case "recard":
      return correct(engine, workspace, { ...happening, afterDays: 3 });
    case "abandon":
      return engine.abandonSilentRuns(workspace, 2 * MINUTE_MS);
    case "days pass":
      return happening.settles ? engine.settleOutcomes(workspace) : null;
    case "fail":
      await forgetRows(engine.store, workspace);
      // As the engine does after a unit of its own has failed.
      return engine.recover(workspace);
    case "neighbour fails": {
      const neighbour = `neighbour of ${workspace}`;
      await engine.store.createWorkspace(neighbour);
      return forgetRows(engine.store, neighbour);
    }
  }
}

/** Records a correction of prices or of the card, and rates again what it concerns. */
export async function correct(
  engine: Engine,
  workspace: string,
  how: {
    readonly kind: "reprice" | "recard";
    readonly daysAgo: number;
    readonly price: string;
    readonly limit?: number;
    /** Another window of outcomes, for those that are recorded from now on. */
    readonly afterDays?: number;
  },
): Promise<RerateResult[]> {
  const sinceMs = START_MS - how.daysAgo * DAY_MS;
  const late = { effectiveFromMs: sinceMs, isRerating: true };
  if (how.kind === "reprice") {
    const entries = [entryAt(how.price)];
    await engine.importPrices(workspace, { source: "late", entries, ...late });
  } else {
    const { afterDays } = how;
    const settling = afterDays === undefined ? {} : { afterDays };
    const { card, document } = cardVersion(0, how.price, settling);
    await engine.applyRateCard(workspace, { card, document, ...late });
  }
  const parts: RerateResult[] = [];
  const { limit = ALL } = how;
  for (let cursor: string | null | undefined; cursor !== null; cursor = parts.at(-1)?.next) {
    parts.push(await engine.rerate(workspace, { sinceMs, cursor: cursor ?? null, limit }));
  }
  return parts;
}

const ALL = Number.MAX_SAFE_INTEGER;

/** Everything that a workspace holds, in an order that does not depend on the store. */
export async function holdings(store: Store, workspace: string) {
  const runs = await store.listRuns(workspace, { limit: ALL });
  const customers = await store.listCustomers(workspace, ALL);
  const rollups = await store.rollups(workspace, {});
  const steps = [];
  const outcomes = [];
  for (const { id } of runs) {
    steps.push(...(await store.stepsOfRun(workspace, id)));
    outcomes.push(...(await store.outcomesOfRun(workspace, id)));
  }
  const periods = [];
  for (const { id } of customers) periods.push(...(await store.periodsOf(workspace, id)));
  const counters = [];
  for (const key of await store.periodsToBill(workspace, "")) {
    counters.push(...(await store.countersOf(workspace, key)));
  }
  const inside = await store.transact(workspace, async (unit) => {
    const adjustments = [];
    for (const { id: customer } of customers) {
      for (const period of ["2026-10-01", "2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01"]) {
        adjustments.push(...(await unit.adjustments({ customer, period })));
      }
    }
    const callIds = ["c1", "c2", "c3"];
    return {
      adjustments,
      head: { ...(await unit.head()) },
      calls: sorted(await unit.calls(callIds)),
      witnesses: sorted(await unit.witnessesOfCalls(callIds)),
    };
  });
  return {
    ...inside,
    runs: sorted(runs),
    customers,
    rollups: sorted(rollups),
    steps: sorted(steps),
    outcomes: sorted(outcomes),
    periods: sorted(periods),
    counters: sorted(counters),
    suspended: await store.listSuspended(workspace, ALL),
    conflicts: await store.listConflicts(workspace, ALL),
    statements: await store.listStatements(workspace),
    journal: await store.journal(workspace, 0, ALL),
    budgets: (await store.spending.budgets(workspace)).map(({ id }) => id),
    balances: (await store.spending.balancesOf(workspace, { limit: ALL })).map((row) => ({
      ...row,
    })),
  };
}

/** What `holdings` shows. */
export type Holdings = Awaited<ReturnType<typeof holdings>>;

/** What is delivered, and how. */
interface Delivery {
  readonly events: readonly TollgateEvent[];
  readonly batchSize: number;
  /** An engine that is there already. (Default: a new one over a new workspace.) */
  readonly world?: Awaited<ReturnType<typeof engineOver>>;
}

/** Delivers events in batches; what was refused is sent again, for as long as that changes. */
export async function deliver(
  store: Store,
  workspace: string,
  { events, batchSize, world }: Delivery,
): Promise<void> {
  const { engine, advance } = world ?? (await engineOver(store, workspace));
  for (let left = events, before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    const refused: TollgateEvent[] = [];
    for (let from = 0; from < left.length; from += batchSize) {
      advance();
      const batch = left.slice(from, from + batchSize);
      const { results } = await engine.ingest(workspace, batch);
      refused.push(...batch.filter((_, index) => results[index]?.status === "rejected"));
    }
    left = refused;
  }
}
