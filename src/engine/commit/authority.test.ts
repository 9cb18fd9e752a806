/** Who may bill in a run is what the opening in force says, whatever came first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOpened, TollgateEvent } from "../../domain/event/event.ts";
import { totalsOf } from "../../store/arrival-order-contract.ts";
import {
  HOUR_MS,
  NOW_MS,
  newWorld,
  opened,
  step,
  treeOf,
  usage,
  voided,
} from "./engine-world.test.ts";

const callId = "openai:resp_1";
const [EARLY_MS, LATE_MS] = [NOW_MS - 3 * HOUR_MS, NOW_MS - 2 * HOUR_MS];
const late = (some: Partial<RunOpened> = {}) =>
  opened({ id: "late", occurredAtMs: LATE_MS, authority: "sdk", ...some });
const early = (some: Partial<RunOpened> = {}) =>
  opened({ id: "early", occurredAtMs: EARLY_MS, ...some });
const bySdk = step({ source: "sdk", id: "a" });
const byProxy = step({ source: "proxy", id: "b", usage: usage({ input_uncached: 30 }) });

function* ordersOf<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [at, first] of items.entries()) {
    for (const rest of ordersOf(items.toSpliced(at, 1))) yield [first, ...rest];
  }
}

/** The totals of these events in each order, one by one and in one request; all the same. */
async function inAllOrders(events: readonly TollgateEvent[]) {
  const expected = totalsOf(await arrived(events.map((event) => [event])));
  for (const order of ordersOf(events)) {
    const ids = order.map(({ id }) => id).join(", ");
    const apart = totalsOf(await arrived(order.map((event) => [event])));
    assert.deepEqual(apart, expected, `${ids}, one by one`);
    assert.deepEqual(totalsOf(await arrived([order])), expected, `${ids}, in one request`);
  }
}

async function arrived(requests: readonly (readonly TollgateEvent[])[]) {
  const world = await newWorld();
  for (const request of requests) await world.send(...request);
  return world.audited();
}

for (const authority of ["sdk", "proxy", null]) {
  const whose = authority === null ? "nobody" : `the ${authority}`;
  test(`where the earlier opening says ${whose}, so it is in any order of arrival`, async () => {
    await inAllOrders([bySdk, byProxy, late(), early({ authority })]);
    await inAllOrders([bySdk, byProxy, late({ authority: null }), early({ authority })]);
  });
}

test("a call that both sources saw is billed by the authority, in any order", async () => {
  const [one, other] = [
    { ...bySdk, callId },
    { ...byProxy, callId },
  ];
  await inAllOrders([one, other, late(), early({ authority: "proxy" })]);
  await inAllOrders([one, other, late({ authority: "proxy" }), early({ authority: "sdk" })]);
});

test("a step that said that it is a shadow stays one, whoever may bill", async () => {
  const shadow = step({ source: "proxy", id: "b", role: "shadow" });
  await inAllOrders([bySdk, shadow, late(), early({ authority: "proxy" })]);
});

test("an agent that a step named stays its own, whatever openings say", async () => {
  const named = step({ source: "sdk", id: "a", agent: "support" });
  await inAllOrders([named, byProxy, late({ agent: "support" }), early({ agent: "sales" })]);
});

test("the earlier opening says who bills, though another made it a shadow before", async () => {
  const world = await newWorld();
  await world.send(late(), byProxy, bySdk);
  const roles = () => world.steps("r1").map(({ source, role }) => `${source} ${role}`);
  assert.deepEqual(roles().toSorted(), ["proxy shadow", "sdk bill"]);
  await world.send(early({ authority: "proxy" }));
  assert.deepEqual(roles().toSorted(), ["proxy bill", "sdk shadow"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 0.3, charge 0.86");
});

/** A shadow of run r1 may bill, and another run has counted its call meanwhile. */
async function takenMeanwhile(...more: readonly TollgateEvent[]) {
  const world = await newWorld();
  await world.send(late(), step({ ...byProxy, callId }), step({ run: "r2", callId }));
  await world.send(early({ authority: "proxy" }), ...more);
  const counted = () => ["r1", "r2"].map((run) => world.run(run).own.steps);
  const witnesses = async () => {
    const rows = await world.store.transact("w", (unit) => unit.witnessesOfCalls([callId]));
    return rows.map(({ run, source, id }) => `${run} ${source} ${id}`);
  };
  await world.audited();
  return { world, counted, witnesses };
}

const elsewhere = opened({ run: "r2", authority: "proxy" });

test("a shadow that may bill again is a witness where its call is counted elsewhere", async () => {
  const { world, counted, witnesses } = await takenMeanwhile();
  assert.deepEqual([counted(), await witnesses()], [[0, 1], ["r1 proxy b"]], "counted once");
  const again = await world.sendOne(step({ ...byProxy, callId }));
  assert.equal(again.status, "duplicate");
  await world.send(elsewhere);
  assert.deepEqual([counted(), await witnesses()], [[1, 0], []], "it takes the call over");
  const third = await world.sendOne(step({ run: "r3", callId }));
  assert.deepEqual(third.linkedTo, { run: "r1", source: "proxy", id: "b" });
  await world.audited();
});

test("a shadow takes its call over in the request in which the other lets it go", async () => {
  const { counted, witnesses } = await takenMeanwhile(elsewhere);
  assert.deepEqual([counted(), await witnesses()], [[1, 0], []]);
});

test("a call is counted once where the earlier opening names no authority", async () => {
  const world = await newWorld();
  await world.send(late(), step({ ...byProxy, callId }), step({ run: "r2", callId }));
  await world.send(early());
  assert.deepEqual([world.run("r1").own.steps, world.run("r2").own.steps], [0, 1]);
  await world.audited();
});

test("a call that a run lets go is taken in that run before any other", async () => {
  const world = await newWorld();
  const own = [step({ ...byProxy, callId }), step({ ...bySdk, callId })];
  await world.send(late(), ...own, step({ run: "r2", callId, id: "x" }));
  await world.send(early({ authority: "proxy" }));
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 0.3, charge 0.86");
  assert.deepEqual(world.runs(), ["r1"]);
});

test("a voided shadow takes no call over", async () => {
  const { world, counted } = await takenMeanwhile();
  await world.send(voided({ target: { source: "proxy", id: "b" } }));
  await world.send(elsewhere);
  assert.deepEqual(counted(), [0, 0]);
  assert.deepEqual(
    world.steps("r1").map(({ role, revision }) => `${role} ${revision}`),
    ["shadow 2"],
  );
  await world.audited();
});

test("a shadow takes no call over where its run says by now that another bills", async () => {
  const { world, counted, witnesses } = await takenMeanwhile();
  const first = { id: "first", occurredAtMs: EARLY_MS - HOUR_MS, authority: "sdk" };
  await world.send(opened(first), elsewhere);
  assert.deepEqual(counted(), [0, 0]);
  await world.send(opened({ ...first, id: "very first", occurredAtMs: 1, authority: "proxy" }));
  assert.deepEqual([counted(), await witnesses()], [[1, 0], []], "the call is free");
  await world.audited();
});

test("usage without a price is told when its step bills again", async () => {
  const world = await newWorld();
  const unpriced = step({ ...byProxy, model: "unheard-of" });
  await world.send(late(), unpriced, early({ authority: "proxy" }));
  const { journal } = await world.audited();
  const told = journal.filter(({ kind }) => kind === "alert.told");
  assert.equal(told.filter(({ document }) => document.includes("price.unknown")).length, 1);
});
