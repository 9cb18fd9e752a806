/** Holds of a fan-out deep in a tree, under many budgets of runs: each counts in many balances. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HELD_BALANCES_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import { newWorld, opened, statuses, step } from "../commit/engine-world.test.ts";
import { ask, budget, holdOn, words } from "./holds-world.test.ts";

const DEPTH = 30;
const BUDGETS = 20;
/** Each hold counts in six hundred balances. */
const FITTING = Math.floor(HELD_BALANCES_PER_REQUEST_MAX_COUNT / (DEPTH * BUDGETS));

const TOO_MANY = "invalid: hold.too_many_balances";

async function wideWorld() {
  const world = await newWorld();
  const { engine, send } = world;
  for (let at = 0; at < BUDGETS; at += 1) {
    await budget(engine, `b${at}`, { each: "run", measure: "steps", limit: "1000" });
  }
  const chain = Array.from({ length: DEPTH }, (_, at) => {
    const above = at === 0 ? {} : { parentRun: `r${at - 1}` };
    return opened({ run: `r${at}`, id: `open ${at}`, customer: "acme", ...above });
  });
  await send(...chain);
  const last = `r${DEPTH - 1}`;
  const asked = (id: string) => ask(id, { step: step({ run: last, id }) });
  return { ...world, last, asked };
}

describe("Holds of one request that count in many balances", () => {
  it("are granted up to a bound; the others can be asked for in the next request", async () => {
    const { engine, send, last, asked } = await wideWorld();
    const ids = Array.from({ length: 100 }, (_, at) => `s${at}`);
    let left = ids;
    for (const granted of [FITTING, 100 - FITTING]) {
      const decided = words(await holdOn(engine, last, ...left.map(asked)));
      const refused = Array.from({ length: left.length - granted }, () => TOO_MANY);
      assert.deepEqual(decided, [...Array.from({ length: granted }, () => "allow"), ...refused]);
      left = left.slice(granted);
    }
    const [first] = await engine.limits.runState("w", last).then(({ budgets }) => budgets);
    assert.equal(first?.held, 100n * ONE_UNIT, "what was refused held nothing");
    const steps = ids.map((id) => step({ run: last, id }));
    assert.deepEqual(new Set(statuses(await send(...steps))), new Set(["accepted"]));
  });

  it("are told what those before them count in where they are refused", async () => {
    const { engine, last, asked } = await wideWorld();
    const ids = Array.from({ length: FITTING + 2 }, (_, at) => `s${at}`);
    const refused = (await holdOn(engine, last, ...ids.map(asked))).slice(FITTING);
    const details = refused.map((one) => ("problem" in one ? one.problem.detail : null));
    const before = FITTING * DEPTH * BUDGETS;
    const detail = `The holds before it count in ${before} balances, and it in ${DEPTH * BUDGETS}.`;
    assert.deepEqual(details, [detail, detail]);
  });

  it("are answered the same again, whatever else is asked for", async () => {
    const { engine, last, asked } = await wideWorld();
    const ids = Array.from({ length: FITTING }, (_, at) => `s${at}`);
    const granted = await holdOn(engine, last, ...ids.map(asked));
    const again = await holdOn(engine, last, asked("new"), ...ids.map(asked));
    const holds = (all: typeof granted) => all.map((one) => "hold" in one && one.hold.holdId);
    assert.deepEqual(holds(again).slice(1), holds(granted));
  });

  it("count each where it does, also where their agents differ", async () => {
    const { engine, last } = await wideWorld();
    await budget(engine, "other", { each: "agent", measure: "steps", limit: "1000", per: "day" });
    const by = (id: string, agent: string) => ask(id, { step: step({ run: last, id, agent }) });
    const decided = await holdOn(engine, last, by("a", "x"), by("b", "y"), by("c", "x"));
    const ofAgents = decided.map((one) => {
      const own =
        "budgets" in one ? one.budgets.find(({ record }) => record.budget.each === "agent") : null;
      return [own?.scope, own?.held];
    });
    const one = ONE_UNIT;
    assert.deepEqual(ofAgents, [
      ["x", one],
      ["y", one],
      ["x", 2n * one],
    ]);
  });
});
