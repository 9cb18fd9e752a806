/** Openings behind more steps than one unit restates: others are served; a cut loses nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as othersTurn } from "node:timers/promises";
import { composeEngine } from "../../compose.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT, RESTATED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { totalsOf } from "../../store/arrival-order-contract.ts";
import {
  cardOf,
  each,
  HOUR_MS,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  STEPS,
  statuses,
  toolCall,
  treeOf,
  type World,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";

const MANY = 4 * RESTATED_PER_UNIT_MAX_COUNT + 100;
/** Work of an agent that has a name has a price. */
const CARD = cardOf({
  runs: [RUNS, each("0.5")],
  support: [{ ...STEPS, where: { agent: "support" } }, each("0.01")],
  sales: [{ ...STEPS, where: { agent: "sales" } }, each("0.02")],
  done: [OUTCOMES, each("2")],
});

const STEPS_BEFORE = Array.from({ length: MANY }, (_, at) => toolCall({ id: `s${at}` }));
/** Earlier than all steps. */
const OPENING = opened({ agent: "support", occurredAtMs: NOW_MS - HOUR_MS });

async function sendAll({ engine }: World, events: readonly TollgateEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += EVENTS_PER_REQUEST_MAX_COUNT) {
    await engine.ingest("w", events.slice(at, at + EVENTS_PER_REQUEST_MAX_COUNT));
  }
}

/** A run of many steps that nobody has opened. */
async function worked(before: readonly TollgateEvent[] = STEPS_BEFORE): Promise<World> {
  const world = await newWorld(CARD);
  await sendAll(world, [...before, outcome({ occurredAtMs: NOW_MS })]);
  return world;
}

/** How many steps of the run count for each agent. */
function agentsOf(world: World): Record<string, number> {
  const rows = world.store.rollups("w", { customer: "acme" });
  const counted: Record<string, number> = {};
  for (const { agent, steps } of rows)
    if (steps > 0) counted[agent] = (counted[agent] ?? 0) + steps;
  return counted;
}

/** Sends an opening, and stops the engine when a part of the steps is restated. */
async function cutOff(world: World, opening: TollgateEvent = OPENING): Promise<Engine> {
  const answered = world.engine.ingest("w", [opening]);
  while (world.steps("r1").every(({ revision }) => revision === 1)) await othersTurn();
  await world.engine.drain();
  const { results } = await answered;
  assert.deepEqual(statuses(results), ["accepted"], "it is on disk");
  assert.notEqual(world.run("r1").restating, null);
  const restated = world.steps("r1").filter(({ revision }) => revision > 1);
  assert.ok(restated.length < MANY, `${restated.length} steps are restated`);
  await world.audited();
  return composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
}

async function assertRestated(world: World): Promise<void> {
  assert.equal(world.run("r1").restating, null);
  assert.deepEqual(agentsOf(world), { support: MANY });
  assert.equal(treeOf(world.run("r1")), `${MANY} steps, cost 0, charge 23.5`);
  const revisions = new Set(world.steps("r1").map(({ revision }) => revision));
  assert.deepEqual([...revisions], [2], "each is restated once");
  await world.audited();
}

test("a late opening restates many steps in units between which others commit", async () => {
  const world = await worked();
  let isOpen = false;
  const answered = world.engine.ingest("w", [OPENING]).finally(() => {
    isOpen = true;
  });
  const seen: boolean[] = [];
  for (let at = 0; !isOpen; at += 1) {
    await world.engine.ingest("w", [toolCall({ run: "r2", id: `o${at}`, customer: "beta" })]);
    if (isOpen) break;
    seen.push(world.run("r1").restating !== null);
    const { support = 0, "": nobody = 0 } = agentsOf(world);
    assert.equal(support + nobody, MANY, "no step is counted twice, or for nobody");
    await world.audited();
  }
  const amid = seen.lastIndexOf(true) + 1;
  assert.ok(amid >= MANY / RESTATED_PER_UNIT_MAX_COUNT, `${amid} commits of others`);
  assert.ok(!seen.slice(0, amid).includes(false), "the run says so");
  const { runs } = await answered;
  assert.equal(runs.get("r1")?.own.charge, world.run("r1").own.charge, "answered is what it is");
  await assertRestated(world);
});

test("an opening behind many steps comes to the same as in front of them", async () => {
  const before = await worked([OPENING, ...STEPS_BEFORE]);
  const behind = await worked([...STEPS_BEFORE, OPENING]);
  assert.deepEqual(totalsOf(await behind.audited()), totalsOf(await before.audited()));
});

const REST: Record<string, (engine: Engine) => Promise<unknown>> = {
  "the opening when it is sent again": async (engine) => {
    const { results } = await engine.ingest("w", [OPENING]);
    assert.deepEqual(statuses(results), ["duplicate"]);
  },
  "periodic work": async (engine) => {
    const lease = await engine.store.leases.take("duties", "me", HOUR_MS);
    await engine.periodicWork(lease ?? assert.fail("a lease")).doWhatIsDue("w");
  },
  "a close of its customer's period": async (engine) => {
    const wanted = { customer: "acme", period: "2026-11-01", early: true };
    const { statements } = await engine.closePeriod("w", wanted);
    assert.equal(statements[0]?.total, "23.5");
  },
  "a receipt": async (engine) => {
    await engine.receipts.rotateKey();
    const receipt = await engine.receipts.issue("w", { run: "r1", issuer: "test" });
    const agents = new Set(receipt.match(/"agent":("[^"]*"|null)/g));
    assert.deepEqual([...agents], ['"agent":"support"']);
  },
};

for (const [who, rest] of Object.entries(REST)) {
  test(`what an opening that was cut off has left is done by ${who}, once`, async () => {
    const world = await worked();
    await rest(await cutOff(world));
    await assertRestated(world);
  });
}

test("steps that come while a run is restated are what its opening states", async () => {
  const world = await worked();
  const engine = await cutOff(world);
  await engine.ingest("w", [toolCall({ id: "new" })]);
  assert.equal(world.steps("r1").find(({ id }) => id === "new")?.agent, "support");
  await engine.ingest("w", [OPENING]);
  assert.deepEqual(agentsOf(world), { support: MANY + 1 });
  await world.audited();
});

test("an earlier opening that comes while a run is restated is what all steps state", async () => {
  const earlier = opened({ id: "first", agent: "sales", occurredAtMs: NOW_MS - 2 * HOUR_MS });
  const world = await worked();
  const engine = await cutOff(world);
  await engine.ingest("w", [earlier]);
  assert.deepEqual(agentsOf(world), { sales: MANY });
  assert.equal(world.run("r1").restating, null);
  const before = await worked([earlier, OPENING, ...STEPS_BEFORE]);
  assert.deepEqual(totalsOf(await world.audited()), totalsOf(await before.audited()));
});

test("who may bill is decided by the earlier opening, whenever it comes", async () => {
  const first = { ...OPENING, authority: "proxy" };
  const about = { id: "first", authority: "sdk", occurredAtMs: NOW_MS - 2 * HOUR_MS };
  const before = await worked([opened(about), first, ...STEPS_BEFORE]);
  const expected = totalsOf(await before.audited());
  const whole = await worked();
  await sendAll(whole, [first]);
  await sendAll(whole, [opened(about)]);
  assert.deepEqual(totalsOf(await whole.audited()), expected);
  const cut = await worked();
  await (await cutOff(cut, first)).ingest("w", [opened(about)]);
  assert.deepEqual(totalsOf(await cut.audited()), expected);
});

test("many shadows bill again part by part, and those that billed let their calls go", async () => {
  const first = opened({ id: "first", authority: "proxy", occurredAtMs: NOW_MS - 2 * HOUR_MS });
  const own = STEPS_BEFORE.map((step, at) => toolCall({ ...step, callId: `c${at}` }));
  // As the proxy saw them; identities of the proxy come first, while the other source holds all.
  const seen = own.map((step) => toolCall({ ...step, source: "proxy", tool: "proxied" }));
  const elsewhere = own.slice(0, 20).map((step) => toolCall({ ...step, run: "r3" }));
  const events = [{ ...OPENING, authority: "sdk" }, ...seen, ...own, ...elsewhere];
  const world = await worked(events);
  assert.equal(world.run("r1").own.steps, MANY);
  const engine = await cutOff(world, first);
  await engine.ingest("w", [first]);
  assert.deepEqual(world.runs(), ["r1"], "calls are taken in their run before any other");
  const { journal, ...all } = await world.audited();
  assert.ok(journal.filter(({ kind }) => kind === "run.restated").length > 2, "in parts");
  const roles = Map.groupBy(world.steps("r1"), ({ source, role }) => `${source} ${role}`);
  assert.deepEqual(
    [roles.get("sdk shadow")?.length, roles.get("proxy bill")?.length],
    [MANY, MANY],
  );
  const before = await (await worked([first, ...events])).audited();
  assert.deepEqual(totalsOf({ journal, ...all }), totalsOf(before));
});

test("an opening behind shadows alone, which no run counts, is done in parts", async () => {
  const events = [{ ...OPENING, authority: "proxy" }, ...STEPS_BEFORE];
  const first = opened({ id: "first", authority: "sdk", occurredAtMs: NOW_MS - 2 * HOUR_MS });
  const world = await worked(events);
  assert.equal(world.run("r1").own.steps, 0);
  const engine = await cutOff(world, first);
  await engine.ingest("w", [first]);
  assert.equal(world.run("r1").own.steps, MANY);
  const { journal, ...all } = await world.audited();
  const parts = journal.filter(({ kind }) => kind === "run.restated");
  assert.ok(parts.length >= MANY / RESTATED_PER_UNIT_MAX_COUNT, `${parts.length} parts`);
  const before = await (await worked([first, ...events])).audited();
  assert.deepEqual(totalsOf({ journal, ...all }), totalsOf(before));
});

test("a call that another run counts counts once, though its shadow may bill again", async () => {
  const about = { agent: "support", authority: "sdk" };
  const late = opened({ ...about, id: "late", occurredAtMs: NOW_MS - HOUR_MS });
  const shadows = STEPS_BEFORE.slice(0, 20).map((step, at) =>
    toolCall({ ...step, id: `p${at}`, source: "proxy", callId: `c${at}` }),
  );
  const elsewhere = shadows.map((step) => toolCall({ ...step, run: "r3", source: "sdk" }));
  const world = await worked([late, ...shadows, ...elsewhere, ...STEPS_BEFORE]);
  await sendAll(world, [opened({ id: "first", occurredAtMs: NOW_MS - 2 * HOUR_MS })]);
  assert.equal(world.run("r1").restating, null);
  assert.deepEqual([world.run("r1").own.steps, world.run("r3").own.steps], [MANY, 20]);
  await world.audited();
});

test("two openings in one request restate a run at once", async () => {
  const earlier = opened({ id: "first", agent: "sales", occurredAtMs: NOW_MS - 2 * HOUR_MS });
  const world = await worked();
  const done = world.engine.ingest("w", [OPENING, earlier]);
  await world.engine.drain();
  await done;
  assert.deepEqual(agentsOf(world), { sales: MANY });
});

test("shadows of a late authority hand their calls over part by part", async () => {
  const opening = { ...OPENING, authority: "proxy" };
  const own = STEPS_BEFORE.map((step, at) => toolCall({ ...step, callId: `c${at}` }));
  // The same calls as the proxy saw them, and some of another run of the customer.
  const seen = own.map((step, at) =>
    toolCall({ ...step, source: "proxy", tool: "proxied", run: at % 7 === 0 ? "r3" : "r1" }),
  );
  const world = await worked([...own, ...seen]);
  assert.equal(world.run("r1").own.steps, MANY);
  await sendAll(world, [opening]);
  const roles = Map.groupBy(world.steps("r1"), ({ source, role }) => `${source} ${role}`);
  const others = seen.filter(({ run }) => run === "r3").length;
  assert.deepEqual(
    [roles.get("sdk shadow")?.length, roles.get("proxy bill")?.length, world.steps("r3").length],
    [MANY, MANY - others, others],
  );
  await world.audited();
});

test("an opening in a request that asks for a hold is decided by all of its steps", async () => {
  const world = await worked();
  const request = { run: "r1", asks: [], releases: [], renewals: [], caps: [] };
  const held = world.engine.hold("w", [OPENING], request);
  await world.engine.drain();
  await held;
  assert.equal(world.run("r1").restating, null);
});
