/** A node that was started reads what policies look at of a unit's runs together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import {
  NOW_MS,
  opened,
  PLAIN_CARD,
  PRICES,
  toolCall,
} from "../../engine/commit/engine-world.test.ts";
import type { Engine } from "../../engine/engine.ts";
import { ask, holdOn } from "../../engine/limits/holds-world.test.ts";
import { RULES, WHO } from "../../engine/policies/policy-plays.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { type SentStatement, sentIn } from "./sent-statements-contract.ts";

/** Trees of a root and two runs below it. */
const TREES = Array.from({ length: 30 }, (_, no) => [`r${no}`, `r${no}a`, `r${no}b`]);
const ALL = TREES.flat();

async function played() {
  const connectionString = await (await postgresServer()).createDatabase();
  const startNode = async () => {
    const store = await openPostgresStore({ connectionString, digest: nodeDigest });
    return composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  };
  const engine = await startNode();
  await engine.store.createWorkspace("w");
  await engine.importPrices("w", { source: "test", entries: PRICES, effectiveFromMs: null });
  await engine.applyRateCard("w", { ...PLAIN_CARD, effectiveFromMs: 0 });
  await engine.policies.save("w", { key: "guard", document: { rules: RULES }, ...WHO });
  const openings = TREES.flatMap(([root = "", ...below]) => [
    opened({ run: root, customer: "acme" }),
    ...below.map((run) => opened({ run, parentRun: root, customer: "acme" })),
  ]);
  await engine.ingest("w", openings);
  for (const id of ["s1", "s2"]) await engine.ingest("w", stepsOf(ALL, id));
  return { engine, startNode };
}

const stepsOf = (runs: readonly string[], id: string) =>
  runs.map((run) => toolCall({ run, id, callHash: id }));

const asked = (run: string, id: string) => ask(id, { step: { ...ask(id).step, run } });

/** What a node asks with its first look at these runs, beside what any unit does. */
async function askedFirst(startNode: () => Promise<Engine>, look: (by: Engine) => Promise<void>) {
  const engine = await startNode();
  await engine.ingest("w", [opened({ run: "another", id: `${Math.random()}`, customer: "acme" })]);
  const sent = await sentIn(() => look(engine));
  await engine.store.close();
  return sent;
}

/** Of how many runs each query was that looks at steps, acts or runs below; the fewest first. */
function looksIn(sent: readonly SentStatement[]): number[] {
  const ofRuns = sent.filter(({ text }) => /^SELECT k\.asked.*(k\.most|RECURSIVE)/s.test(text));
  const looks = ofRuns.filter(({ text }) => !text.includes("adjustments"));
  return looks.map(({ values }) => (values[1] as string[]).length).sort((one, two) => one - two);
}

test("of ninety runs as many queries are made as of three, each of all runs", async () => {
  const { engine, startNode } = await played();
  const looks: Record<string, (by: Engine, runs: readonly string[]) => Promise<unknown>> = {
    steps: (by, runs) => by.ingest("w", stepsOf(runs, `of ${runs.length}`)),
    // While a unit is on its way, all of them join the next one.
    holds: (by, runs) =>
      Promise.all([
        by.ingest("w", [opened({ run: `before ${runs.length}`, customer: "acme" })]),
        ...runs.map((run) => holdOn(by, run, asked(run, `held of ${runs.length}`))),
      ]),
  };
  for (const [name, look] of Object.entries(looks)) {
    const askedOf = async (runs: readonly string[]) =>
      looksIn(await askedFirst(startNode, async (by) => void (await look(by, runs))));
    // Runs below the roots; what was found of runs, twice; steps of all, and of those below.
    assert.deepEqual(await askedOf(ALL.slice(0, 3)), [1, 2, 3, 3, 3], name);
    assert.deepEqual(await askedOf(ALL), [30, 60, 90, 90, 90], name);
  }
  await engine.store.close();
});
