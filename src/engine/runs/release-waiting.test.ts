/** Much that waited for a customer is counted in units: others are served; a cut loses nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as othersTurn } from "node:timers/promises";
import fc from "fast-check";
import { composeEngine } from "../../compose.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT, RELEASED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { totalsOf } from "../../store/arrival-order-contract.ts";
import { write } from "../../store/round-trip-contract.ts";
import {
  amended,
  closed,
  FACTS,
  HOUR_MS,
  newWorld,
  opened,
  outcome,
  reversed,
  statuses,
  toolCall,
  treeOf,
  usage,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";

const MANY = 4 * RELEASED_PER_UNIT_MAX_COUNT + 100;
const unknown = { customer: null };
/** Half of it in the run below. */
const WAITING = Array.from({ length: MANY }, (_, at) =>
  toolCall({
    ...unknown,
    id: `s${at}`,
    ...(at % 2 === 0 ? {} : { run: "r2", parentRun: "r1" }),
  }),
);
const NAMING = toolCall({ id: "naming" });
const WHOLE = `${MANY + 1} steps, cost 0, charge ${(MANY + 1) / 10 + 0.5 + 2}`;

async function waitingWorld(more: readonly TollgateEvent[] = [outcome()]): Promise<World> {
  const world = await newWorld();
  const events = [...WAITING, ...more];
  for (let at = 0; at < events.length; at += EVENTS_PER_REQUEST_MAX_COUNT) {
    await world.engine.ingest("w", events.slice(at, at + EVENTS_PER_REQUEST_MAX_COUNT));
  }
  return world;
}

const left = (world: World): number => world.run("r1").suspended + world.run("r2").suspended;

/** Names the customer, and stops the engine when a part of what waits is counted. */
async function cutOff(world: World, naming: TollgateEvent = NAMING): Promise<Engine> {
  const before = left(world);
  const answered = world.engine.ingest("w", [naming]);
  while (left(world) === before) await othersTurn();
  await world.engine.drain();
  assert.deepEqual(statuses((await answered).results), ["accepted"], "it is on disk");
  assert.ok(left(world) > RELEASED_PER_UNIT_MAX_COUNT, `${left(world)} wait`);
  await world.audited();
  return composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
}

async function assertCounted(world: World): Promise<void> {
  assert.equal(left(world), 0);
  assert.equal(treeOf(world.run("r1")), WHOLE);
  assert.equal(world.store.listSuspended("w", 1).length, 0);
  await world.audited();
}

test("much that waits for a customer is counted in units between which others commit", async () => {
  const world = await waitingWorld();
  let isDone = false;
  const answered = world.engine.ingest("w", [NAMING]).finally(() => {
    isDone = true;
  });
  let others = 0;
  for (let at = 0; !isDone; at += 1) {
    await world.engine.ingest("w", [toolCall({ run: "r3", id: `o${at}`, customer: "beta" })]);
    if (isDone) break;
    others += 1;
    assert.equal(world.run("r2").customer, "acme", "the tree is bound as a whole");
    const counted = world.run("r1").tree.steps;
    const outcomes = world.store.outcomesOfRun("w", "r1").length;
    assert.equal(counted + outcomes + left(world), MANY + 2, "each waits or is counted");
    await world.audited();
  }
  assert.ok(others >= MANY / RELEASED_PER_UNIT_MAX_COUNT, `${others} commits of others`);
  const { runs } = await answered;
  assert.equal(runs.get("r1")?.tree.charge, world.run("r1").tree.charge, "answered is what it is");
  await assertCounted(world);
});

test("what waits in many runs is counted in as few units as if it waited in one", async () => {
  const count = 2 * RELEASED_PER_UNIT_MAX_COUNT + 100;
  const world = await newWorld();
  const waiting = Array.from({ length: count }, (_, at) =>
    toolCall({ ...unknown, id: "s", run: `below ${at}`, parentRun: "r1" }),
  );
  await world.engine.ingest("w", [toolCall({ ...unknown, id: "a" }), ...waiting.slice(0, 900)]);
  await world.engine.ingest("w", waiting.slice(900));
  let units = 0;
  const transact = world.store.transact.bind(world.store);
  world.store.transact = (workspace, work) =>
    transact(workspace, (unit) => {
      const own = unit.write.bind(unit);
      (unit as { write: typeof own }).write = (writes) => {
        units += 1;
        return own(writes);
      };
      return work(unit);
    });
  await world.send(NAMING);
  const { tree } = world.run("r1");
  assert.deepEqual([tree.steps, world.store.listSuspended("w", 1)], [count + 2, []]);
  assert.equal(units, 1 + 3, "one binds, and three count");
  await world.audited();
});

/** A tree of which the root has been counted, and not all that waits below, is cut off there. */
async function cutOffBelow(): Promise<{ world: World; engine: Engine; naming: TollgateEvent }> {
  const world = await newWorld();
  const waiting = Array.from({ length: 4 * RELEASED_PER_UNIT_MAX_COUNT }, (_, at) =>
    toolCall({ ...unknown, id: "s", run: `below ${at}`, parentRun: "r1" }),
  );
  for (let at = 0; at < waiting.length; at += EVENTS_PER_REQUEST_MAX_COUNT) {
    await world.engine.ingest("w", waiting.slice(at, at + EVENTS_PER_REQUEST_MAX_COUNT));
  }
  const naming = opened({ customer: "acme" });
  const answered = world.engine.ingest("w", [naming]);
  while (world.run("r1").tree.steps === 0) await othersTurn();
  await world.engine.drain();
  await answered;
  const engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
  return { world, engine, naming };
}

test("who names the customer again is answered when all of its tree is counted", async () => {
  const { world, engine, naming } = await cutOffBelow();
  assert.equal(world.run("r1").suspended, 0, "nothing waits in the run that it names");
  assert.ok(world.store.listSuspended("w", 1).length > 0);
  const { results, runs } = await engine.ingest("w", [naming]);
  assert.deepEqual(statuses(results), ["duplicate"]);
  const count = 4 * RELEASED_PER_UNIT_MAX_COUNT;
  assert.deepEqual([runs.get("r1")?.tree.steps, world.run("r1").tree.steps], [count, count]);
  assert.deepEqual(world.store.listSuspended("w", 1), []);
  await world.audited();
});

test("what is sent again asks for what is left where it named a customer in a tree", async () => {
  const { engine, world, naming } = await cutOffBelow();
  let asked = 0;
  const transact = world.store.transact.bind(world.store);
  world.store.transact = (workspace, work) =>
    transact(workspace, (unit) => {
      const own = unit.unfinishedRuns.bind(unit);
      (unit as { unfinishedRuns: typeof own }).unfinishedRuns = (...words) => {
        asked += 1;
        return own(...words);
      };
      return work(unit);
    });
  const sent = async (...events: TollgateEvent[]) => {
    asked = 0;
    await engine.ingest("w", events);
    return asked;
  };
  const alone = toolCall({ run: "alone" });
  assert.equal(await sent(alone, toolCall({ run: "r1", id: "new" })), 0, "new ones do not");
  assert.equal(await sent(alone), 0, "a run of its own tells by itself");
  assert.equal(await sent(toolCall({ ...unknown, run: "r1", id: "new" })), 0, "it names nobody");
  assert.notEqual(await sent(naming), 0);
  assert.equal(await sent(naming, toolCall({ run: "r1", id: "new" })), 1, "a customer once");
  asked = 0;
  const hold = { run: "r1", asks: [], releases: [], renewals: [], caps: [] };
  await engine.hold("w", [naming], hold);
  assert.equal(asked, 0, "a hold waits for nothing");
});

test("what waited comes to the same as if its customer had been known", async () => {
  const late = await waitingWorld();
  await late.send(NAMING);
  const known = await newWorld();
  for (const event of [NAMING, ...WAITING, outcome()]) await known.engine.ingest("w", [event]);
  assert.deepEqual(totalsOf(await late.audited()), totalsOf(await known.audited()));
});

test("what waits in whichever runs is counted once, wherever it is cut off", async () => {
  const anyTree = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 12, maxLength: 24 });
  const anyCut = fc.record({ turns: fc.nat(60), again: fc.nat(900), isNamed: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(anyTree, anyCut, async (sizes, { turns, again, isNamed }) => {
      const waiting = sizes.flatMap((size, run) =>
        Array.from({ length: size }, (_, at) => {
          const place = { run: `r${run + 1}`, ...(run === 0 ? {} : { parentRun: "r1" }) };
          return toolCall({ ...unknown, ...place, id: `s${at}` });
        }),
      );
      const world = await newWorld();
      const inParts = async (engine: Engine, events: readonly TollgateEvent[]) => {
        for (let at = 0; at < events.length; at += EVENTS_PER_REQUEST_MAX_COUNT) {
          await engine.ingest("w", events.slice(at, at + EVENTS_PER_REQUEST_MAX_COUNT));
        }
      };
      await inParts(world.engine, waiting);
      const answered = world.engine.ingest("w", [NAMING]);
      for (let turn = 0; turn < turns; turn += 1) await othersTurn();
      await world.engine.drain();
      await answered;
      await world.audited();
      const engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
      await inParts(engine, waiting.slice(again, again + 50));
      if (isNamed) await engine.ingest("w", [NAMING]);
      const lease = await engine.store.leases.take("duties", "me", HOUR_MS);
      await engine.periodicWork(lease ?? assert.fail("a lease")).doWhatIsDue("w");
      const known = await newWorld();
      await inParts(known.engine, [NAMING, ...waiting]);
      assert.deepEqual(world.store.listSuspended("w", 1), []);
      assert.deepEqual(totalsOf(await world.audited()), totalsOf(await known.audited()));
    }),
    { numRuns: process.env.TOLLGATE_TEST_FULL === undefined ? 8 : 200 },
  );
});

const REST: Record<string, (engine: Engine) => Promise<unknown>> = {
  "the event that named the customer, sent again": (engine) => engine.ingest("w", [NAMING]),
  "what waits, sent again": async (engine) => {
    const { results } = await engine.ingest("w", WAITING.slice(-1_000));
    assert.deepEqual([...new Set(statuses(results))], ["duplicate"]);
    await engine.ingest("w", [NAMING]);
  },
  "periodic work": async (engine) => {
    const lease = await engine.store.leases.take("duties", "me", HOUR_MS);
    await engine.periodicWork(lease ?? assert.fail("a lease")).doWhatIsDue("w");
  },
  "a close of its customer's period": async (engine) => {
    const wanted = { customer: "acme", period: "2026-11-01", early: true };
    const { statements } = await engine.closePeriod("w", wanted);
    assert.equal(statements[0]?.total, String((MANY + 1) / 10 + 0.5 + 2));
  },
  "a receipt": async (engine) => {
    await engine.receipts.rotateKey();
    await engine.receipts.issue("w", { run: "r1", issuer: "test" });
  },
};

for (const [who, rest] of Object.entries(REST)) {
  test(`what was left waiting when it was cut off is counted by ${who}, once`, async () => {
    const world = await waitingWorld();
    await rest(await cutOff(world));
    await assertCounted(world);
  });
}

test("who corrects, repeats or contradicts what still waits finds what came first", async () => {
  const world = await waitingWorld([outcome(), outcome({ id: "sold", outcome: "sold", key: "s" })]);
  const engine = await cutOff(world);
  const last = (back: number) => ({ source: "sdk", id: `s${MANY - back}` });
  const inParent = (back: number) => ({ target: last(back), id: `about ${back}` });
  const { results } = await engine.ingest("w", [
    amended({ ...inParent(2), facts: { ...FACTS, kind: "tool", tool: "x", usage: usage({}) } }),
    voided(inParent(4)),
    toolCall({ id: last(6).id, customer: null }),
    toolCall({ id: last(8).id, tool: "another" }),
    reversed(),
    outcome({ id: "sold again", outcome: "sold", key: "s" }),
    closed(),
  ]);
  const expected = ["accepted", "accepted", "duplicate", "conflict event.conflict"];
  assert.deepEqual(statuses(results), [...expected, "accepted", "duplicate", "accepted"]);
  await engine.ingest("w", [NAMING]);
  assert.equal(left(world), 0);
  const steps = world.steps("r1");
  assert.equal(steps.find(({ id }) => id === last(2).id)?.tool, "x");
  assert.equal(steps.find(({ id }) => id === last(4).id)?.voided, true);
  assert.equal(world.run("r1").tree.steps, MANY, "all but the one that is void");
  await world.audited();
});

test("a better record of what still waits takes its place", async () => {
  const partial = toolCall({ ...unknown, id: "z", completeness: "partial" });
  const world = await waitingWorld([partial]);
  const engine = await cutOff(world);
  const exact = toolCall({ id: "z", usage: usage({ pages: 2 }) });
  assert.deepEqual(statuses((await engine.ingest("w", [exact])).results), ["superseded"]);
  await engine.ingest("w", [NAMING]);
  assert.equal(world.run("r1").tree.steps, MANY + 2);
  await world.audited();
});

test("who names the customer by a record of what waits finds the one that came first", async () => {
  const first = toolCall({ ...unknown, id: "z" });
  const world = await waitingWorld([first]);
  const other = toolCall({ id: "z", tool: "another" });
  const { results } = await world.engine.ingest("w", [other]);
  assert.deepEqual(statuses(results), ["conflict event.conflict"]);
  assert.equal(world.steps("r1").find(({ id }) => id === "z")?.tool, "search");
  assert.deepEqual([left(world), world.run("r1").tree.steps], [0, MANY + 1]);
  await world.audited();
});

test("a run that tells of more than waits is a fault that is told, no endless pass", async () => {
  const world = await waitingWorld();
  await world.send(NAMING);
  await write(world.store, "w", { runs: [{ ...world.run("r1"), suspended: 3 }] });
  await assert.rejects(world.close("2026-11-01"), /"r1" has something left/);
  assert.deepEqual(statuses(await world.send(toolCall({ id: "more" }))), ["accepted"]);
});

test("of two records of a call, one that waited and one that did not, one is counted", async () => {
  const call = toolCall({ ...unknown, id: "z", callId: "c1" });
  const world = await waitingWorld([call]);
  const engine = await cutOff(world);
  await engine.ingest("w", [toolCall({ run: "r9", id: "y", source: "proxy", callId: "c1" })]);
  await engine.ingest("w", [NAMING]);
  assert.equal(world.run("r1").tree.steps + world.run("r9").tree.steps, MANY + 2);
  assert.equal((await world.audited()).witnesses.length, 1);
});

test("a run that is opened amid what waits gives its agent to all of it", async () => {
  const world = await waitingWorld();
  const engine = await cutOff(world);
  await engine.ingest("w", [opened({ agent: "support", customer: "acme" })]);
  assert.equal(left(world), 0);
  assert.deepEqual([...new Set(world.steps("r1").map(({ agent }) => agent))], ["support"]);
  await world.audited();
});

test("a hold in the request that names the customer is decided by all that waited", async () => {
  const world = await waitingWorld();
  const request = { run: "r1", asks: [], releases: [], renewals: [], caps: [] };
  const held = world.engine.hold("w", [NAMING], request);
  await world.engine.drain();
  await held;
  assert.equal(left(world), 0);
});
