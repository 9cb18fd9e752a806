/**
 * The laws of re-rating, on random histories: the same versions give the same totals whenever they
 * become known and however the pass is cut, and a pass over what is up to date changes nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyTwoArrivals, totalsOf } from "./arrival-order-contract.ts";
import { assertConserved } from "./conservation-contract.ts";
import { anyHistory, START_MS } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { correct, deliver, engineOver, holdings, play } from "./play-contract.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
let workspaces = 0;

function newWorkspace(): string {
  workspaces += 1;
  return `w${workspaces}`;
}

const anyCorrection = fc.record({
  kind: fc.constantFrom("reprice" as const, "recard" as const),
  daysAgo: fc.constantFrom(2, 18, 40),
  price: fc.constantFrom("0.1", "0.37", "0.00002"),
  limit: fc.integer({ min: 1, max: 5 }),
});
const someCorrections = fc.array(anyCorrection, { minLength: 1, maxLength: 3 });

test("corrections before, amid and after the events come to the same totals", async () => {
  const places = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), someCorrections);
  const property = fc.asyncProperty(anyTwoArrivals, places, async ([one, other], [share, late]) => {
    const memory = new MemoryStore();
    const [before, amid] = [newWorkspace(), newWorkspace()];
    const world = await engineOver(memory, before);
    for (const how of late) await correct(world.engine, before, how);
    await deliver(memory, before, { ...one, world });
    const cut = Math.floor(other.events.length * share);
    const { batchSize } = other;
    const begun = await engineOver(memory, amid);
    await deliver(memory, amid, { events: other.events.slice(0, cut), batchSize, world: begun });
    for (const how of late) await correct(begun.engine, amid, how);
    assertConserved(await holdings(memory, amid));
    await deliver(memory, amid, { events: other.events, batchSize, world: begun });
    const [first, second] = [await holdings(memory, before), await holdings(memory, amid)];
    assertConserved(second);
    assert.deepEqual(totalsOf(second), totalsOf(first));
  });
  await fc.assert(property, { numRuns: isFull ? 12_000 : 60 });
});

test("rating again what is up to date changes nothing", async () => {
  const property = fc.asyncProperty(anyHistory, anyCorrection, async (history, how) => {
    const memory = new MemoryStore();
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    const { engine } = await engineOver(memory, workspace, { isNew: false });
    await correct(engine, workspace, how);
    const before = await holdings(memory, workspace);
    await correct(engine, workspace, how);
    const whole = await engine.rerate(workspace, { sinceMs: START_MS - how.daysAgo * 86_400_000 });
    assert.deepEqual([whole.steps, whole.runs, whole.outcomes, whole.cost], [0, 0, 0, 0n]);
    assert.deepEqual(await holdings(memory, workspace), before);
  });
  await fc.assert(property, { numRuns: isFull ? 30_000 : 60 });
});

test("between any two units of a pass each total is the sum of its parts", async () => {
  const property = fc.asyncProperty(anyHistory, anyCorrection, async (history, how) => {
    const memory = new MemoryStore();
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    const { engine } = await engineOver(memory, workspace, { isNew: false });
    const since = { sinceMs: START_MS - how.daysAgo * 86_400_000 };
    await correct(engine, workspace, { ...how, limit: 1 });
    for (let cursor: string | null = null; ; ) {
      const { next } = await engine.rerate(workspace, { ...since, cursor, limit: 1 });
      assertConserved(await holdings(memory, workspace));
      if (next === null) return;
      cursor = next;
    }
  });
  await fc.assert(property, { numRuns: isFull ? 12_000 : 30 });
});
