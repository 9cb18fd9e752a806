/** A request whose opening is refused is answered with an error: nothing of it may stand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAmount } from "../../domain/money/decimal.ts";
import {
  newWorld,
  opened,
  statuses,
  step,
  usage,
  type World,
} from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, openAndHold } from "./holds-world.test.ts";

const TEN = usage({ input_uncached: 10 });
const CAPS = [{ measure: "cost", limit: parseAmount("0.05") ?? assert.fail() }];
const asks = [ask("a", { step: step({ id: "a", usage: TEN }) })];

const keysOf = async ({ store }: World["engine"]) =>
  (await store.spending.budgets("w")).map(({ budget: { key } }) => key);

test("an opening that differs from the one on record holds nothing, and caps nothing", async () => {
  const { engine, send } = await newWorld();
  await budget(engine, "all", { each: "customer", measure: "cost", limit: "1", per: "lifetime" });
  await send(opened({ id: "open r1", customer: "acme", agent: "another", contentHash: "other" }));
  assert.deepEqual(await openAndHold(engine, { run: "r1", caps: CAPS, asks }), []);
  assert.deepEqual(await budgetsOf(engine, "r1"), ["all(acme) 0 + 0 of 1"]);
  assert.deepEqual(await keysOf(engine), ["all"]);
});

test("of a run that has another customer nothing is held", async () => {
  const { engine, send } = await newWorld();
  await budget(engine, "all", { each: "workspace", measure: "cost", limit: "1", per: "lifetime" });
  const accepted = await send(opened({ id: "first", customer: "globex" }));
  assert.deepEqual(statuses(accepted), ["accepted"]);
  assert.deepEqual(await openAndHold(engine, { run: "r1", asks }), []);
  assert.deepEqual(await budgetsOf(engine, "r1"), ["all() 0 + 0 of 1"]);
});

test("a run that no budget lets open gets no cap", async () => {
  const { engine } = await newWorld();
  const one = { each: "workspace", measure: "parallel_runs", limit: "1" };
  await budget(engine, "slots", one);
  await openAndHold(engine, { run: "r1" });
  const [refused] = await openAndHold(engine, { run: "r2", caps: CAPS, asks });
  assert.equal(refused?.decision, "block");
  assert.deepEqual(await keysOf(engine), ["slots"]);
});
