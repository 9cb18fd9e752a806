/** Holds that are settled by what comes late, and balances that are added up again. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../store/verify/verify-data-folder.ts";
import {
  HOUR_MS,
  NOW_MS,
  newWorld,
  opened,
  PRICES,
  step,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask, budget, budgetsOf, holdOn, openAndHold } from "../limits/holds-world.test.ts";

const called = { callId: "call-1" };

describe("A hold of a call", () => {
  it("is settled by a step that waited for its run's customer", async () => {
    const { engine, send } = await newWorld();
    await budget(engine, "cap", { each: "run", measure: "cost", limit: "9" });
    await send(opened({ customer: "acme" }));
    await holdOn(engine, "r1", ask("a", { step: step({ id: "a", ...called }) }));
    await send(step({ run: "r2", id: "x", customer: null, source: "proxy", ...called }));
    await send(opened({ run: "r2", id: "open r2", customer: "acme" }));
    const [hold] = await engine.store.spending.holdsOfRun("w", "r1", { limit: 9 });
    assert.deepEqual(hold?.settledBy, { run: "r2", source: "proxy", id: "x" });
  });

  it("takes a revision along to the window of its grant, and leaves nothing", async () => {
    const clock = { now: NOW_MS };
    const { engine, send } = await worldAt(clock);
    await budget(engine, "hour", { each: "customer", measure: "cost", limit: "9", per: "hour" });
    await send(opened({ customer: "acme" }));
    const proxy = { id: "x", source: "proxy", ...called } as const;
    await send(step({ ...proxy, completeness: "partial", usage: usage({ input_uncached: 10 }) }));
    clock.now += HOUR_MS;
    await holdOn(engine, "r1", ask("a", { step: step({ id: "a", ...called }) }));
    await send(step({ ...proxy, usage: usage({ input_uncached: 30 }) }));
    const kept = await engine.store.spending.balancesOf("w", { limit: 9 });
    const cents = kept.map(({ window, settled }) => [window.slice(11, 16), settled / 10n ** 31n]);
    assert.deepEqual(cents, [
      ["10:00", 0n],
      ["11:00", 30n],
    ]);
  });
});

const folder = mkdtempSync(join(tmpdir(), "tollgate-late-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function worldAt(clock: { now: number }) {
  const world = await newWorld();
  const engine = composeEngine(world.store, { clock: { nowMs: () => clock.now } });
  const send = (...events: Parameters<Engine["ingest"]>[1]) => engine.ingest("w", events);
  return { engine, send };
}

/** Lets something happen, kills the process as it were, and opens what is on disk. */
async function afterCrash(name: string, happen: (engine: Engine) => Promise<void>) {
  const dataDir = join(folder, name);
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await store.createWorkspace("w");
  await engine.importPrices("w", { source: "test", entries: PRICES, effectiveFromMs: null });
  await happen(engine);
  const copy = `${dataDir}.copy`;
  cpSync(dataDir, copy, { recursive: true });
  await store.close();
  const again = openSqliteStore({ dataDir: copy, digest: nodeDigest });
  const recovered = composeEngine(again, { clock: { nowMs: () => NOW_MS } });
  await recovered.recover("w");
  return {
    engine: recovered,
    close: async () => {
      await again.settle("w");
      assert.deepEqual(verifyDataFolder(copy).findings, []);
      await again.close();
    },
  };
}

describe("After a crash", () => {
  it("a run is counted whole in tokens, and no step of it twice", async () => {
    const { engine, close } = await afterCrash("tokens", async (before) => {
      await before.ingest("w", [opened({ customer: "acme" }), step({ id: "a" })]);
      await budget(before, "tokens", { each: "run", measure: "tokens", limit: "1000" });
      await before.ingest("w", [step({ id: "b" })]);
    });
    assert.deepEqual(await budgetsOf(engine, "r1"), ["tokens(r1) 220 + 0 of 1000 tokens"]);
    await close();
  });

  it("a run whose steps were all voided is still one run", async () => {
    const { engine, close } = await afterCrash("voided", async (before) => {
      const runs = { each: "customer", measure: "runs", per: "lifetime", limit: "9" };
      await budget(before, "runs", runs);
      await before.ingest("w", [step({ id: "a" })]);
      const target = { source: "sdk", id: "a" };
      await before.ingest("w", [voided({ id: "v", target })]);
      await before.ingest("w", [step({ id: "b" })]);
    });
    assert.deepEqual(await budgetsOf(engine, "r1"), ["runs(acme) 1 + 0 of 9 runs"]);
    await close();
  });
});

describe("The journal tells", () => {
  it("of a cap that a run opens with, and of a budget's own pause that ends", async () => {
    const { engine, send, store } = await newWorld();
    const stages = [{ at: "100%", do: "pause" }];
    await budget(engine, "cap", { each: "run", measure: "cost", limit: "0.1", stages });
    const caps = [{ measure: "cost", limit: 10n ** 33n }];
    const ten = (id: string) =>
      ask(id, { step: step({ id, usage: usage({ input_uncached: 10 }) }) });
    await openAndHold(engine, { run: "r1", caps, asks: [ten("a")] });
    await send(step({ id: "a", usage: usage({ input_uncached: 10 }) }));
    await holdOn(engine, "r1", ten("b"));
    const limit = { budget: "cap", scope: "r1", limit: "5", reason: "t", by: "anna" };
    await engine.limits.setLimit("w", limit);
    await holdOn(engine, "r1", ten("b"));
    const kinds = ["budget.limit_set", "work.stopped", "work.resumed"];
    const told = (await store.journal("w", 0, 99)).filter(({ kind }) => kinds.includes(kind));
    assert.deepEqual(
      told.map(({ kind, document }) => [kind, JSON.parse(document).by]),
      [
        ["budget.limit_set", "tollgate"],
        ["work.stopped", "tollgate"],
        ["budget.limit_set", "anna"],
        ["work.resumed", "tollgate"],
      ],
    );
  });
});
