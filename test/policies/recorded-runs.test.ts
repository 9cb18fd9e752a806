/**
 * The default policies beside real recorded runs: each run is fed event by event, as an agent would
 * send it, and played again afterwards as history. Skipped where the recorded runs are absent; in
 * CI they must be there.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { before, describe, test } from "node:test";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import { DEFAULT_PACK } from "../../src/domain/policy/default-pack.ts";
import { parsePolicy } from "../../src/domain/policy/parse-policy.ts";
import { isStopping, type Policy } from "../../src/domain/policy/policy.ts";
import type { ReplayedHit } from "../../src/domain/policy/replay-tree.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { inspect } from "../corpus/datasets/inspect.ts";
import { miniSweAgent } from "../corpus/datasets/mini-swe-agent.ts";
import { openhandsOutput } from "../corpus/datasets/openhands-output.ts";
import { pi } from "../corpus/datasets/pi.ts";
import { tau2 } from "../corpus/datasets/tau2.ts";
import type { CorpusRun } from "../corpus/types.ts";

const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const root = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(root, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

const WORKSPACE = "w";
const NOW_MS = Date.UTC(2027, 0, 1);

interface Sent {
  readonly occurredAt: string;
  readonly outcome?: string;
  readonly parentRun?: string;
}

const policies: readonly Policy[] = DEFAULT_PACK.map((document) => {
  const parsed = parsePolicy(document, String(document.key));
  assert.ok("policy" in parsed);
  return parsed.policy;
});

/** Events in the order of their time; of one instant, as the log has them. */
function inTime(events: readonly object[]): Sent[] {
  const sent = events as readonly Sent[];
  return sent.toSorted((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt));
}

interface World {
  readonly engine: Engine;
  readonly send: (events: readonly object[]) => Promise<void>;
}

async function openWorld(runs: readonly CorpusRun[]): Promise<World> {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await store.createWorkspace(WORKSPACE);
  for (const prices of new Set(runs.map((run) => JSON.stringify(run.prices)))) {
    if (prices === undefined) continue;
    await engine.importPrices(WORKSPACE, readPriceDocument(JSON.parse(prices)));
  }
  const { intake } = composeHttp(engine);
  const send = async (events: readonly object[]) => {
    const { results } = await intake.ingestBody(WORKSPACE, JSON.stringify(events), "json");
    for (const { result } of results) assert.notEqual(result.status, "rejected");
  };
  return { engine, send };
}

async function playAgain({ engine }: World) {
  const hits: ReplayedHit[] = [];
  const total = await engine.policies.simulate(WORKSPACE, {
    request: { policies, customers: null },
    onlooker: {
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onTree: async (tree) => void hits.push(...tree.hits),
    },
  });
  return { total, hits };
}

const stoppedOf = (hits: readonly ReplayedHit[]) => hits.filter(isStopping).map(({ run }) => run);

describe("the default policies beside recorded runs", { skip }, () => {
  const runs: CorpusRun[] = [];
  let world: World;
  let hits: readonly ReplayedHit[] = [];

  before(async () => {
    for (const reader of [tau2, miniSweAgent, openhandsOutput, inspect, pi]) {
      runs.push(...(await reader.read(root)));
    }
    world = await openWorld(runs);
    for (const { events } of runs) await world.send(inTime(events));
    const played = await playAgain(world);
    hits = played.hits;
    const { trees, runs: count, steps, paused, blocked, throttled, notified } = played.total;
    const figures = { trees, runs: count, steps, paused, blocked, throttled, notified };
    console.log(`default policies over recorded runs: ${JSON.stringify(figures)}`);
  });

  test("what is stopped had gone on until somebody cut it off, without a result", () => {
    const stopped = new Set(stoppedOf(hits));
    const endings = readFileSync(resolve(root, "index.jsonl"), "utf8").trim().split("\n");
    const cutOff = endings
      .map((line) => JSON.parse(line) as { run: string; outcome?: { termination?: string } })
      .filter(({ outcome }) => outcome?.termination === "max_steps")
      .map(({ run }) => run);
    assert.equal(cutOff.length, 5);
    const named = [...stopped].map((run) => run.split("/").at(-1));
    assert.deepEqual(named.toSorted(), cutOff.toSorted());
    for (const { run, events } of runs) {
      const isSolved = (events as readonly Sent[]).some((event) => event.outcome !== undefined);
      assert.ok(!(isSolved && stopped.has(run)), `${run} solved its task`);
    }
  });

  test("what is stopped repeated one call with the same arguments, and says so", () => {
    for (const hit of hits.filter(isStopping)) assert.equal(hit.rule, "repeated_call");
    assert.equal(new Set(stoppedOf(hits)).size, 5);
  });

  test("history played again finds what was found as it happened", async () => {
    const found = new Set(hits.map(({ run }) => run));
    const isBelow = ({ events }: CorpusRun) => {
      return (events as readonly Sent[]).some(({ parentRun = "" }) => found.has(parentRun));
    };
    const chosen = runs.filter((one, at) => found.has(one.run) || isBelow(one) || at % 40 === 0);
    const live = await openWorld(chosen);
    for (const document of DEFAULT_PACK) {
      const policy = { key: String(document.key), document, reason: "test", by: "test" };
      await live.engine.policies.save(WORKSPACE, policy);
    }
    for (const { events } of chosen) for (const event of inTime(events)) await live.send([event]);
    for (const { run } of chosen) {
      const reached = await live.engine.policies.reachedBy(WORKSPACE, run);
      const told = reached.map(({ rule, action, level }) => [rule, action, level]);
      const again = hits.filter((hit) => hit.run === run);
      assert.deepEqual(
        told,
        again.map(({ rule, action, level }) => [rule, action, level]),
      );
    }
  });
});
