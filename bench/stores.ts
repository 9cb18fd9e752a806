/**
 * Note: events a second through commitWork on each store, engine included, HTTP and parsing not.
 * Run: node bench/stores.ts [events] [batch]. Not a test: figures depend on the machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDigest, systemClock } from "../src/compose.ts";
import type { StepEvent } from "../src/domain/event/event.ts";
import { usageOf } from "../src/domain/event/usage.ts";
import { quantityOfInteger } from "../src/domain/money/decimal.ts";
import { Alarm } from "../src/engine/alerts/alarm.ts";
import { MovedCustomers } from "../src/engine/alerts/moved-customers.ts";
import { AffairTeller } from "../src/engine/alerts/tell-affairs.ts";
import { storedTariffs } from "../src/engine/cards/workspace-tariff.ts";
import { commitWork } from "../src/engine/commit/commit-events.ts";
import { KnownRules } from "../src/engine/commit/rules.ts";
import { Turns } from "../src/engine/commit/turns.ts";
import { CreditDues } from "../src/engine/credit/credit-dues.ts";
import { BudgetBooks } from "../src/engine/limits/budget-books.ts";
import { EntitlementBooks } from "../src/engine/limits/entitlements.ts";
import { LiveTelling } from "../src/engine/live/live-elsewhere.ts";
import { LiveFeed } from "../src/engine/live/live-feed.ts";
import { PolicyBooks } from "../src/engine/policies/policy-books.ts";
import type { Store } from "../src/engine/ports.ts";
import { MemoryStore } from "../src/store/memory/memory-store.ts";
import { CARDS, PRICES } from "../src/store/play-contract.ts";
import { openPostgresStore } from "../src/store/postgres/postgres-store.ts";
import { write } from "../src/store/round-trip-contract.ts";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { startPostgres } from "../test/postgres-server.ts";

const EVENTS = Number(process.argv[2] ?? 20_000);
const BATCH = Number(process.argv[3] ?? 1_000);
const RUNS = 500;
const CUSTOMERS = 100;

/** Steps of 40 a run, interleaved over all runs. */
function stepAt(index: number): StepEvent {
  const run = index % RUNS;
  const usage = { input_uncached: 100 + (index % 900), output_text: 20 + (index % 100) };
  return {
    type: "step",
    run: `run-${run}`,
    source: "sdk",
    id: `${index.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
    occurredAtMs: systemClock.nowMs(),
    contentHash: `1${nodeDigest.content(String(index))}`,
    kind: index % 5 === 0 ? "tool" : "model",
    status: "ok",
    completeness: "exact",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: "openai",
    model: "gpt-5",
    tool: index % 5 === 0 ? "search" : null,
    tier: "standard",
    usage: usageOf(Object.entries(usage).map(([name, n]) => [name, quantityOfInteger(n)])),
    labels: null,
    customer: `customer-${run % CUSTOMERS}`,
    agent: "support",
    parentRun: null,
    parentStep: null,
    callId: null,
    hold: null,
  };
}

async function measure(name: string, store: Store): Promise<void> {
  await store.createWorkspace("bench");
  await write(store, "bench", { cards: CARDS, prices: PRICES });
  const context = { store, clock: systemClock, digest: nodeDigest, tariffs: storedTariffs(store) };
  const parts = {
    ...context,
    ids: { random: () => "" },
    dues: new CreditDues(store),
    budgets: new BudgetBooks(store),
    entitlements: new EntitlementBooks(store),
    actor: null,
    approving: null,
    alarm: new Alarm(),
    moved: new MovedCustomers(),
    recoveries: new Turns(),
    affairs: new AffairTeller(store),
    policies: new PolicyBooks(store),
    live: new LiveFeed(),
    telling: new LiveTelling(
      { store, clock: systemClock, budgets: new BudgetBooks(store) },
      new LiveFeed(),
      "",
    ),
  };
  const rules = new KnownRules(store);
  const events = Array.from({ length: EVENTS }, (_, index) => stepAt(index));
  const startMs = performance.now();
  for (let from = 0; from < events.length; from += BATCH) {
    const work = { events: events.slice(from, from + BATCH), holds: [] };
    await rules.decideBy("bench", (seen) => commitWork({ ...parts, seen }, "bench", work));
  }
  const seconds = (performance.now() - startMs) / 1000;
  const figures = { store: name, events: EVENTS, batch: BATCH };
  console.log(JSON.stringify({ ...figures, eventsPerSecond: Math.round(EVENTS / seconds) }));
  await store.close();
}

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
const server = await startPostgres({ settings: { fsync: "on" } });
try {
  await measure("memory", new MemoryStore());
  await measure("sqlite", openSqliteStore({ dataDir, digest: nodeDigest }));
  const connectionString = await server.createDatabase();
  await measure("postgres", await openPostgresStore({ connectionString, digest: nodeDigest }));
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
