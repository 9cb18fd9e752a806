/** Holds that keep their distance, by a clock that goes on while callers wait. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { FACTS, newWorld, opened, step, type World } from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask } from "./holds-world.test.ts";

const WHO = { reason: "test", by: "test" };
const DELAY_MS = 60_000;
const BUDGET = {
  ...{ each: "customer", measure: "steps", limit: "100", per: "lifetime" },
  stages: [{ at: "1", do: "throttle", delayMs: DELAY_MS }],
};
const RULES = [{ rule: "steps", moreThan: 0, do: "throttle", delayMs: DELAY_MS }];

/** What slows holds down from their first step on. */
const SLOWED: Record<string, (engine: Engine, ws: string) => Promise<object>> = {
  "a budget": (engine, ws) =>
    engine.limits.saveBudget(ws, { key: "slow", document: BUDGET, ...WHO }),
  "a policy": (engine, ws) => {
    const document = { mode: "enforce", rules: RULES };
    return engine.policies.save(ws, { key: "slow", document, ...WHO });
  },
};

for (const [by, slow] of Object.entries(SLOWED)) {
  describe(`Holds that ${by} slows down`, () => {
    let world: World;
    beforeEach(async () => {
      world = await newWorld();
    });

    /** A run whose next hold but one has to wait; returns how to ask for a hold. */
    async function paced(ws: string) {
      const { engine } = world;
      const saved = await slow(engine, ws);
      assert.deepEqual("problems" in saved ? saved.problems : [], []);
      await engine.ingest(ws, [opened({ customer: "acme" }), step({ id: "before" })]);
      const holdOf = async (id: string) => {
        const asks = [ask(id, { step: step({ id, ...FACTS }) })];
        const nothing = { releases: [], renewals: [], caps: [] };
        const { answer } = await engine.hold(ws, [], { run: "r1", asks, ...nothing });
        const [decided] = answer.decisions;
        const waitMs = decided?.decision === "throttle" ? decided.retryAfterMs : null;
        return [decided?.decision, waitMs];
      };
      assert.deepEqual(await holdOf("first"), ["allow", null]);
      assert.deepEqual(await holdOf("next"), ["throttle", DELAY_MS]);
      return holdOf;
    }

    it("are let go on after as long as they were told to wait", async () => {
      const holdOf = await paced("w");
      world.clock.now += DELAY_MS - 1;
      assert.deepEqual(await holdOf("next"), ["throttle", 1]);
      world.clock.now += 1;
      assert.deepEqual(await holdOf("next"), ["allow", null]);
    });

    it("wait for no longer where the machine's clock is set back", async () => {
      const holdOf = await paced("w");
      world.clock.now -= 3_600_000;
      assert.deepEqual(await holdOf("next"), ["allow", null]);
    });

    it("are let go on in a sandbox whose clock stands still", async () => {
      const ws = await world.engine.createSandbox("w", { name: "trial", startMs: null });
      const holdOf = await paced(ws);
      world.clock.now += DELAY_MS;
      assert.deepEqual(await holdOf("next"), ["allow", null]);
      assert.deepEqual(await holdOf("third"), ["throttle", DELAY_MS]);
    });

    it("are let go on in a sandbox whose clock is moved", async () => {
      const ws = await world.engine.createSandbox("w", { name: "trial", startMs: null });
      const holdOf = await paced(ws);
      await world.engine.advanceClock(ws, { by: Temporal.Duration.from({ minutes: 1 }) });
      assert.deepEqual(await holdOf("next"), ["allow", null]);
    });
  });
}
