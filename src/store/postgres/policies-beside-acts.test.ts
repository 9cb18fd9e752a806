/** What policies keep of runs stands beside acts that touch no run, on a store that nodes share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import {
  NOW_MS,
  opened,
  PLAIN_CARD,
  toolCall,
  voided,
} from "../../engine/commit/engine-world.test.ts";
import type { Engine } from "../../engine/engine.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

const WHO = { reason: "test", by: "ops" };
const CAP = { each: "customer", per: "lifetime", measure: "steps", limit: "1000" };
const RUNS = ["r1", "r2", "r3"];
const CALLS = { rules: [{ rule: "repeated_call", moreThan: 90, within: 100, do: "pause" }] };

/** How often the steps of runs are read for a step of each. */
async function readsOf(engine: Engine, id: string): Promise<number> {
  const sent = await sentIn(async () => {
    for (const run of RUNS) await engine.ingest("w", [toolCall({ run, id })]);
  });
  return sent.filter(({ text }) => /^\s*SELECT.* FROM steps/s.test(text)).length;
}

/** A node with these policies and runs, and another one on the same database. */
async function twoNodes() {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const stores = [await open(), await open()];
  const [engine, other] = stores.map((store) => {
    return composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  }) as [Engine, Engine];
  await engine.store.createWorkspace("w");
  await engine.applyRateCard("w", { ...PLAIN_CARD, effectiveFromMs: 0 });
  const policy = { key: "calls", document: CALLS, ...WHO };
  const saved = await engine.policies.save("w", policy);
  assert.ok(!("problems" in saved));
  for (const run of RUNS) await engine.ingest("w", [opened({ run, customer: "acme" })]);
  await readsOf(engine, "s1");
  assert.equal(await readsOf(engine, "s2"), 0);
  const close = async () => {
    for (const store of stores) await store.close();
  };
  return { engine, other, policy, close };
}

test("acts that touch no run leave what policies keep of runs, and others do not", async () => {
  const { engine, policy, close } = await twoNodes();
  const acts: Record<string, () => Promise<unknown>> = {
    budget: () => engine.limits.saveBudget("w", { key: "cap", document: CAP, ...WHO }),
    limit: () => engine.limits.setLimit("w", { budget: "cap", scope: "acme", limit: "9", ...WHO }),
    customer: () => engine.saveCustomer("w", { id: "acme", settings: { name: "Acme" } as never }),
  };
  for (const [name, act] of Object.entries(acts)) {
    await act();
    assert.equal(await readsOf(engine, `after ${name}`), 0, name);
  }
  // Of these nobody can tell without a look: another policy, a stop.
  const others: Record<string, () => Promise<unknown>> = {
    policy: () => engine.policies.save("w", { ...policy, key: "more" }),
    stop: () => engine.limits.stopWork("w", { of: "run", id: "r1", mode: "pause", ...WHO }),
  };
  for (const [name, act] of Object.entries(others)) {
    await act();
    assert.ok((await readsOf(engine, `after ${name}`)) > 0, name);
    assert.equal(await readsOf(engine, `and after ${name}`), 0, name);
  }
  await close();
});

test("of what another node did, the runs it touched are read again, and no other", async () => {
  const { engine, other, close } = await twoNodes();
  const by = { of: "run", id: "r2", raise: null, ...WHO } as const;
  const child = (id: string) => opened({ run: `${id}-below`, parentRun: "r1", customer: "acme" });
  const acts: Record<string, readonly [reads: number, act: () => Promise<unknown>]> = {
    step: [1, () => other.ingest("w", [toolCall({ run: "r1", id: "by other" })])],
    "run below": [1, () => other.ingest("w", [child("r1")])],
    "another run": [0, () => other.ingest("w", [opened({ run: "r9", customer: "acme" })])],
    stop: [1, () => other.limits.stopWork("w", { of: "run", id: "r2", mode: "pause", ...WHO })],
    resume: [1, () => other.limits.resumeWork("w", by)],
  };
  for (const [name, [reads, act]] of Object.entries(acts)) {
    await act();
    assert.equal(await readsOf(engine, `after ${name}`), reads, name);
  }
  const target = { source: "sdk", id: "by other" };
  await other.ingest("w", [voided({ run: "r1", id: "v", target })]);
  assert.equal(await readsOf(engine, "after a correction"), RUNS.length, "any may be one");
  await close();
});
