/**
 * The ways to price agents, over real recorded runs: every run is fed under each example card, its
 * months are closed, and what the statements bill is counted again from the events as they were
 * sent. Skipped where the recorded runs are absent; in CI they must be there.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { before, describe, test } from "node:test";
import { Decimal } from "decimal.js";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import { formatAmount } from "../../src/domain/money/decimal.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { assertConserved } from "../../src/store/conservation-contract.ts";
import { allMargin, assertMarginLaws } from "../../src/store/margin-contract.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { type Holdings, holdings } from "../../src/store/play-contract.ts";
import { miniSweAgent } from "../corpus/datasets/mini-swe-agent.ts";
import { tau2 } from "../corpus/datasets/tau2.ts";
import type { CorpusRun } from "../corpus/types.ts";
import { ROOT } from "../e2e/doc-blocks.ts";
import { type Counted, countAgain, type Sent } from "./agent-recount.ts";

const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const root = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(root, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

const full = process.env.TOLLGATE_TEST_FULL !== undefined;

const NOW_MS = Date.UTC(2026, 11, 1);
const WORKSPACE = "w";
const zero = new Decimal(0);

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly amountExact: string;
}

/** A run's events as they are sent: a solved task stands for a resolved ticket. */
function sentOf({ events }: CorpusRun): Sent[] {
  const sent = (events as Sent[]).map((event) =>
    event.outcome === undefined ? event : { ...event, outcome: "ticket_resolved" },
  );
  const [opened, closed] = ["run.opened", "run.closed"].map((type) =>
    sent.find((event) => event.type === type),
  );
  if (opened === undefined || closed === undefined) return sent;
  const { run, occurredAt } = opened;
  const lastedMs = Date.parse(closed.occurredAt) - Date.parse(occurredAt);
  if (!(lastedMs > 0)) return sent;
  // The sandbox that the run worked in lasted as long as the run.
  const usage = { seconds: new Decimal(lastedMs).div(1000).toFixed() };
  const identity = { run, id: "sandbox", source: "corpus", occurredAt };
  return [...sent, { ...identity, kind: "compute", usage }];
}

async function worldUnder(name: string, runs: readonly CorpusRun[]) {
  const document = readFileSync(join(ROOT, "examples/cards", `${name}.json`), "utf8");
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await store.createWorkspace(WORKSPACE);
  for (const prices of new Set(runs.map((run) => JSON.stringify(run.prices)))) {
    if (prices === undefined) continue;
    await engine.importPrices(WORKSPACE, readPriceDocument(JSON.parse(prices)));
  }
  const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
  await engine.applyRateCard(WORKSPACE, card);
  const { intake } = composeHttp(engine);
  for (const run of runs) {
    const body = JSON.stringify(sentOf(run));
    const { results } = await intake.ingestBody(WORKSPACE, body, "json");
    for (const { result } of results) assert.notEqual(result.status, "rejected");
  }
  const closed = await engine.closePeriod(WORKSPACE, { customer: null, period: "", early: true });
  const lines = closed.statements.flatMap(
    ({ document: stored }) => JSON.parse(stored).lines as Line[],
  );
  return { engine, lines, all: await holdings(store, WORKSPACE) };
}

function billed(lines: readonly Line[], of: (line: Line) => boolean): string {
  return sum(lines.filter(of).map(({ amountExact }) => amountExact));
}

function sum(amounts: readonly string[]): string {
  return amounts.reduce((total, amount) => total.plus(amount), zero).toFixed();
}

/** What every card must fulfil: no money is lost between steps, runs and statements. */
function assertKept(all: Holdings, lines: readonly Line[]): void {
  assertConserved(all);
  const owed = all.runs
    .filter(({ parent }) => parent === null)
    .flatMap(({ tree, corrections }) => [
      formatAmount(tree.charge),
      ...corrections.flatMap((one) => [formatAmount(one.cap), formatAmount(one.minimum)]),
    ]);
  const kinds = ["charge", "trial", "run_cap", "run_minimum"];
  assert.equal(
    billed(lines, ({ kind }) => kinds.includes(kind)),
    sum(owed),
    "statements bill what runs come to",
  );
}

/** What a cap takes off, from what each run's tree was charged; no run here is in two months. */
function overCap(all: Holdings, cap: string): string {
  const over = all.runs
    .filter(({ parent, standing }) => parent === null && !standing)
    .map(({ tree }) => new Decimal(cap).minus(formatAmount(tree.charge)));
  return sum(over.filter((left) => left.isNegative()).map((left) => left.toFixed()));
}

describe("the example cards over recorded runs", { skip }, () => {
  let runs: readonly CorpusRun[] = [];
  let counted: Counted;

  before(async () => {
    const some = (await tau2.read(root)).slice(0, full ? Number.POSITIVE_INFINITY : 120);
    runs = [...some, ...(await miniSweAgent.read(root))];
    counted = countAgain(runs.map(sentOf));
    assert.ok(runs.length > 150 && counted.failedTools > 0 && counted.failedRuns > 0);
  });

  test("per run: completed runs are charged by tier, failed ones nothing", async () => {
    const { lines, all } = await worldUnder("per-run", runs);
    const wanted = counted.periods.map(({ completedRuns: n }) =>
      new Decimal("0.5")
        .times(Math.min(n, 100))
        .plus(new Decimal("0.4").times(Math.max(n - 100, 0))),
    );
    assert.equal(
      billed(lines, ({ kind }) => kind === "charge"),
      sum(wanted.map((one) => one.toFixed())),
    );
    const failed = all.runs.filter(({ status }) => status === "failed");
    for (const { own } of failed) assert.equal(own.charge, 0n);
    assert.ok(
      failed.some(({ own }) => own.cost > 0n),
      "what failed runs cost counts against margin",
    );
    assertKept(all, lines);
  });

  test("per step: each successful action, and each call once however often tried", async () => {
    const { lines, all } = await worldUnder("per-step", runs);
    const tools = counted.periods.flatMap(({ tools: used }) =>
      [...used].map(([tool, n]) => new Decimal(TOOL_PRICES[tool] ?? "0.01").times(n).toFixed()),
    );
    assert.equal(
      billed(lines, ({ chargeKey, kind }) => kind === "charge" && chargeKey === "tools"),
      sum(tools),
    );
    const calls = counted.periods.map(({ firstCalls: n }) =>
      new Decimal("0.004").times(Math.max(n - 1000, 0)).toFixed(),
    );
    assert.equal(
      billed(lines, ({ chargeKey, kind }) => kind === "charge" && chargeKey === "model-calls"),
      sum(calls),
    );
    const retried = all.steps.filter(({ kind, status }) => kind === "tool" && status !== "ok");
    assert.equal(retried.length, counted.failedTools);
    for (const { charge } of retried) assert.equal(charge, 0n);
    assertKept(all, lines);
  });

  test("compute time: started minutes beyond what is included, capped a run", async () => {
    const { lines, all } = await worldUnder("compute-time", runs);
    const minutes = counted.periods.map(({ seconds }) =>
      Decimal.max(seconds.minus(6000), 0).div(60).ceil().times("0.05").toFixed(),
    );
    assert.equal(
      billed(lines, ({ kind }) => kind === "charge"),
      sum(minutes),
    );
    assert.equal(
      billed(lines, ({ kind }) => kind === "run_cap"),
      overCap(all, "5"),
    );
    assertKept(all, lines);
  });

  test("outcome: resolved tickets of completed runs", async () => {
    const { lines, all } = await worldUnder("outcome", runs);
    const resolved = counted.periods.map(({ keptOutcomes: n }) => new Decimal("0.99").times(n));
    assert.equal(
      billed(lines, ({ kind }) => kind === "charge"),
      sum(resolved.map((one) => one.toFixed())),
    );
    // Customers begin when we first hear of them, so all that was recorded before is in the trial.
    assert.equal(
      billed(lines, ({ kind }) => kind === "trial"),
      sum(resolved.map((one) => one.negated().toFixed())),
    );
    assertKept(all, lines);
  });

  test("mixed: all of it in one bill, and no run above its cap", async () => {
    const { lines, all } = await worldUnder("mixed", runs);
    const of = (key: string) =>
      billed(lines, ({ chargeKey, kind }) => kind === "charge" && chargeKey === key);
    const over = (n: number, free: number, price: string) =>
      new Decimal(price).times(Math.max(n - free, 0)).toFixed();
    const { periods } = counted;
    assert.equal(of("runs"), sum(periods.map(({ runs: n }) => over(n, 100, "0.1"))));
    assert.equal(of("tools"), sum(periods.map(({ okTools: n }) => over(n, 1000, "0.002"))));
    assert.equal(
      of("compute"),
      sum(periods.map(({ seconds }) => seconds.times("0.0005").toFixed())),
    );
    assert.equal(of("resolved"), sum(periods.map(({ outcomes: n }) => over(n, 0, "0.99"))));
    const costs = all.steps.map(({ cost }) => formatAmount(cost));
    assert.equal(of("models"), new Decimal(sum(costs)).times("1.2").toFixed());
    assert.equal(
      billed(lines, ({ kind }) => kind === "run_cap"),
      overCap(all, "5"),
    );
    assertKept(all, lines);
  });

  test("margin: by every dimension, what statements bill less what every step cost", async () => {
    // Some record no time: a report is about ten years at most.
    const dated = runs.filter((run) => sentOf(run).every((sent) => sent.occurredAt > "2024"));
    assert.ok(dated.length > 100);
    const { engine, all } = await worldUnder("mixed", dated);
    await assertMarginLaws(engine, WORKSPACE, ALL_MONTHS);
    const report = await allMargin(engine, WORKSPACE, { by: "model", periods: ALL_MONTHS });
    const costs = all.steps.map(({ cost }) => formatAmount(cost));
    const told = report.rows.map(({ cost }) => formatAmount(cost));
    assert.equal(sum(told), sum(costs));
    const bills = all.statements.map(({ total }) => total);
    assert.equal(sum(report.totals.map(({ revenue }) => formatAmount(revenue))), sum(bills));
  });
});

/** The runs were recorded in them; the fee of the month under way is not billed yet. */
const ALL_MONTHS = { from: "2024-01", to: "2026-11" };

const TOOL_PRICES: Readonly<Record<string, string>> = { web_search: "0.02", run_tests: "0.05" };
