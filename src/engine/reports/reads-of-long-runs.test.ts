/** What is known of a long run is not read again for each of its steps and holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySpending } from "../../store/memory/memory-spending.ts";
import { MemoryUnit } from "../../store/memory/memory-unit.ts";
import { newWorld, opened, statuses, toolCall, usage } from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn } from "../limits/holds-world.test.ts";

const tool = (id: string, run = "r1") => ask(id, { step: toolCall({ id, run }), contentHash: id });
const WHO = { reason: "test", by: "test" };

test("a run without any tokens is read once for a budget of tokens", async (t) => {
  const { engine, send } = await newWorld();
  await send(...Array.from({ length: 20 }, (_, at) => toolCall({ id: `s${at}` })));
  await budget(engine, "tokens", { each: "run", measure: "tokens", limit: "1000" });
  const reads = t.mock.method(MemoryUnit.prototype, "stepsOfRun");
  for (const id of ["h1", "h2", "h3"]) {
    await holdOn(engine, "r1", tool(id));
    await send(toolCall({ id }));
  }
  assert.equal(reads.mock.callCount(), 1);
  await send(toolCall({ id: "last", usage: usage({ input_uncached: 7 }) }));
  assert.deepEqual(await budgetsOf(engine, "r1"), ["tokens(r1) 7 + 0 of 1000 tokens"]);
});

test("letting a run go on makes policies read no other run again", async (t) => {
  const { engine, send } = await newWorld();
  const rules = [{ rule: "repeated_call", moreThan: 3, within: 50, do: "pause" }];
  await engine.policies.save("w", { ...WHO, key: "loops", document: { key: "loops", rules } });
  await send(opened({ run: "r2", customer: "acme" }));
  await send(toolCall({ id: "s1" }), toolCall({ id: "s2", run: "r2" }));
  const stop = { of: "run", id: "r2", mode: "pause" } as const;
  await engine.limits.stopWork("w", { ...stop, ...WHO });
  await engine.limits.resumeWork("w", { of: "run", id: "r2", raise: null, ...WHO });
  const reads = t.mock.method(MemoryUnit.prototype, "stepsOfRun");
  await send(toolCall({ id: "s3" }));
  assert.equal(reads.mock.callCount(), 0);
  await send(toolCall({ id: "s4", run: "r2" }));
  assert.deepEqual(
    reads.mock.calls.map((call) => call.arguments[0]),
    ["r2"],
  );
});

test("a call id that many steps of a unit name is looked for once", async (t) => {
  const { engine, send } = await newWorld();
  await budget(engine, "cost", { each: "run", measure: "cost", limit: "1000" });
  await send(toolCall({ id: "first" }));
  const step = toolCall({ id: "h1", callId: "call" });
  await holdOn(engine, "r1", ask("h1", { step, contentHash: "h1" }));
  const looks = t.mock.method(MemorySpending.prototype, "countingHoldsOfCalls");
  const steps = ["a", "b", "c"].map((id) => toolCall({ id, callId: "call" }));
  assert.deepEqual(statuses(await send(...steps)), [
    "accepted",
    "duplicate_call",
    "duplicate_call",
  ]);
  assert.deepEqual(
    looks.mock.calls.map((call) => call.arguments[0]),
    [["call"]],
  );
});
