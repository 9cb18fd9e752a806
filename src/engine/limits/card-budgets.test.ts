/** Defaults from a rate card: whoever is charged by it has its limits, from the first hold on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, each, newWorld, opened, STEPS, step, usage } from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn, openAndHold, words } from "./holds-world.test.ts";

const RUN_LIMIT = { each: "run", measure: "cost", limit: "0.15" };
const tokens = (run: string, id: string, customer: string) =>
  ask(id, { step: step({ run, id, customer, usage: usage({ input_uncached: 10 }) }) });

async function twoCards() {
  const world = await newWorld(cardOf({ steps: [STEPS, each("0.01")] }, "basic"));
  const pro = cardOf({ steps: [STEPS, each("0.02")] }, "pro");
  await world.engine.applyRateCard("w", { ...pro, effectiveFromMs: 0 });
  await world.engine.saveCustomer("w", { id: "beta", settings: { cardKey: "pro" } });
  return world;
}

test("a run has the limit of the card that its customer is charged by", async () => {
  const { engine, send } = await twoCards();
  await budget(engine, "basic-run", { ...RUN_LIMIT, where: { card: "basic" } });
  await budget(engine, "pro-run", { ...RUN_LIMIT, limit: "0.25", where: { card: ["pro"] } });
  const asks = ["a", "b", "c"].map((id) => tokens("r1", id, "acme"));
  const throttled = "throttle: held_by_others";
  const first = await openAndHold(engine, { run: "r1", asks });
  assert.deepEqual(words(first), ["allow", throttled, throttled]);
  const open = opened({ run: "r2", id: "open r2", customer: "beta" });
  await send(open, opened({ run: "below", id: "open below", parentRun: "r2" }));
  const second = await holdOn(engine, "r2", tokens("r2", "a", "beta"));
  const below = ["b", "c"].map((id) => tokens("below", id, "beta"));
  assert.deepEqual(words(second), ["allow"]);
  assert.deepEqual(words(await holdOn(engine, "below", ...below)), ["allow", throttled]);
  assert.deepEqual(await budgetsOf(engine, "r1"), ["basic-run(r1) 0 + 0.1 of 0.15"]);
  assert.deepEqual(await budgetsOf(engine, "below"), ["pro-run(r2) 0 + 0.2 of 0.25"]);
});

test("a new customer has the limit of its card, and what it used follows the card", async () => {
  const { engine, send } = await twoCards();
  const ofCustomer = { each: "customer", measure: "cost", limit: "0.15", per: "lifetime" };
  await budget(engine, "basic", { ...ofCustomer, where: { card: "basic" } });
  await budget(engine, "pro", { ...ofCustomer, limit: "5", where: { card: "pro" } });
  await send(step({ id: "x", usage: usage({ input_uncached: 10 }) }));
  assert.deepEqual(await budgetsOf(engine, "r1"), ["basic(acme) 0.1 + 0 of 0.15"]);
  assert.deepEqual(words(await holdOn(engine, "r1", tokens("r1", "y", "acme"))), ["block: budget"]);
  await send(step({ run: "r2", id: "x", customer: "beta", usage: usage({ input_uncached: 10 }) }));
  assert.deepEqual(await budgetsOf(engine, "r2"), ["pro(beta) 0.1 + 0 of 5"]);
  const shown = await engine.limits.customerBudgets("w", "beta");
  assert.deepEqual(
    shown.map(({ record }) => record.budget.key),
    ["pro"],
  );
});
