/**
 * What rules look at is a function of stored rows: a process that was started again before any
 * request, and so remembers nothing, finds and stops the same as one that has seen everything.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { composeEngine } from "../../compose.ts";
import {
  FACTS,
  newWorld,
  opened,
  statuses,
  step,
  toolCall,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask, holdOn } from "../limits/holds-world.test.ts";
import { KeptRuns } from "./kept-runs.ts";

const isFull = process.env.TOLLGATE_TEST_FULL === "1";
const WHO = { reason: "test", by: "test" };
const RUNS = ["a", "b", "c", "d"] as const;

/** Rules that a short play reaches. A distance between holds is not stored, so none slows down. */
const RULES = [
  { rule: "steps", moreThan: 6, do: "notify" },
  { rule: "steps", moreThan: 12, do: "pause" },
  { rule: "fan_out", moreThan: 1, do: "notify" },
  { rule: "fan_out", moreThan: 2, do: "block" },
  { rule: "depth", moreThan: 2, do: "notify" },
  { rule: "wall_time", moreThan: 2, do: "notify" },
  { rule: "spend_per_minute", moreThan: "0.5", do: "notify" },
  { rule: "spend_per_minute", moreThan: "1.5", do: "pause" },
  { rule: "repeated_call", moreThan: 2, within: 5, do: "pause" },
  { rule: "context_growth", moreThan: 20, rises: 2, within: 6, do: "notify" },
  { rule: "error_storm", moreThan: 2, within: 4, do: "pause" },
];

const run = fc.constantFrom(...RUNS);
const call = fc.constantFrom("x", "y");
const ago = fc.integer({ min: -5, max: 90 });
const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("tool" as const),
        ...{ run, call, ago, isError: fc.boolean() },
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("model" as const),
        ...{ run, ago, input: fc.integer({ min: 0, max: 60 }), isPartial: fc.boolean() },
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("ask" as const), run, call }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), run, parent: run }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("revise" as const),
        of: fc.nat(9),
        isVoid: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), run }) },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);
type Move = typeof moves extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Plays the moves and tells everything that was found, decided and answered. */
async function play(all: readonly Move[], isForgetful: boolean): Promise<unknown[]> {
  const world = await newWorld();
  let { engine } = world;
  await engine.policies.save("w", { key: "guard", document: { rules: RULES }, ...WHO });
  const told: unknown[] = [];
  const sent: { readonly run: string; readonly id: string }[] = [];
  for (const [at, move] of all.entries()) {
    world.clock.now += 7_000;
    if (isForgetful) {
      engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
    }
    told.push(await carryOut(engine, { move, at, sent, nowMs: world.clock.now }));
  }
  for (const id of RUNS) {
    if (world.store.run("w", id) === undefined) continue;
    told.push([id, await engine.policies.reachedBy("w", id)]);
  }
  return told;
}

interface Playing {
  readonly move: Move;
  readonly at: number;
  /** Steps that were sent, by place. */
  readonly sent: { readonly run: string; readonly id: string }[];
  readonly nowMs: number;
}

async function carryOut(engine: Engine, { move, at, sent, nowMs }: Playing): Promise<unknown> {
  const ingest = async (event: ReturnType<typeof step>) => {
    sent.push({ run: event.run, id: event.id });
    const { results, runs } = await engine.ingest("w", [event]);
    return [statuses(results), [...runs.values()].map(({ policies }) => policies)];
  };
  const id = `m${at}`;
  switch (move.do) {
    case "tool": {
      const status = move.isError ? "error" : "ok";
      const occurredAtMs = nowMs - move.ago * 1_000;
      return ingest(toolCall({ run: move.run, id, callHash: move.call, status, occurredAtMs }));
    }
    case "model": {
      const completeness = move.isPartial ? "partial" : "exact";
      const used = usage({ input_uncached: move.input });
      const occurredAtMs = nowMs - move.ago * 1_000;
      return ingest(step({ run: move.run, id, usage: used, completeness, occurredAtMs }));
    }
    case "open": {
      const { run: opens, parent } = move;
      const place = opens === parent ? {} : { parentRun: parent };
      const open = opened({ run: opens, id, customer: "acme", occurredAtMs: nowMs, ...place });
      return statuses((await engine.ingest("w", [open])).results);
    }
    case "revise": {
      const known = sent[move.of];
      if (known === undefined) return null;
      const { run: of, id: target } = known;
      const event = move.isVoid
        ? voided({ run: of, id, target: { source: "sdk", id: target } })
        : step({ run: of, id: target, ...FACTS, occurredAtMs: nowMs });
      return statuses((await engine.ingest("w", [event])).results);
    }
    case "ask": {
      const asked = { ...ask(id).step, run: move.run, callHash: move.call };
      const decisions = await holdOn(engine, move.run, ask(id, { step: asked })).catch(String);
      if (typeof decisions === "string") return decisions;
      return decisions.map((one) => ["policy" in one ? one.policy : null, one.decision]);
    }
    case "resume":
      return engine.limits.resumeWork("w", { of: "run", id: move.run, raise: null, ...WHO }).then(
        () => "resumed",
        () => "was not stopped",
      );
  }
}

/** As where memory is given for some runs only: of every third look, the run is not there. */
function forgetSome({ mock }: TestContext): () => void {
  const { get } = KeptRuns.prototype;
  let looks = 0;
  const forgetful = mock.method(KeptRuns.prototype, "get", function (this: KeptRuns, id: string) {
    looks += 1;
    return looks % 3 === 0 ? undefined : get.call(this, id);
  });
  return () => forgetful.mock.restore();
}

describe("A process that has room for some runs", () => {
  it("finds runs beyond the same rules as one that has room for all", async (t) => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        const remembered = await play(all, false);
        const restore = forgetSome(t);
        try {
          assert.deepEqual(await play(all, false), remembered);
        } finally {
          restore();
        }
      }),
      { numRuns: isFull ? 1_000 : 25 },
    );
  });
});

describe("A process that was started again", () => {
  it("finds runs beyond the same rules as one that remembers them", async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        assert.deepEqual(await play(all, true), await play(all, false));
      }),
      { numRuns: isFull ? 1_000 : 25 },
    );
  });

  it("is something that this play would notice: most plays reach several rules", async () => {
    let [plays, rules] = [0, new Set<string>()];
    for (const all of fc.sample(moves, { numRuns: 40, seed: 7 })) {
      const text = JSON.stringify(await play(all, false), (_, value) =>
        typeof value === "bigint" ? String(value) : value,
      );
      const reached = new Set(RULES.filter(({ rule }) => text.includes(`"rule":"${rule}"`)));
      for (const { rule } of reached) rules.add(rule);
      if (reached.size > 1) plays += 1;
    }
    assert.deepEqual(rules, new Set(RULES.map(({ rule }) => rule)));
    assert.ok(plays > 20, `${plays} of 40`);
  });

  it("looks at what comes back into the window where a step is voided", async () => {
    const { engine, send } = await newWorld();
    const rules = [{ rule: "repeated_call", moreThan: 2, within: 3, do: "pause" }];
    await engine.policies.save("w", { key: "guard", document: { rules }, ...WHO });
    const called = (id: string, callHash: string | null) =>
      toolCall({ id, ...(callHash === null ? {} : { callHash }) });
    await send(opened({ run: "r1", customer: "acme" }));
    for (const id of ["1", "2"]) await send(called(id, "x"));
    for (const id of ["3", "4"]) await send(called(id, null));
    await send(voided({ target: { source: "sdk", id: "3" } }));
    const asked = { ...called("5", "x"), run: "r1" };
    const [decision] = await holdOn(engine, "r1", ask("5", { step: asked }));
    assert.equal(decision?.decision, "pause");
  });
});
