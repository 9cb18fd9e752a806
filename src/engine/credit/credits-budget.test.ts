/** Budgets in a card's credits: what the charges priced in them come to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardOf,
  closed,
  each,
  newWorld,
  opened,
  RUNS,
  step,
  toolCall,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn, words } from "../limits/holds-world.test.ts";

const CREDIT = { credit: { name: "AI credits", price: "0.25" } };
const IN = { in: "credits" };
/** Three credits a tool call, one a run; a dollar a thousand tokens, in money. */
const CARD = cardOf(
  {
    tools: [{ count: "steps", where: { kind: "tool" } }, each("3"), IN],
    runs: [RUNS, each("1"), IN],
    tokens: [{ sum: "input_uncached" }, each("0.001")],
  },
  "card",
  CREDIT,
);
const TEN = { each: "customer", measure: "credits", currency: "AI credits", limit: "10" };
const PER = { per: "lifetime" };

const line = (settled: string, held: string) => `c(acme) ${settled} + ${held} of 10 credits`;
const tool = (id: string) => ask(id, { step: toolCall({ id }), contentHash: id });

test("credits are held, settled and given back in credits", async () => {
  const { engine, send } = await newWorld(CARD);
  await budget(engine, "c", { ...TEN, ...PER });
  await send(opened({ customer: "acme" }));
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("1", "0")]);
  const decisions = await holdOn(engine, "r1", tool("a"), tool("b"), tool("c"), tool("d"));
  assert.deepEqual(words(decisions), ["allow", "allow", "allow", "throttle: held_by_others"]);
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("1", "9")]);
  await send(toolCall({ id: "a" }));
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("4", "6")]);
  await send(voided({ target: { source: "sdk", id: "a" } }));
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("1", "6")]);
});

test("what is priced in money counts in no credit, and another credit is another", async () => {
  const { engine, send } = await newWorld(CARD);
  await budget(engine, "c", { ...TEN, ...PER });
  await budget(engine, "other", { ...TEN, ...PER, currency: "tokens" });
  await send(step({ id: "m", run: "r2", usage: usage({ input_uncached: 5000 }) }));
  assert.deepEqual(await budgetsOf(engine, "r2"), [
    line("1", "0"),
    "other(acme) 0 + 0 of 10 credits",
  ]);
});

test("credits that wait for the end of a run are held of the budget", async () => {
  const waiting = { ...IN, when: { ending: "completed" } };
  const card = cardOf({ runs: [RUNS, each("4"), waiting] }, "card", CREDIT);
  const { engine, send } = await newWorld(card);
  await budget(engine, "c", { ...TEN, ...PER });
  await send(opened({ customer: "acme" }));
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("4", "0")]);
  await send(closed({ ending: "failed" }));
  assert.deepEqual(await budgetsOf(engine, "r1"), [line("0", "0")]);
});

test("a budget of credits names its credit, and is none of runs", async () => {
  const { engine } = await newWorld(CARD);
  for (const wrong of [{ currency: undefined }, { each: "run", per: "lifetime" }]) {
    const document = { ...TEN, ...PER, ...wrong };
    const who = { key: "wrong", reason: "test", by: "test" };
    const saved = await engine.limits.saveBudget("w", { document, ...who });
    assert.ok("problems" in saved, JSON.stringify(wrong));
  }
});
