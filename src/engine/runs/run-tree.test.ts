/** The run tree: one customer, totals that move with a late link, and limits of its shape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { RUN_DEPTH_MAX } from "../../domain/limits.ts";
import {
  cardOf,
  DAY_MS,
  each,
  FACTS,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  opened,
  outcome,
  RUNS,
  statuses,
  step,
  toolCall,
  treeOf,
  usage,
} from "../commit/engine-world.test.ts";

const below = (run: string, parentRun: string) => ({ run, parentRun });

test("a run opens with its first step, at the time of its earliest one", async () => {
  const world = await newWorld();
  await world.send(step(), step({ id: "e2", occurredAtMs: NOW_MS - HOUR_MS }));
  assert.equal(world.run("r1").openedAtMs, NOW_MS - HOUR_MS);
  assert.equal(world.run("r1").opened, false);
});

test("an opening states agent, labels and time, before the steps or after them", async () => {
  const opening = opened({
    agent: "support",
    labels: { team: "x" },
    occurredAtMs: NOW_MS - HOUR_MS,
  });
  for (const events of [
    [opening, step()],
    [step(), opening],
  ]) {
    const world = await newWorld();
    for (const event of events) await world.send(event);
    const { agent, labels, openedAtMs } = world.run("r1");
    assert.deepEqual([agent, labels, openedAtMs], ["support", { team: "x" }, NOW_MS - HOUR_MS]);
    assert.equal(world.steps("r1")[0]?.agent, "support", "a step without an agent takes it over");
    assert.equal(treeOf(world.run("r1")), "1 steps, cost 1.2, charge 1.94");
    await world.audited();
  }
});

test("a step keeps the agent that it names itself", async () => {
  const world = await newWorld();
  await world.send(step({ agent: "sales" }), opened({ agent: "support" }));
  await world.send(step({ id: "e2", agent: "sales" }));
  assert.deepEqual(
    world.steps("r1").map((one) => one.agent),
    ["sales", "sales"],
  );
  assert.equal(world.run("r1").agent, "support");
  await world.audited();
});

test("an unopened run has the agent of its earliest step that names one", async () => {
  const world = await newWorld();
  await world.send(step({ agent: "sales" }));
  await world.send(step({ id: "e2", agent: "support", occurredAtMs: NOW_MS - HOUR_MS }));
  await world.send(step({ id: "e3", occurredAtMs: NOW_MS - DAY_MS }));
  assert.equal(world.run("r1").agent, "support");
});

test("an opening is accepted once and answered alike again", async () => {
  const world = await newWorld();
  const first = await world.sendOne(opened({ customer: "acme" }));
  const again = await world.sendOne(opened({ customer: "acme" }));
  assert.deepEqual([first.status, again.status], ["accepted", "duplicate"]);
  assert.equal(again.seq, first.seq);
  const differing = await world.sendOne(opened({ customer: "acme", agent: "support" }));
  assert.deepEqual(statuses([differing]), ["conflict event.conflict"]);
  assert.equal(world.run("r1").agent, null);
});

test("a late opening has the seq that its repetition tells", async () => {
  const world = await newWorld();
  await world.send(step(), outcome());
  const first = await world.sendOne(opened({ agent: "support" }));
  assert.equal((await world.sendOne(opened({ agent: "support" }))).seq, first.seq);
});

test("of several openings the earliest stands, in any order of arrival", async () => {
  const early = opened({ id: "a", agent: "support", occurredAtMs: NOW_MS - HOUR_MS });
  const late = opened({ id: "b", agent: "sales" });
  for (const events of [
    [step(), early, late],
    [late, step(), early],
    [late, early, step()],
  ]) {
    const world = await newWorld();
    for (const event of events) await world.send(event);
    assert.equal(world.run("r1").agent, "support");
    assert.equal(world.steps("r1")[0]?.agent, "support");
    await world.audited();
  }
});

test("steps of a run below count in the tree above and in their own run", async () => {
  const world = await newWorld();
  await world.send(toolCall(), step(below("r2", "r1")), step(below("r3", "r2")));
  assert.equal(treeOf(world.run("r1")), "3 steps, cost 2.4, charge 3.48");
  assert.equal(treeOf(world.run("r2")), "2 steps, cost 2.4, charge 2.88");
  assert.equal(world.run("r1").own.steps, 1);
  await world.audited();
});

test("only the root of a tree is charged as a run", async () => {
  const world = await newWorld();
  await world.send(step(), step(below("r2", "r1")), step(below("r3", "r1")));
  assert.equal(world.counters("2026-11-01").runs, "0.5");
  assert.equal(money(world.run("r2").own.charge), "1.44");
});

test("a late parent link moves the tree's totals and takes the run fee off", async () => {
  const world = await newWorld();
  await world.send(step({ run: "r3" }), step({ ...below("r4", "r3") }), step({ run: "r1" }));
  assert.equal(world.counters("2026-11-01").runs, "1");
  await world.send(opened(below("r3", "r1")));
  assert.equal(treeOf(world.run("r1")), "3 steps, cost 3.6, charge 4.82");
  assert.equal(treeOf(world.run("r3")), "2 steps, cost 2.4, charge 2.88");
  assert.equal(world.counters("2026-11-01").runs, "0.5");
  await world.audited();
});

test("a run known by its children alone is charged as their root", async () => {
  const world = await newWorld();
  await world.send(step(below("r2", "r1")));
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1.2, charge 1.94");
  assert.equal(world.run("r1").customer, "acme");
});

test("the parent that a better record names is linked like any other", async () => {
  const partial = step({ run: "r2", completeness: "partial", usage: usage({ output_text: 3 }) });
  const exact = step({ ...below("r2", "r1"), usage: usage({ output_text: 3 }) });
  for (const events of [
    [partial, exact],
    [exact, partial],
  ]) {
    const world = await newWorld();
    for (const event of events) await world.send(event);
    assert.equal(world.run("r2").parent, "r1");
    assert.equal(treeOf(world.run("r1")), "1 steps, cost 0.06, charge 0.572");
    await world.audited();
  }
  const world = await newWorld();
  await world.send(exact);
  const late = step({ completeness: "partial", usage: usage({}), ...below("r2", "r9") });
  assert.deepEqual(statuses(await world.send(late)), ["rejected run.parent_differs"]);
});

test("a better record of another customer is refused", async () => {
  const world = await newWorld();
  await world.send(step({ completeness: "partial" }));
  const other = step({ customer: "beta", usage: usage({ output_text: 50 }) });
  assert.deepEqual(statuses(await world.send(other)), ["rejected run.customer_mismatch"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1.2, charge 1.94");
});

test("a run keeps its first parent", async () => {
  const world = await newWorld();
  await world.send(step(below("r2", "r1")));
  const answers = await world.send(
    step({ ...below("r2", "r3"), id: "e2" }),
    step({ ...below("r2", "r1"), id: "e3" }),
  );
  assert.deepEqual(statuses(answers), ["rejected run.parent_differs", "accepted"]);
  assert.deepEqual(world.runs(), ["r1", "r2"], "what was refused left nothing");
});

test("no run is its own ancestor", async () => {
  const world = await newWorld();
  await world.send(step(below("r2", "r1")), step(below("r3", "r2")));
  const cycles = [below("r1", "r3"), below("r1", "r1"), below("r9", "r9")];
  const refused = await world.send(...cycles.map((place) => step({ ...place, id: "e9" })));
  const cycle = "rejected run.cycle";
  assert.deepEqual(statuses(refused), [cycle, cycle, cycle]);
  assert.deepEqual(world.runs(), ["r1", "r2", "r3"]);
  await world.audited();
});

/** Runs r1 … rn, each below the one before. */
function chain(length: number, prefix = "r"): TollgateEvent[] {
  return Array.from({ length }, (_, at) =>
    step({ run: `${prefix}${at + 1}`, parentRun: at === 0 ? null : `${prefix}${at}` }),
  );
}

test("a tree is as deep as its limit and not one level deeper", async () => {
  const world = await newWorld();
  const answers = statuses(await world.send(...chain(RUN_DEPTH_MAX + 1)));
  const all = Array.from({ length: RUN_DEPTH_MAX }, () => "accepted");
  assert.deepEqual(answers, [...all, "rejected run.too_deep"]);
  assert.equal(world.run("r1").tree.steps, RUN_DEPTH_MAX);
  await world.audited();
});

test("a late link between two trees keeps to the limit of depth", async () => {
  for (const [above, fits] of [
    [RUN_DEPTH_MAX - 11, true],
    [RUN_DEPTH_MAX - 10, true],
    [RUN_DEPTH_MAX - 9, false],
  ] as const) {
    const world = await newWorld();
    await world.send(...chain(10, "child"), ...chain(above));
    const link = opened({ ...below("child1", `r${above}`) });
    const wanted = fits ? "accepted" : "rejected run.too_deep";
    assert.deepEqual(statuses(await world.send(link)), [wanted], `${above} above 10`);
    await world.audited();
  }
});

test("a tree that grew from below knows how deep it is", async () => {
  const world = await newWorld();
  const answers = statuses(await world.send(...chain(RUN_DEPTH_MAX + 1).reverse()));
  assert.equal(answers.filter((status) => status === "accepted").length, RUN_DEPTH_MAX);
  assert.equal(answers.at(-1), "accepted", "the last one links nothing");
  assert.equal(answers.at(-2), "rejected run.too_deep");
  await world.audited();
});

test("runs below take over the customer of their tree", async () => {
  const world = await newWorld();
  await world.send(step(), step({ ...below("r2", "r1"), customer: null }));
  assert.equal(world.run("r2").customer, "acme");
  assert.equal(treeOf(world.run("r1")), "2 steps, cost 2.4, charge 3.38");
});

test("a tree has one customer: steps and links of another are refused", async () => {
  const world = await newWorld();
  await world.send(step(), step({ run: "r9", customer: "beta" }));
  const answers = await world.send(
    step({ id: "e2", customer: "beta" }),
    step({ ...below("r2", "r1"), customer: "beta" }),
    opened({ ...below("r9", "r1") }),
  );
  const mismatch = "rejected run.customer_mismatch";
  assert.deepEqual(statuses(answers), [mismatch, mismatch, mismatch]);
  assert.deepEqual(world.runs(), ["r1", "r9"]);
  assert.equal(world.store.customer("w", "acme")?.id, "acme");
  await world.audited();
});

test("a refused step leaves no customer behind", async () => {
  const world = await newWorld();
  await world.send(step());
  await world.send(step({ id: "e2", customer: "beta" }));
  assert.equal(world.store.customer("w", "beta"), undefined);
});

test("a run is charged by the agent and labels of its opening", async () => {
  const where = { agent: "support", label: { team: "x" } };
  const card = cardOf({ runs: [{ ...RUNS, where }, each("3")] });
  const world = await newWorld(card);
  await world.send(step({ agent: "sales", labels: { team: "x" } }));
  assert.deepEqual(world.counters("2026-11-01"), {});
  await world.send(opened({ agent: "support", labels: { team: "x" } }));
  assert.deepEqual(world.counters("2026-11-01"), { runs: "3" });
  await world.send(step({ ...FACTS, id: "e2" }));
  assert.equal(money(world.run("r1").own.charge), "3");
  await world.audited();
});

test("the run tree is read whole, with steps in the order of their own time", async () => {
  const world = await newWorld();
  await world.send(step(), toolCall({ id: "e0", occurredAtMs: NOW_MS - 1 }), outcome());
  await world.send(step(below("r2", "r1")));
  const tree = await world.engine.runTree("w", "r1");
  assert.deepEqual(
    tree.steps.map(({ id }) => id),
    ["e0", "e1"],
  );
  assert.deepEqual(
    tree.outcomes.map(({ key }) => key),
    ["resolved"],
  );
  assert.deepEqual(
    tree.children.map(({ run }) => run.id),
    ["r2"],
  );
  await assert.rejects(world.engine.runTree("w", "r9"), { code: "run.not_found" });
});
