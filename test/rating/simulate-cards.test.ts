/**
 * Simulating a card over history that it has charged comes to the ledger, to the last digit: for
 * every example card, over usage made for it and over real recorded runs, for customers, for closed
 * statements and for every run. Another card's simulation is what the ledger holds under that one.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { seededRandom } from "../../bench/workload.ts";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import type { CardOverride } from "../../src/domain/rating/card-override.ts";
import { parseCardDocument } from "../../src/domain/rating/parse-rate-card.ts";
import type { RateCard } from "../../src/domain/rating/rate-card.ts";
import { overrideDocument, rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import type { BillSum } from "../../src/engine/simulation/bill-customer.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { readable, simulated } from "../../src/store/simulation-contract.ts";
import { miniSweAgent } from "../corpus/datasets/mini-swe-agent.ts";
import { tau2 } from "../corpus/datasets/tau2.ts";
import type { CorpusRun } from "../corpus/types.ts";
import { ROOT } from "../e2e/doc-blocks.ts";

const full = process.env.TOLLGATE_TEST_FULL !== undefined;
const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const traces = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(traces, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

const NOW_MS = Date.UTC(2026, 11, 2, 12);
const WORKSPACE = "w";
const DAY_MS = 86_400_000;

type Sent =
  | { readonly card: RateCard; readonly document: string }
  | { readonly override: CardOverride; readonly document: string };

const FILES = new Map(
  ["examples/cards", "examples/cards/peers"].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".json"))
      .map((name): [string, string] => [name.slice(0, -".json".length), join(ROOT, folder, name)]),
  ),
);

function sentCard(name: string): Sent {
  const parsed = parseCardDocument(JSON.parse(readFileSync(FILES.get(name) ?? "", "utf8")));
  if ("problems" in parsed) return assert.fail(`${name}: ${JSON.stringify(parsed.problems)}`);
  return "card" in parsed
    ? { ...parsed, document: rateCardDocument(parsed.card) }
    : { ...parsed, document: overrideDocument(parsed.override) };
}

/** Every card but overrides, which need another one. */
const NAMES = [...FILES.keys()];

async function worldUnder(name: string, events: readonly object[], prices: readonly unknown[]) {
  const store = new MemoryStore();
  const clock = { now: NOW_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace(WORKSPACE);
  for (const one of prices) await engine.importPrices(WORKSPACE, readPriceDocument(one));
  const sent = sentCard(name);
  const base = "override" in sent ? [sentCard(sent.override.extends)] : [];
  for (const card of [...base, sent]) {
    await engine.applyRateCard(WORKSPACE, { ...card, effectiveFromMs: 0 });
  }
  const cardKey = "card" in sent ? sent.card.key : sent.override.key;
  for (const id of CUSTOMERS) {
    const settings = { cardKey, startedAtMs: NOW_MS - 61 * DAY_MS, timeZone: "America/New_York" };
    await engine.saveCustomer(WORKSPACE, { id, settings });
  }
  const { intake } = composeHttp(engine);
  const middle = Math.ceil(events.length / 1_000) * 500;
  for (let at = 0; at < events.length; at += 500) {
    if (at === middle) await giveCredit(engine);
    const body = JSON.stringify(events.slice(at, at + 500));
    const { results } = await intake.ingestBody(WORKSPACE, body, "json");
    for (const { result } of results)
      assert.notEqual(result.status, "rejected", result.error?.detail ?? "");
  }
  return { engine, store, sent };
}

/** Credit comes when half of the usage is there, and some of it is a parent's. */
async function giveCredit(engine: ReturnType<typeof composeEngine>): Promise<void> {
  const parent = { id: "acme", pays: true, credit: "own_first" } as const;
  await engine.saveCustomer(WORKSPACE, { id: "beta", settings: { parent } });
  const terms = { name: null, expiresAtMs: null, charges: null, rollover: null, currency: null };
  const none = { cost: null, costCurrency: null, reason: "agreed", by: "anna" };
  const amounts = { acme: "9", beta: "2", gamma: "1000000" };
  for (const { id: customer } of await engine.store.listCustomers(WORKSPACE, 1_000)) {
    const amount = amounts[customer as keyof typeof amounts] ?? "1";
    const one = { ...terms, ...none, id: `of ${customer}`, customer, amount, priority: 0 };
    await engine.credits.grant(WORKSPACE, one);
  }
}

type World = Awaited<ReturnType<typeof worldUnder>>;

/** Simulates what is in force, and the same card sent again; both are what the ledger holds. */
async function assertSame({ engine, store, sent }: World, runsMax: number): Promise<BillSum> {
  const { total, customers } = await simulated(engine, WORKSPACE, { cards: [null, sent] });
  for (const { customer, charged, cards } of customers) {
    assert.deepEqual(cards.map(readable), [readable(charged), readable(charged)], customer);
  }
  const runs = await store.listRuns(WORKSPACE, { limit: runsMax, roots: true });
  for (const { id } of runs) {
    const recorded = await engine.runTree(WORKSPACE, id);
    const { tree: same } = await engine.runUnderCard(WORKSPACE, { run: id, card: null });
    assert.deepEqual(same, recorded);
    const { tree } = await engine.runUnderCard(WORKSPACE, { run: id, card: sent });
    assert.deepEqual(charges(tree), charges(recorded));
  }
  for (const period of MONTHS) {
    await engine.closePeriod(WORKSPACE, { customer: null, period, early: true });
  }
  const statements = await store.listStatements(WORKSPACE);
  const billed = statements.reduce((sum, one) => sum + (parseAmount(one.total) ?? 0n), 0n);
  assert.equal(formatAmount(total.charged.revenue), formatAmount(billed as Amount));
  const after = await simulated(engine, WORKSPACE, { cards: [null, sent] });
  assert.deepEqual(after.customers, customers, "closing changes nothing of a simulation");
  const told = statements.map(({ document }) => JSON.parse(document).paidByCredit ?? "0");
  const paid = told.reduce((sum, text) => sum + (parseAmount(text) ?? assert.fail(text)), 0n);
  assert.equal(formatAmount(total.charged.paidByCredit), formatAmount(paid as Amount));
  return total.charged;
}

/** What a tree is charged, step by step. */
function charges({
  run,
  steps,
  outcomes,
  children,
}: Awaited<ReturnType<World["engine"]["runTree"]>>): object {
  const { own, tree, chargedIn } = run;
  return {
    ...{ own, tree, chargedIn },
    shares: run.rating?.shares ?? [],
    corrections: run.corrections.map(({ period, cap, minimum }) => ({ period, cap, minimum })),
    steps: steps.map(({ id, shares, charge }) => ({ id, shares, charge })),
    outcomes: outcomes.map(({ key, shares, charge }) => ({ key, shares, charge })),
    children: children.map(charges),
  };
}

/** One after the other: what a parent's credit pays first is the oldest. Then what is left. */
const MONTHS = [
  ...Array.from({ length: 12 }, (_, at) => `2026-${String(at + 1).padStart(2, "0")}`),
  "",
];

const CUSTOMERS = ["acme", "beta", "gamma"];

/** Usage that a card's charges select, and usage that they do not, in three periods. */
function usageFor(name: string): object[] {
  const sent = sentCard(name);
  const base = "override" in sent ? [sentCard(sent.override.extends)] : [];
  const charges = [...base, sent].flatMap((one): unknown[] => {
    return "card" in one ? [...one.card.charges] : [...one.override.charges.values()];
  });
  const known = wordsIn(charges);
  const random = seededRandom(name.length * 7 + 1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const events: object[] = [];
  for (let n = 0; n < 60; n += 1) {
    const about = { run: `run-${n}`, customer: pick(CUSTOMERS), agent: pick(known.agent) };
    const startMs = NOW_MS - Math.floor(random() * 60 * DAY_MS) - DAY_MS;
    const at = (minutes: number) => new Date(startMs + minutes * 60_000).toISOString();
    events.push({ type: "run.opened", ...about, id: "open", source: "t", occurredAt: at(0) });
    for (let step = 0; step < 12; step += 1) {
      const usage = Object.fromEntries(
        known.units.flatMap((unit) =>
          random() < 0.6 ? [[unit, String(1 + Math.floor(random() * 900))]] : [],
        ),
      );
      const kind = pick(known.kind);
      const labels = Object.fromEntries(known.labels.map(([key, values]) => [key, pick(values)]));
      const who = { kind, provider: "openai", model: pick(known.model), tool: pick(known.tool) };
      const how = { status: pick(["ok", "ok", "error"]), attempt: pick([1, 1, 2]) };
      const identity = { run: about.run, id: `e${step}`, source: "t", occurredAt: at(step + 1) };
      events.push({ ...identity, ...who, ...how, usage, labels });
    }
    const end = { run: about.run, source: "t", occurredAt: at(20) };
    const outcome = pick(known.outcome);
    events.push({ type: "outcome.recorded", ...end, id: "done", outcome, key: "k" });
    const ending = pick(["completed", "completed", "failed", null]);
    if (ending !== null) events.push({ type: "run.closed", ...end, id: "close", ending });
  }
  return events;
}

/** Every value that the charges look for, and one that none does. */
function wordsIn(charges: readonly unknown[]) {
  const found = new Map<string, Set<string>>();
  const add = (field: string, ...values: string[]) => {
    found.set(field, new Set([...(found.get(field) ?? []), ...values]));
  };
  for (const charge of charges as RateCard["charges"]) {
    if (charge === null) continue;
    const { meter, price } = charge;
    if ("sum" in meter) add("units", meter.sum);
    for (const [field, values] of Object.entries(meter.where)) {
      if (Array.isArray(values)) add(field, ...values.map(String));
    }
    for (const [key, values] of Object.entries(meter.where.label ?? {}))
      add(`label.${key}`, ...values);
    if (price.model !== "matrix") continue;
    const by = [price.by].flat();
    for (const cell of Object.keys(price.cells)) {
      const parts = cell.split(" | ");
      for (const [at, dimension] of by.entries()) add(dimension, parts[at] ?? "");
    }
  }
  const of = (field: string, ...more: string[]) => [...(found.get(field) ?? []), ...more];
  const units = of("units", "input_uncached", "output_text").filter((unit) => unit !== "cost");
  return {
    units: [...new Set(units)],
    agent: of("agent", "other"),
    kind: [...new Set(of("kind", "model", "tool"))],
    model: of("model", "gpt-5"),
    tool: of("tool", "other"),
    outcome: of("outcome", "other"),
    labels: [...found.keys()]
      .filter((key) => key.startsWith("label."))
      .map((key) => [key.slice("label.".length), of(key, "other")] as const),
  };
}

const PRICES = {
  format: "tollgate.prices/1",
  source: "test",
  effectiveFrom: null,
  entries: [
    {
      ...{ provider: "openai", subject: "gpt-5", currency: "USD" },
      periods: [
        {
          rates: [
            { unit: "input_uncached", price: "0.00000125" },
            { unit: "output_text", price: "0.00001" },
          ],
        },
      ],
    },
  ],
};

describe("a simulation of the card in force is the ledger", () => {
  for (const name of NAMES) {
    test(`of ${name}`, async () => {
      const world = await worldUnder(name, usageFor(name), [PRICES]);
      const { revenue, paidByCredit } = await assertSame(world, full ? 60 : 6);
      assert.ok(revenue > 0n, "something was charged");
      assert.ok(paidByCredit > 0n, "credit pays some of it");
    });
  }
});

describe("a simulation of another card is the ledger under that card", () => {
  // Cards of one currency are compared; an override is one of another card.
  const plain = NAMES.flatMap((name) => {
    const sent = sentCard(name);
    return "card" in sent ? [{ name, currency: sent.card.currency }] : [];
  });
  for (const { name, currency } of plain) {
    const alike = plain.filter((one) => one.currency === currency);
    const at = alike.findIndex((one) => one.name === name);
    const other = alike[(at + 1) % alike.length]?.name ?? name;
    test(`of ${other} over usage charged by ${name}`, async () => {
      const events = usageFor(name);
      const before = await worldUnder(name, events, [PRICES]);
      const after = await worldUnder(other, events, [PRICES]);
      const { customers } = await simulated(before.engine, WORKSPACE, { cards: [after.sent] });
      const wanted = await simulated(after.engine, WORKSPACE, { cards: [null] });
      assert.deepEqual(
        customers.map(({ customer, cards }) => [customer, ...cards.map(readable)]),
        wanted.customers.map(({ customer, charged }) => [customer, readable(charged)]),
      );
    });
  }
});

describe("over real recorded runs", { skip }, () => {
  for (const name of ["per-run", "per-step", "compute-time", "outcome", "mixed", "support-2026"]) {
    test(`of ${name}`, async () => {
      const some = (await tau2.read(traces)).slice(0, full ? Number.POSITIVE_INFINITY : 40);
      const runs: readonly CorpusRun[] = [...some, ...(await miniSweAgent.read(traces))];
      const prices = [...new Set(runs.map((run) => JSON.stringify(run.prices)))]
        .filter((one) => one !== undefined)
        .map((one) => JSON.parse(one) as unknown);
      const events = runs.flatMap((run) => run.events as object[]);
      await assertSame(await worldUnder(name, events, prices), full ? 50 : 3);
    });
  }
});
