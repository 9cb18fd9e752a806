/** A budget's pause of a run that has ended, as older versions left them: nobody waits for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stop } from "../../domain/budget/stop.ts";
import { write } from "../../store/round-trip-contract.ts";
import { closed, newWorld, opened, step, usage } from "../commit/engine-world.test.ts";
import { ask, budget, holdOn, words } from "./holds-world.test.ts";

test("a pause of an ended root keeps nobody, and is on no list; a person's stop is", async () => {
  const { engine, store, clock, send } = await newWorld();
  const stages = [{ at: "100%", do: "pause" }];
  const cap = { each: "customer", measure: "cost", limit: "0.1", per: "lifetime", stages };
  const { id: budgetId } = await budget(engine, "cap", cap);
  await send(opened({ run: "root", customer: "acme" }));
  await send(opened({ run: "sub", id: "open sub", parentRun: "root" }));
  await send(step({ run: "sub", id: "x", usage: usage({ input_uncached: 10 }) }));
  await send(closed({ run: "root", id: "close root" }));
  const stale: Stop = {
    ...{ of: "run", id: "root", mode: "pause", reason: "budget cap", by: "tollgate" },
    budget: { budgetId, scope: "acme", free: "0" },
    stoppedAtMs: clock.now,
  };
  await write(store, "w", { stops: [stale] });
  const all = () => engine.limits.stops("w", { limit: 10 });
  const listed = async () => (await all()).stops.map(({ id }) => id);
  assert.deepEqual(await listed(), []);
  assert.equal((await engine.limits.runState("w", "sub")).state, "running");
  const everything = { of: "workspace", id: "" } as const;
  assert.deepEqual((await engine.live.read("w", everything)).stops, []);
  const more = ask("y", { step: step({ run: "sub", id: "y", usage: usage({ output_text: 1 }) }) });
  assert.deepEqual(words(await holdOn(engine, "sub", more)), ["pause: budget"]);
  assert.deepEqual(await listed(), ["sub"]);
  assert.equal((await engine.limits.runState("w", "sub")).state, "paused");
  await write(store, "w", { stops: [{ ...stale, budget: null }] });
  assert.deepEqual(await listed(), ["root", "sub"]);
});
