/** Readings as of an instant: what decides which part of the chain they stand on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RUN_ABANDON_AFTER_MS } from "../../domain/limits.ts";
import { write } from "../../store/round-trip-contract.ts";
import {
  amended,
  cardOf,
  closed,
  each,
  FACTS,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  reversed,
  step,
  toolCall,
  treeOf,
  usage,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import { CHAIN_START } from "../commit/seal.ts";
import { seqAsOf } from "./as-of-seq.ts";

async function runAsOf({ engine }: World, id: string, atMs: number) {
  const reads = await engine.readsAt("w", atMs);
  return engine.runTree("w", id, reads);
}

async function chargeAsOf({ engine }: World, atMs: number): Promise<string> {
  const reads = await engine.readsAt("w", atMs);
  const [row] = await engine.usage("w", { groupBy: [], filter: { customer: "acme" } }, reads);
  return row === undefined ? "nothing" : money(row.charge);
}

test("a step is told as it was before it was amended, and before it was voided", async () => {
  const world = await newWorld();
  const { clock, send } = world;
  await send(step());
  clock.now += HOUR_MS;
  await send(amended({ facts: { ...FACTS, usage: usage({ input_uncached: 200 }) } }));
  clock.now += HOUR_MS;
  await send(voided());
  clock.now += HOUR_MS;
  const told = [];
  for (const hours of [0, 1, 2, 3]) {
    told.push(treeOf((await runAsOf(world, "r1", NOW_MS + hours * HOUR_MS)).run));
  }
  assert.deepEqual(told, [
    "1 steps, cost 1.2, charge 1.94",
    "1 steps, cost 2, charge 2.9",
    "0 steps, cost 0, charge 0.5",
    "0 steps, cost 0, charge 0.5",
  ]);
});

test("an outcome that is final now was not yet, and one that was taken back was", async () => {
  const settled = { settles: { afterDays: 3 } };
  const world = await newWorld(cardOf({ done: [OUTCOMES, each("2"), settled] }));
  const { clock, engine, send } = world;
  await send(opened({ customer: "acme" }));
  await send(outcome({ id: "o1", key: "kept" }), outcome({ id: "o2", key: "lost" }));
  clock.now += HOUR_MS;
  await send(reversed({ key: "lost" }));
  clock.now += 3 * 24 * HOUR_MS;
  assert.equal(await engine.settleOutcomes("w"), 1);
  const told = [];
  for (const atMs of [NOW_MS, NOW_MS + HOUR_MS, clock.now]) {
    const reads = await engine.readsAt("w", atMs);
    const tree = await engine.runTree("w", "r1", reads);
    const states = tree.outcomes.map(({ key, status }) => `${key} ${status}`);
    told.push([...states.sort(), `accrued ${money(tree.accrued)}`, treeOf(tree.run)]);
  }
  assert.deepEqual(told, [
    ["kept provisional", "lost provisional", "accrued 4", "0 steps, cost 0, charge 0"],
    ["kept provisional", "lost reversed", "accrued 2", "0 steps, cost 0, charge 0"],
    ["kept recorded", "lost reversed", "accrued 0", "0 steps, cost 0, charge 2"],
  ]);
});

test("a run had no parent before it was linked, and an outcome was not reversed", async () => {
  const world = await newWorld();
  const { clock, send } = world;
  await send(toolCall({ run: "child" }), outcome({ run: "child" }));
  clock.now += HOUR_MS;
  await send(opened({ run: "child", parentRun: "above" }), reversed({ run: "child" }));
  const before = await runAsOf(world, "child", NOW_MS);
  assert.equal(before.run.parent, null);
  assert.deepEqual(
    before.outcomes.map(({ status }) => status),
    ["recorded"],
  );
  assert.equal(treeOf(before.run), "1 steps, cost 0, charge 2.6");
  await assert.rejects(runAsOf(world, "above", NOW_MS), { code: "run.not_found" });
  const after = await runAsOf(world, "above", NOW_MS + HOUR_MS);
  assert.deepEqual(
    after.children.map(({ run }) => run.id),
    ["child"],
  );
  assert.equal(treeOf(after.run), "1 steps, cost 0, charge 0.6");
});

test("an instant that is still to come is refused, and this very moment is not", async () => {
  const world = await newWorld();
  await world.send(toolCall());
  await assert.rejects(chargeAsOf(world, NOW_MS + 1), { code: "asof.future" });
  assert.equal(await chargeAsOf(world, NOW_MS), "0.6");
});

test("before the first commit nothing was known", async () => {
  const world = await newWorld();
  await world.send(toolCall());
  assert.equal(await chargeAsOf(world, NOW_MS - 1), "nothing");
  await assert.rejects(runAsOf(world, "r1", NOW_MS - 1), { code: "run.not_found" });
});

test("a clock that is set back moves no commit before an earlier one", async () => {
  const world = await newWorld();
  const { clock, send, store } = world;
  await send(toolCall());
  clock.now -= HOUR_MS;
  await send(toolCall({ id: "e2" }));
  const newest = store.linkBefore("w", Number.MAX_SAFE_INTEGER);
  assert.equal(newest?.committedAtMs, NOW_MS);
  clock.now += 2 * HOUR_MS;
  assert.equal(await chargeAsOf(world, NOW_MS), "0.7");
  assert.equal(await chargeAsOf(world, NOW_MS - 1), "nothing");
});

test("an abandoned run was so until news of it came; a retry is none", async () => {
  const world = await newWorld();
  const { clock, engine, send } = world;
  await send(toolCall());
  clock.now += 2 * RUN_ABANDON_AFTER_MS;
  const abandonedMs = clock.now;
  await engine.abandonSilentRuns("w");
  clock.now += HOUR_MS;
  const [answer] = await send(toolCall());
  assert.equal(answer?.status, "duplicate");
  const retriedMs = clock.now;
  clock.now += HOUR_MS;
  await send(toolCall({ id: "e2" }));
  const statusAt = async (atMs: number) => (await runAsOf(world, "r1", atMs)).run.status;
  assert.equal(await statusAt(NOW_MS), "open");
  assert.equal(await statusAt(abandonedMs), "abandoned");
  assert.equal(await statusAt(retriedMs), "abandoned");
  assert.equal(await statusAt(clock.now), "open");
});

test("a run that only waits for its customer was known since its first event", async () => {
  const world = await newWorld();
  const { clock, send } = world;
  await send(toolCall({ customer: null }));
  clock.now += HOUR_MS;
  await send(toolCall({ customer: null, id: "e2" }));
  clock.now += HOUR_MS;
  await send(opened({ customer: "acme" }), closed());
  const waiting = [];
  for (const hours of [0, 1, 2]) {
    const { run, steps } = await runAsOf(world, "r1", NOW_MS + hours * HOUR_MS);
    waiting.push([run.suspended, steps.length, run.status]);
  }
  assert.deepEqual(waiting, [
    [1, 0, "open"],
    [2, 0, "open"],
    [0, 2, "completed"],
  ]);
});

test("a customer was not known before, and had the settings of then", async () => {
  const world = await newWorld();
  const { clock, engine, send } = world;
  await send(toolCall());
  clock.now += HOUR_MS;
  await engine.saveCustomer("w", { id: "acme", settings: { name: "Acme" } });
  const nameAt = async (atMs: number) => {
    const { store } = await engine.readsAt("w", atMs);
    return (await store.customer("w", "acme"))?.name;
  };
  assert.equal(await nameAt(NOW_MS - 1), undefined);
  assert.equal(await nameAt(NOW_MS), null);
  assert.equal(await nameAt(clock.now), "Acme");
});

/** A chain of links, of which the first few are older than commit times. */
const anyChain = fc.tuple(
  fc.nat(3),
  fc.array(fc.record({ seqs: fc.integer({ min: 1, max: 9 }), gap: fc.nat(2), ms: fc.nat(3) }), {
    maxLength: 12,
  }),
);

test("the seq of an instant is the last one of the last link that is not later", async () => {
  const property = fc.asyncProperty(anyChain, fc.nat(40), async ([untimed, links], afterMs) => {
    const world = await newWorld(null);
    const { store } = world;
    await store.createWorkspace("chain");
    const chain = [];
    let [seq, committedAtMs] = [0, NOW_MS - 30];
    for (const [index, { seqs, gap, ms }] of links.entries()) {
      committedAtMs += ms;
      const isTimed = index >= untimed;
      const link = {
        ...{ firstSeq: seq + gap + 1, lastSeq: seq + gap + seqs, digest: CHAIN_START },
        committedAtMs: isTimed ? committedAtMs : null,
      };
      seq = link.lastSeq;
      chain.push(link);
      await write(store, "chain", { link, head: { ...link, committedAtMs } });
    }
    const atMs = NOW_MS - 31 + afterMs;
    const clock = { nowMs: () => atMs };
    const clocks = { of: async () => clock, forget: () => undefined };
    const loop = { exclusively: <T>(act: () => Promise<T>) => act() };
    const asked = seqAsOf({ store, clocks, loop }, "chain", atMs);
    const last = chain.findLast((one) => one.committedAtMs === null || one.committedAtMs <= atMs);
    if (last === undefined) assert.equal(await asked, 0);
    else if (last.committedAtMs !== null) assert.equal(await asked, last.lastSeq);
    else {
      const next = chain[chain.indexOf(last) + 1]?.committedAtMs ?? null;
      const named = next === null ? /No commit has a time yet/ : RegExp(timeOf(next));
      await assert.rejects(asked, { code: "asof.too_early", message: named });
    }
  });
  await fc.assert(property, { numRuns: 300 });
});

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(".", "\\.");
}

test("usage of equal cost stands by its names, now as at an earlier instant", async () => {
  const world = await newWorld();
  const { clock, engine, send } = world;
  for (const tool of ["search", "mail", "lookup"]) await send(toolCall({ id: tool, tool }));
  clock.now += HOUR_MS;
  await send(toolCall({ id: "late", run: "r2", tool: "lookup" }));
  const toolsOf = async (atMs: number | null) => {
    const reads = atMs === null ? undefined : await engine.readsAt("w", atMs);
    const rows = await engine.usage("w", { groupBy: ["customer", "tool"], filter: {} }, reads);
    return rows.map(({ group }) => group.tool);
  };
  for (const atMs of [NOW_MS, null]) {
    // What a run is charged has no tool.
    assert.deepEqual(await toolsOf(atMs), ["lookup", "mail", "search", ""]);
  }
});
