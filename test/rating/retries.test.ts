/**
 * Who pays for failed attempts and retries is the card's choice, while their cost counts against
 * margin in any case: real recorded runs in which some calls failed first and were tried again.
 * Skipped where the recorded runs are absent; in CI they must be there.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import { type Amount, formatAmount } from "../../src/domain/money/decimal.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { assertConserved } from "../../src/store/conservation-contract.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { holdings } from "../../src/store/play-contract.ts";
import { miniSweAgent } from "../corpus/datasets/mini-swe-agent.ts";
import { tau2 } from "../corpus/datasets/tau2.ts";
import type { CorpusRun } from "../corpus/types.ts";
import type { Sent } from "./agent-recount.ts";

const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const root = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(root, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

const WORKSPACE = "w";
const EVERY = 4;
const RUNS_OF_EACH = process.env.TOLLGATE_TEST_FULL === undefined ? 12 : 200;
const per = { model: "per_unit", unit: "0.01" };

const cardOf = (where: object) =>
  JSON.stringify({
    key: "calls",
    currency: "USD",
    charges: [{ key: "calls", meter: { count: "steps", where }, price: per }],
  });
const ALL_ATTEMPTS = cardOf({ kind: ["model", "tool"] });
const SUCCESSES = cardOf({ kind: ["model", "tool"], status: "ok" });
const FIRST_ATTEMPTS = cardOf({ kind: ["model", "tool"], attempt: 1 });

const isCall = ({ kind }: Sent) => kind === "model" || kind === "tool";
const isOk = ({ status = "ok" }: Sent) => status === "ok";

/** Every fourth call that went well failed first: the call as it is recorded is its second try. */
function withRetries(events: readonly Sent[]): Sent[] {
  let calls = 0;
  return events.flatMap((event): Sent[] => {
    if (!isCall(event) || !isOk(event)) return [event];
    calls += 1;
    if (calls % EVERY !== 0) return [event];
    // Each try is a call of its own to the provider, so the first has no call id of the second's.
    const { callId: _, ...failed } = { ...event, id: `${event.id} failed`, status: "error" };
    return [
      { ...failed, attempt: 1 },
      { ...event, attempt: 2 },
    ];
  });
}

async function billed(document: string, runs: readonly CorpusRun[], of: typeof withRetries) {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock: { nowMs: () => Date.UTC(2026, 11, 1) } });
  await store.createWorkspace(WORKSPACE);
  for (const prices of new Set(runs.map((run) => JSON.stringify(run.prices)))) {
    if (prices === undefined) continue;
    await engine.importPrices(WORKSPACE, readPriceDocument(JSON.parse(prices)));
  }
  const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
  await engine.applyRateCard(WORKSPACE, card);
  const { intake } = composeHttp(engine);
  for (const run of runs) {
    const body = JSON.stringify(of(run.events as Sent[]));
    const { results } = await intake.ingestBody(WORKSPACE, body, "json");
    for (const { result } of results) assert.notEqual(result.status, "rejected");
  }
  const all = await holdings(store, WORKSPACE);
  assertConserved(all);
  const roots = all.runs.filter(({ parent }) => parent === null);
  const sum = (amounts: readonly Amount[]) => amounts.reduce((total, one) => total + one, 0n);
  return {
    charge: sum(roots.map(({ tree }) => tree.charge)),
    cost: sum(roots.map(({ tree }) => tree.cost)),
    steps: all.steps.filter(({ voided }) => !voided),
  };
}

type Billed = Awaited<ReturnType<typeof billed>>;

const margin = ({ charge, cost }: Billed) => charge - cost;
const told = (amount: bigint) => formatAmount(amount as Amount);
/** What so many calls are charged. */
const callsAt = (count: number) => told(BigInt(count) * 10n ** 31n);

describe("failed attempts and retries in recorded runs", { skip }, () => {
  test("are charged as the card says, and cost what they cost", async () => {
    const read = await Promise.all([tau2, miniSweAgent].map((one) => one.read(root)));
    const recorded = read.flatMap((some) => some.slice(0, RUNS_OF_EACH));
    const asIs = (events: readonly Sent[]) => [...events];
    const before = await billed(SUCCESSES, recorded, asIs);
    const all = await billed(ALL_ATTEMPTS, recorded, withRetries);
    const successes = await billed(SUCCESSES, recorded, withRetries);
    const firsts = await billed(FIRST_ATTEMPTS, recorded, withRetries);
    const failed = all.steps.filter(({ id }) => id.endsWith(" failed"));
    const retried = all.steps.filter(({ attempt }) => attempt > 1);
    assert.ok(failed.length > 100 && retried.length >= failed.length);

    const calls = all.steps.filter(({ kind }) => kind === "model" || kind === "tool");
    const ok = calls.filter(({ status }) => status === "ok");
    const first = calls.filter(({ attempt }) => attempt === 1);
    assert.equal(told(all.charge), callsAt(calls.length), "all attempts");
    assert.equal(told(successes.charge), callsAt(ok.length), "only those that went well");
    assert.equal(told(firsts.charge), callsAt(first.length), "each call once");
    assert.equal(successes.charge, before.charge, "failures that were retried change no bill");

    const costOfFailed = failed.reduce((sum, { cost }) => sum + cost, 0n);
    assert.ok(costOfFailed > 0n);
    for (const one of [all, successes, firsts]) {
      assert.equal(told(one.cost), told(before.cost + costOfFailed), "the cost is the same");
    }
    assert.equal(margin(before) - margin(successes), costOfFailed, "margin pays for failures");
    assert.equal(margin(all) - margin(successes), all.charge - successes.charge);
  });
});
