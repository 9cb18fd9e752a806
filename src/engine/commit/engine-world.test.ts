/** A small world for the tests of this folder: one workspace, one clock, events in few words. */
import assert from "node:assert/strict";
import { composeEngine } from "../../compose.ts";
import type { PriceEntry } from "../../domain/cost/price-book.ts";
import type {
  OutcomeRecorded,
  OutcomeReversed,
  RunClosed,
  RunOpened,
  StepAmended,
  StepEvent,
  StepFacts,
  StepVoided,
  TollgateEvent,
} from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { usageOf } from "../../domain/event/usage.ts";
import {
  type Amount,
  formatAmount,
  parsePrice,
  parseQuantity,
} from "../../domain/money/decimal.ts";
import { storedRateCard } from "../../domain/rating/stored-rate-card.ts";
import type { Run } from "../../domain/run/run.ts";
import { assertConserved } from "../../store/conservation-contract.ts";
import { hashed } from "../../store/event-sequences-contract.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { holdings } from "../../store/play-contract.ts";
import type { EventResult } from "./result.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** The clock of a new world: Monday, 23 November 2026, 10:00 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 23, 10);

const price = (text: string) => parsePrice(text) ?? assert.fail(`price ${text}`);

/** gpt-5 costs us 0.01 a token read and 0.02 a token written. */
export const PRICES: readonly PriceEntry[] = [
  {
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
          { unit: "input_uncached", price: price("0.01"), tiers: [] },
          { unit: "output_text", price: price("0.02"), tiers: [] },
        ],
      },
    ],
  },
];

type Charge = readonly [meter: object, price: object, more?: object];

/** A card of these charges, by key, as the engine takes it. */
export function cardOf(charges: Readonly<Record<string, Charge>>, key = "card", terms = {}) {
  const listed = Object.entries(charges).map(([name, [meter, model, more]]) => ({
    key: name,
    meter,
    price: model,
    ...more,
  }));
  const document = JSON.stringify({ key, currency: "USD", charges: listed, ...terms });
  return { card: storedRateCard(document), document, effectiveFromMs: null };
}

export const RUNS = { count: "runs" };
export const STEPS = { count: "steps" };
export const OUTCOMES = { count: "outcomes" };
export const each = (unit: string) => ({ model: "per_unit", unit });
/** The first is free, every further one costs this. */
export const afterFirst = (unit: string) => ({
  model: "graduated",
  tiers: [{ upTo: "1", unit: "0" }, { unit }],
});

/** 0.50 a run, 0.10 a tool call, 20 % on cost, 2 an outcome. */
export const PLAIN_CARD = cardOf({
  runs: [RUNS, each("0.5")],
  tools: [{ count: "steps", where: { kind: "tool" } }, each("0.1")],
  models: [{ sum: "cost" }, { model: "markup", percent: "20" }],
  done: [OUTCOMES, each("2")],
});

/** A usage of whole or broken quantities. */
export function usage(quantities: Readonly<Record<string, string | number>>) {
  const entries = Object.entries(quantities);
  return usageOf(entries.map(([name, n]) => [name, parseQuantity(`${n}`) ?? assert.fail(name)]));
}

/** An exact model call of 100 tokens read and 10 written: it costs 1.20 and is charged 1.44. */
export const FACTS: StepFacts = {
  kind: "model",
  status: "ok",
  completeness: "exact",
  attempt: 1,
  payer: "us",
  role: "bill",
  provider: "openai",
  model: "gpt-5",
  tool: null,
  tier: "standard",
  usage: usage({ input_uncached: 100, output_text: 10 }),
  labels: null,
};

const SENT = { run: "r1", source: "sdk", id: "e1", occurredAtMs: NOW_MS, contentHash: "" };
const PLACE = { customer: null, agent: null, parentRun: null };

/** A model call of customer acme. */
export function step(some: Partial<StepEvent> = {}): StepEvent {
  const none = { parentStep: null, callId: null, hold: null };
  return hashed({ type: "step", ...SENT, ...PLACE, customer: "acme", ...none, ...FACTS, ...some });
}

/** A tool call, charged 0.10. */
export function toolCall(some: Partial<StepEvent> = {}): StepEvent {
  const facts = { kind: "tool", provider: null, model: null, tool: "search" } as const;
  return step({ ...facts, usage: usage({}), ...some });
}

export function opened(some: Partial<RunOpened> = {}): RunOpened {
  const states = { labels: null, authority: null };
  return hashed({ type: "run.opened", ...SENT, id: "open", ...PLACE, ...states, ...some });
}

export function closed(some: Partial<RunClosed> = {}): RunClosed {
  return hashed({ type: "run.closed", ...SENT, id: "close", ending: "completed", ...some });
}

export function outcome(some: Partial<OutcomeRecorded> = {}): OutcomeRecorded {
  const name = some.outcome ?? "resolved";
  const about = { outcome: name, key: name };
  return hashed({ type: "outcome.recorded", ...SENT, id: `outcome ${name}`, ...about, ...some });
}

export function reversed(some: Partial<OutcomeReversed> = {}): OutcomeReversed {
  const about = { id: "reverse", key: "resolved", reason: "reopened" };
  return hashed({ type: "outcome.reversed", ...SENT, ...about, ...some });
}

const TARGET = { source: "sdk", id: "e1" };

export function amended(some: Partial<StepAmended> & { facts: StepFacts }): StepAmended {
  const about = { id: "amend", target: TARGET, reason: "recount" };
  return hashed({ type: "step.amended", ...SENT, ...about, ...some });
}

export function voided(some: Partial<StepVoided> = {}): StepVoided {
  const about = { id: "void", target: TARGET, reason: "test data" };
  return hashed({ type: "step.voided", ...SENT, ...about, ...some });
}

/** An amount as people write it. */
export function money(amount: Amount | undefined): string {
  return amount === undefined ? "none" : formatAmount(amount);
}

/** Steps, cost and charge of a run's whole tree in one line. */
export function treeOf(run: Run): string {
  const { steps, cost, charge } = run.tree;
  return `${steps} steps, cost ${money(cost)}, charge ${money(charge)}`;
}

/** A workspace with prices and, unless told otherwise, the plain card. */
export async function newWorld(card: ReturnType<typeof cardOf> | null = PLAIN_CARD) {
  const store = new MemoryStore();
  const clock = { now: NOW_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  const ws = "w";
  await store.createWorkspace(ws);
  const longAgo = { effectiveFromMs: 0 };
  await engine.importPrices(ws, { source: "test", entries: PRICES, effectiveFromMs: null });
  if (card !== null) await engine.applyRateCard(ws, { ...card, ...longAgo });
  const send = async (...events: TollgateEvent[]): Promise<EventResult[]> => {
    const { results } = await engine.ingest(ws, events);
    return [...results];
  };
  return {
    engine,
    store,
    clock,
    send,
    /** Sends one event and returns its answer. */
    sendOne: async (event: TollgateEvent): Promise<EventResult> => {
      const [result] = await send(event);
      return result ?? assert.fail("no answer");
    },
    run: (id: string): Run => store.run(ws, id) ?? assert.fail(`no run ${id}`),
    runs: (): string[] =>
      store
        .listRuns(ws, { limit: 100 })
        .map((run) => run.id)
        .sort(),
    steps: (run: string): Step[] => store.stepsOfRun(ws, run),
    /** Amounts of a period's counters, by charge. */
    counters: (period: string, customer = "acme"): Record<string, string> =>
      Object.fromEntries(
        store
          .countersOf(ws, { customer, period })
          .map(({ chargeKey, cell, counter }) => [`${chargeKey}${cell}`, money(counter.amount)]),
      ),
    adjustments: async (period: string, customer = "acme") =>
      store.transact(ws, (unit) => unit.adjustments({ customer, period })),
    close: (period: string, early = true) =>
      engine.closePeriod(ws, { customer: "acme", period, early }),
    /** Everything, after each total was found to be the sum of its parts. */
    audited: async () => {
      const all = await holdings(store, ws);
      assertConserved(all);
      return all;
    },
  };
}

export type World = Awaited<ReturnType<typeof newWorld>>;

/** Statuses of answers, with the code of what was refused. */
export function statuses(results: readonly EventResult[]): string[] {
  return results.map(({ status, error }) =>
    error === undefined ? status : `${status} ${error.code}`,
  );
}
