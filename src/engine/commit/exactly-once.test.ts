import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import {
  FACTS,
  money,
  NOW_MS,
  newWorld,
  statuses,
  step,
  treeOf,
  usage,
} from "./engine-world.test.ts";

const tokens = (output: number) => usage({ output_text: output });
const ONCE = "1 steps, cost 1.2, charge 1.94";

test("a step is counted once however often it is sent", async () => {
  const world = await newWorld();
  const first = await world.sendOne(step());
  assert.deepEqual(first.status, "accepted");
  assert.deepEqual(
    [money(first.cost), first.costStatus, money(first.charge)],
    ["1.2", "priced", "1.44"],
  );
  assert.deepEqual(await world.sendOne(step()), { ...first, status: "duplicate" });
  assert.deepEqual(statuses(await world.send(step(), step())), ["duplicate", "duplicate"]);
  assert.equal(treeOf(world.run("r1")), ONCE);
  await world.audited();
});

test("a retry within one request is counted once", async () => {
  const world = await newWorld();
  assert.deepEqual(statuses(await world.send(step(), step())), ["accepted", "duplicate"]);
  assert.equal(treeOf(world.run("r1")), ONCE);
});

test("of a retry at another time the first time stands and the difference is told", async () => {
  const world = await newWorld();
  await world.sendOne(step());
  const retried = await world.sendOne(step({ occurredAtMs: NOW_MS - 1000 }));
  assert.deepEqual([retried.status, retried.timeDiffers], ["duplicate", true]);
  assert.equal(world.steps("r1")[0]?.occurredAtMs, NOW_MS);
  assert.equal(world.run("r1").openedAtMs, NOW_MS);
});

test("run, source and id together are the identity of a step", async () => {
  const world = await newWorld();
  await world.send(step(), step({ source: "proxy" }), step({ run: "r2" }), step({ id: "e2" }));
  assert.equal(world.run("r1").own.steps + world.run("r2").own.steps, 4);
});

test("a transcript that repeats one response with growing output is one step", async () => {
  const world = await newWorld();
  const partial = { completeness: "partial" } as const;
  const answers = await world.send(
    step({ ...partial, usage: tokens(3) }),
    step({ ...partial, usage: tokens(120) }),
    step({ ...partial, usage: tokens(120) }),
  );
  assert.equal(answers[0]?.status, "accepted");
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 2.4, charge 3.38");
  await world.audited();
});

test("a more complete record replaces what was counted by one revision", async () => {
  const world = await newWorld();
  await world.send(step({ completeness: "partial", usage: tokens(3) }));
  const better = await world.sendOne(step({ usage: tokens(50) }));
  assert.deepEqual(
    [better.status, money(better.cost), money(better.charge)],
    ["superseded", "1", "1.2"],
  );
  assert.equal(world.steps("r1")[0]?.revision, 2);
  const late = await world.sendOne(step({ completeness: "estimated", usage: tokens(99) }));
  assert.deepEqual([late.status, money(late.cost)], ["stale", "1"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
  await world.audited();
});

test("of two differing exact records the first counts, the second waits for a person", async () => {
  const world = await newWorld();
  const second = step({ usage: tokens(50) });
  const answers = await world.send(step(), second, second);
  const conflict = "conflict event.conflict";
  assert.deepEqual(statuses(answers), ["accepted", conflict, conflict]);
  assert.equal(money(answers[1]?.cost), "1.2", "the answer tells what counts");
  assert.equal(world.store.listConflicts("w", 10).length, 1, "it is listed once");
  assert.deepEqual(statuses(await world.send(second)), [conflict]);
  assert.equal(world.store.listConflicts("w", 10).length, 1, "in later requests too");
  assert.equal(treeOf(world.run("r1")), ONCE);
});

async function worldInConflict() {
  const world = await newWorld();
  await world.send(step(), step({ usage: tokens(50) }));
  const [conflict] = world.store.listConflicts("w", 10);
  const seq = conflict?.seq ?? assert.fail("no conflict");
  const settle = (keep: "first" | "second") =>
    world.engine.settleConflict("w", { conflict: seq, keep, reason: "asked the provider" });
  return { ...world, settle };
}

test("a conflict that is settled for the first record changes no total", async () => {
  const world = await worldInConflict();
  assert.equal((await world.settle("first")).settled, "first");
  assert.equal(treeOf(world.run("r1")), ONCE);
  assert.deepEqual(world.store.listConflicts("w", 10), []);
});

test("a conflict that is settled for the second record counts that instead", async () => {
  const world = await worldInConflict();
  await world.settle("second");
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
  assert.equal(world.steps("r1")[0]?.revision, 2);
  const again = statuses(await world.send(step(), step({ usage: tokens(50) })));
  assert.deepEqual(again, ["duplicate", "stale"], "what a person decided stands");
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
  await world.audited();
});

test("a conflict is settled once", async () => {
  const world = await worldInConflict();
  await world.settle("second");
  await assert.rejects(world.settle("first"), (error: TollgateError) => {
    assert.ok(error instanceof TollgateError);
    return error.code === "conflict.not_found";
  });
});

test("a step that costs a provider's customer is counted without cost to us", async () => {
  const world = await newWorld();
  const answer = await world.sendOne(step({ payer: "customer" }));
  assert.deepEqual([money(answer.cost), money(answer.charge)], ["1.2", "0"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 0, charge 0.5");
});

test("an unknown price is never zero: the step is unpriced and the run says so", async () => {
  const world = await newWorld();
  const unheard = await world.sendOne(step({ model: "unheard-of" }));
  const half = { ...FACTS, usage: usage({ input_uncached: 100, web_searches: 5 }) };
  const some = await world.sendOne(step({ ...half, id: "e2" }));
  assert.deepEqual([unheard.costStatus, some.costStatus], ["unpriced", "partial"]);
  assert.equal(world.run("r1").own.unpriced, 2);
  assert.equal(money(world.run("r1").own.cost), "1", "the cost known is a lower bound");
});

test("a conflict is settled without a look at the others", async (context) => {
  const world = await worldInConflict();
  const listed = context.mock.method(world.store, "listConflicts");
  await world.settle("first");
  const seen = await Promise.all(listed.mock.calls.map(({ result }) => result));
  assert.deepEqual(
    listed.mock.calls.map(({ arguments: [, limit] }) => limit),
    [1],
  );
  assert.equal(seen.flat().length, 1);
});
