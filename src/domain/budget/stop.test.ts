/** What can stop a spender, and which of several stops decides. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decidingStop, STOP_SCOPES, type Stop, stopKeysOf, stopText } from "./stop.ts";

const BALANCE = { budgetId: 1, scope: "acme", free: "0" };

function stop(changes: Partial<Stop>): Stop {
  const key = { of: "run", id: "r" } as const;
  const told = { reason: "runaway", by: "ops", stoppedAtMs: 1 };
  return { ...key, mode: "pause", budget: null, ...told, ...changes };
}

describe("A spender", () => {
  const path = [{ id: "child" }, { id: "root" }];

  it("is stopped by its run, all above it, its agent, its customer and the workspace", () => {
    assert.deepEqual(stopKeysOf({ customer: "acme", agent: "support", path }), [
      { of: "run", id: "child" },
      { of: "run", id: "root" },
      { of: "agent", id: "support" },
      { of: "customer", id: "acme" },
      { of: "workspace", id: "" },
    ]);
  });

  it("without an agent or a run of its own is stopped by what it has", () => {
    assert.deepEqual(stopKeysOf({ customer: "acme", agent: null, path: [] }), [
      { of: "customer", id: "acme" },
      { of: "workspace", id: "" },
    ]);
  });

  it("whose run, agent and customer have one name is not stopped by a stop of another kind", () => {
    const keys = stopKeysOf({ customer: "x", agent: "x", path: [{ id: "x" }] });
    assert.equal(new Set(keys.map(stopText)).size, STOP_SCOPES.length);
  });
});

describe("Of several stops", () => {
  it("none decides where there is none", () => {
    assert.equal(decidingStop([]), null);
  });

  it("a block decides before a pause, even a budget's block before a person's pause", () => {
    const blocked = stop({ mode: "block", budget: BALANCE });
    assert.equal(decidingStop([stop({}), blocked]), blocked);
  });

  it("of one mode a person's decides before a budget's", () => {
    for (const mode of ["pause", "block"] as const) {
      const persons = stop({ mode });
      assert.equal(decidingStop([stop({ mode, budget: BALANCE }), persons]), persons);
    }
  });

  it("of the same weight the one nearest to the spender decides", () => {
    const [run, workspace] = [stop({}), stop({ of: "workspace", id: "" })];
    assert.equal(decidingStop([run, workspace]), run);
  });

  it("the weight of what decides does not hang on their order", () => {
    const stops = fc.array(
      fc.record({
        mode: fc.constantFrom("pause", "block"),
        budget: fc.constantFrom(null, BALANCE),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const weight = (list: readonly Stop[]) => {
      const found = decidingStop(list);
      return [found?.mode, found?.budget];
    };
    fc.assert(
      fc.property(stops, (changes) => {
        const all = changes.map(stop);
        assert.deepEqual(weight(all.toReversed()), weight(all));
      }),
    );
  });
});
