/**
 * What rules look at is a function of stored rows: a process that was started again before any
 * request, and so remembers nothing, finds and stops the same as one that has seen everything.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { composeEngine } from "../../compose.ts";
import { newWorld, opened, toolCall, voided } from "../commit/engine-world.test.ts";
import { ask, holdOn } from "../limits/holds-world.test.ts";
import { KeptRuns } from "./kept-runs.ts";
import { type Move, moves, playBy, RULES, WHO } from "./policy-plays.test.ts";

const isFull = process.env.TOLLGATE_TEST_FULL === "1";
/** Plays the moves; `isForgetful`: by a process that is started again before each of them. */
async function play(all: readonly Move[], isForgetful: boolean): Promise<unknown[]> {
  const { engine, store, clock } = await newWorld();
  const started = () => composeEngine(store, { clock: { nowMs: () => clock.now } });
  return playBy({ clock, engineOf: () => (isForgetful ? started() : engine) }, all);
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
