import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AMOUNT_SCALE } from "../../domain/limits.ts";
import {
  closed,
  NOW_MS,
  newWorld,
  opened,
  outcome,
  step,
  toolCall,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn, openAndHold, release, words } from "./holds-world.test.ts";

const USD = 10n ** BigInt(AMOUNT_SCALE);
const CENT = USD / 100n;
/** A run may cost us 1.00; a hold of 10 tokens read sets 0.10 aside. */
const RUN_CAP = { each: "run", measure: "cost", limit: "1" };

async function cappedWorld(document: object = RUN_CAP) {
  const world = await newWorld();
  await budget(world.engine, "cap", document);
  await world.send(opened({ customer: "acme", agent: "support" }));
  return world;
}

const tenTokens = (id: string, run = "r1") =>
  ask(id, { step: step({ id, run, usage: usage({ input_uncached: 10 }) }) });

describe("A hold", () => {
  it("sets its worst case aside until the step is recorded", async () => {
    const { engine, send } = await cappedWorld();
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["allow"]);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0.1 of 1"]);
    await send(step({ id: "a", usage: usage({ input_uncached: 4 }) }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.04 + 0 of 1"]);
  });

  it("is refused where the balance cannot cover it", async () => {
    const { engine } = await cappedWorld();
    const asks = Array.from({ length: 12 }, (_, index) => tenTokens(`s${index}`));
    const decisions = words(await holdOn(engine, "r1", ...asks));
    assert.equal(decisions.filter((word) => word === "allow").length, 10);
    assert.deepEqual(decisions.slice(10), ["throttle: held_by_others", "throttle: held_by_others"]);
  });

  it("is blocked once the limit is used up for good", async () => {
    const { engine, send } = await cappedWorld();
    await send(step({ id: "big", usage: usage({ input_uncached: 100 }) }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["block: budget"]);
  });

  it("records an actual three times as large in full, and the next one is refused", async () => {
    const { engine, send, store } = await cappedWorld({ ...RUN_CAP, limit: "0.25" });
    await holdOn(engine, "r1", tenTokens("a"));
    await send(step({ id: "a", usage: usage({ input_uncached: 30 }) }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.3 + 0 of 0.25"]);
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("b"))), ["block: budget"]);
    const [cap] = (await engine.limits.runState("w", "r1")).budgets;
    const key = { budgetId: cap?.record.id ?? 0, scope: "r1", window: "" };
    const [over] = store.spending.overrunsOf("w", key, 10);
    assert.deepEqual([over?.id, over?.cause, over?.amount], ["a", "above_hold", 5n * CENT]);
  });

  it("is answered the same when it is asked for again, and counts once", async () => {
    const { engine } = await cappedWorld();
    const [first] = await holdOn(engine, "r1", tenTokens("a"));
    const [again] = await holdOn(engine, "r1", tenTokens("a"));
    const holdId = (one: typeof first) => (one?.decision === "allow" ? one.hold.holdId : one);
    assert.equal(holdId(again), holdId(first));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0.1 of 1"]);
    const other = { ...tenTokens("a"), contentHash: "other" };
    assert.deepEqual(words(await holdOn(engine, "r1", other)), ["conflict: hold.conflict"]);
  });

  it("is not granted for a step that is recorded", async () => {
    const { engine, send } = await cappedWorld();
    await send(step({ id: "a" }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["settled"]);
  });

  it("gives back what it held when it is released", async () => {
    const { engine } = await cappedWorld();
    await holdOn(engine, "r1", tenTokens("a"));
    assert.equal(await release(engine, "r1", "a"), "released");
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0 of 1"]);
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["allow"]);
  });

  it("is settled by another witness of its call", async () => {
    const { engine, send } = await cappedWorld();
    const called = step({ id: "a", callId: "call-1", usage: usage({ input_uncached: 10 }) });
    await holdOn(engine, "r1", ask("a", { step: called }));
    await send(
      step({ id: "x", source: "proxy", callId: "call-1", usage: usage({ input_uncached: 7 }) }),
    );
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.07 + 0 of 1"]);
    // The SDK's own record comes later: the call is counted once, and nothing is held.
    await send(step({ id: "a", callId: "call-1", usage: usage({ input_uncached: 7 }) }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.07 + 0 of 1"]);
  });

  it("is clamped to what is left, and never refused for the lack of a bound", async () => {
    const { engine } = await cappedWorld();
    const output = { leastTokens: 1, mostTokens: 32_768, isStated: false };
    const [decision] = await holdOn(engine, "r1", ask("a", { output }));
    // 10 tokens read cost 0.10; the 0.90 left pay for 45 tokens written at 0.02.
    assert.equal(decision?.decision === "allow" && decision.hold.maxOutputTokens, 45);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 1 of 1"]);
  });

  it("is blocked where nobody knows the price, unless its caller does", async () => {
    const { engine } = await cappedWorld();
    const unknown = step({ id: "a", model: "gpt-unheard-of" });
    assert.deepEqual(words(await holdOn(engine, "r1", ask("a", { step: unknown }))), [
      "block: unpriced",
    ]);
    const stated = ask("a", { step: unknown, cost: (30n * CENT) as never });
    assert.deepEqual(words(await holdOn(engine, "r1", stated)), ["allow"]);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0.3 of 1"]);
  });

  it("says where its cost is from, on a retry too: one that nobody knows is no zero", async () => {
    const { engine } = await cappedWorld({ ...RUN_CAP, unpriced: "allow" });
    const model = step({ id: "a", model: "gpt-unheard-of" });
    const asks = [
      ask("a", { step: model }),
      ask("b", { step: { ...model, id: "b" }, cost: CENT as never }),
      ask("c"),
    ];
    for (let times = 0; times < 2; times += 1) {
      const told = await holdOn(engine, "r1", ...asks);
      const costs = told.map((one) => one.decision === "allow" && one.costIs);
      assert.deepEqual(costs, ["unknown", "stated", "known"]);
    }
  });

  it("is blocked by a strict budget where its step would not cost what it states", async () => {
    const { engine, send } = await cappedWorld({ ...RUN_CAP, unpriced: "strict" });
    const cost = (30n * CENT) as never;
    const tool = toolCall({ id: "a", tool: "search" });
    const model = step({ id: "b", model: "gpt-unheard-of" });
    for (const one of [ask("a", { step: tool, cost }), ask("b", { step: model, cost })]) {
      assert.deepEqual(words(await holdOn(engine, "r1", one)), ["block: unpriced"]);
    }
    // What the price book knows is held at the higher of both; a call that states nothing is free.
    const known = ask("c", { step: step({ id: "c", usage: usage({ input_uncached: 10 }) }), cost });
    const free = ask("d", { step: toolCall({ id: "d", tool: "search" }) });
    assert.deepEqual(words(await holdOn(engine, "r1", known, free)), ["allow", "allow"]);
    await send(tool, model);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0.3 of 1"]);
  });

  it("is refused for a run that has ended", async () => {
    const { engine, send } = await cappedWorld();
    await send(closed());
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["block: run_ended"]);
  });

  it("becomes an estimate after its quarantine, which the real record supersedes", async () => {
    const { engine, send, clock } = await cappedWorld();
    await holdOn(engine, "r1", tenTokens("a"));
    clock.now += 121_000;
    assert.equal(await engine.limits.endQuarantine("w"), 0);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 0.1 of 1"]);
    clock.now += 600_000;
    assert.equal(await engine.limits.endQuarantine("w"), 1);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.1 + 0 of 1"]);
    await send(step({ id: "a", usage: usage({ input_uncached: 3 }) }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0.03 + 0 of 1"]);
    assert.equal(await engine.limits.endQuarantine("w"), 0);
  });
});

describe("A budget", () => {
  it("holds over the whole tree: a sub-agent spends what its parents have", async () => {
    const { engine, send } = await cappedWorld();
    await send(opened({ run: "child", id: "o2", parentRun: "r1", agent: "researcher" }));
    await send(opened({ run: "leaf", id: "o3", parentRun: "child", agent: "reader" }));
    const runs = ["r1", "child", "leaf"];
    const asked = runs.flatMap((run) => [1, 2, 3, 4].map((n) => tenTokens(`${run}${n}`, run)));
    const decisions = [];
    for (const one of asked) decisions.push(...(await holdOn(engine, one.step.run, one)));
    assert.equal(words(decisions).filter((word) => word === "allow").length, 10);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 0 + 1 of 1"]);
  });

  it("counts charges by their worst case, fees and outcomes as they are", async () => {
    const document = { each: "customer", measure: "charge", limit: "5", per: "lifetime" };
    const { engine, send } = await cappedWorld(document);
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(acme) 0.5 + 0 of 5"]);
    await holdOn(engine, "r1", ask("t", { step: toolCall({ id: "t" }) }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(acme) 0.5 + 0.1 of 5"]);
    await send(toolCall({ id: "t" }), outcome());
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(acme) 2.6 + 0 of 5"]);
    await send(voided({ target: { source: "sdk", id: "t" } }));
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(acme) 2.5 + 0 of 5"]);
  });

  it("that comes after a run's steps counts the run whole, tokens too", async () => {
    const { engine, send } = await newWorld();
    await send(opened({ customer: "acme" }), step({ id: "a" }), step({ id: "b" }));
    await budget(engine, "cap", { each: "run", measure: "tokens", limit: "1000" });
    await budget(engine, "cost", { each: "run", measure: "cost", limit: "10" });
    await send(step({ id: "c" }));
    assert.deepEqual(await budgetsOf(engine, "r1"), [
      "cap(r1) 330 + 0 of 1000 tokens",
      "cost(r1) 3.6 + 0 of 10",
    ]);
  });

  it("takes up the tree that is linked below a run", async () => {
    const { engine, send } = await cappedWorld();
    await budget(engine, "tokens", { each: "run", measure: "tokens", limit: "1000" });
    await send(step({ run: "late", id: "x" }));
    await send(opened({ run: "late", id: "o2", parentRun: "r1", customer: "acme" }));
    assert.deepEqual(await budgetsOf(engine, "r1"), [
      "cap(r1) 1.2 + 0 of 1",
      "tokens(r1) 110 + 0 of 1000 tokens",
    ]);
  });

  it("begins anew with its window, by the clock of the commit", async () => {
    const document = { each: "customer", measure: "steps", limit: "2", per: "hour" };
    const { engine, clock, send } = await cappedWorld(document);
    await send(step({ id: "a" }), step({ id: "b", occurredAtMs: NOW_MS - 7_200_000 }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("c"))), ["block: budget"]);
    clock.now += 3_600_000;
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("c"))), ["allow"]);
  });

  it("lets a run open with a cap and its first hold in one request", async () => {
    const { engine } = await newWorld();
    const caps = [{ measure: "cost", limit: 15n * CENT }];
    const asks = [tenTokens("a", "r9"), tenTokens("b", "r9")];
    assert.deepEqual(words(await openAndHold(engine, { run: "r9", caps, asks })), [
      "allow",
      "throttle: held_by_others",
    ]);
    assert.deepEqual(await budgetsOf(engine, "r9"), ["run.cost(r9) 0 + 0.1 of 0.15"]);
  });

  it("of parallel runs refuses to open one more until another ends", async () => {
    const { engine, send } = await newWorld();
    await budget(engine, "par", { each: "customer", measure: "parallel_runs", limit: "2" });
    const open = (run: string) => openAndHold(engine, { run, asks: [tenTokens("a", run)] });
    assert.deepEqual(words(await open("r1")), ["allow"]);
    assert.deepEqual(words(await open("r2")), ["allow"]);
    assert.deepEqual(words(await open("r3")), ["block: budget"]);
    await send(closed());
    assert.deepEqual(words(await open("r3")), ["allow"]);
  });

  it("slows holds down from a stage on, and keeps a reserve to wrap up", async () => {
    const stages = [
      { at: "50%", do: "throttle", delayMs: 1_000 },
      { at: "100%", do: "pause" },
    ];
    const { engine, clock, send } = await cappedWorld({ ...RUN_CAP, stages, reserve: "0.2" });
    await send(step({ id: "x", usage: usage({ input_uncached: 60 }) }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["allow"]);
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("b"))), ["throttle: pace"]);
    clock.now += 1_000;
    await send(step({ id: "a", usage: usage({ input_uncached: 20 }) }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("b"))), ["pause: budget"]);
    assert.equal((await engine.limits.runState("w", "r1")).state, "paused");
    const last = { ...tenTokens("w"), isWrapUp: true };
    assert.deepEqual(words(await holdOn(engine, "r1", last)), ["allow"]);
  });
});

describe("A paused run", () => {
  const PAUSING = { ...RUN_CAP, limit: "0.1", stages: [{ at: "100%", do: "pause" }] };
  const why = { reason: "worth it", by: "kim" };

  it("goes on when its cap is raised, and whoever waits is told", async () => {
    const { engine, send } = await cappedWorld(PAUSING);
    await send(step({ id: "x", usage: usage({ input_uncached: 10 }) }));
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["pause: budget"]);
    const waiting = engine.limits.waitForRun("w", "r1", { timeoutMs: 10_000 });
    const [stop] = (await engine.limits.stops("w", { limit: 10 })).stops;
    assert.deepEqual([stop?.of, stop?.id, stop?.mode], ["run", "r1", "pause"]);
    await engine.limits.setLimit("w", { budget: "cap", scope: "r1", limit: "0.5", ...why });
    assert.equal((await waiting).state, "running");
    assert.deepEqual(await engine.limits.stops("w", { limit: 10 }), { stops: [], next: null });
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["allow"]);
    assert.deepEqual(await engine.store.spending.listStops("w", { limit: 10 }), []);
  });

  it("stays paused by a person until a person resumes it", async () => {
    const { engine } = await cappedWorld();
    await engine.limits.stopWork("w", { of: "customer", id: "acme", mode: "pause", ...why });
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["pause: paused"]);
    await engine.limits.resumeWork("w", { of: "customer", id: "acme", raise: null, ...why });
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("a"))), ["allow"]);
    await engine.limits.stopWork("w", { of: "workspace", id: "", mode: "block", ...why });
    assert.deepEqual(words(await holdOn(engine, "r1", tenTokens("b"))), ["block: stopped"]);
  });
});
