/** Trees that are over, played again under policies: where they stop, and what that saves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Step } from "../event/step.ts";
import type { Amount } from "../money/decimal.ts";
import { DOLLAR, policyOf, stepOf } from "./policy-fixtures.test.ts";
import { type ReplayedRun, replayTree } from "./replay-tree.ts";

function runOf(id: string, steps: readonly Step[], more: Partial<ReplayedRun["run"]> = {}) {
  const run = { id, parent: null, openedAtMs: 0, agent: null, customer: "acme", ...more };
  return { run, steps };
}

const dear = (run: string, seq: number) =>
  stepOf({ run, seq, cost: DOLLAR, charge: (2n * DOLLAR) as Amount });
const many = (run: string, count: number) =>
  Array.from({ length: count }, (_, at) => dear(run, at + 1));

const play = (tree: readonly ReplayedRun[], rules: readonly object[], more: object = {}) =>
  replayTree(tree, { policies: [policyOf(rules, more)], card: "plan", currency: "EUR" });

const PAUSE = { rule: "steps", moreThan: 3, do: "pause" };

describe("A tree that is played again", () => {
  it("stops at the step that is beyond, and what came after it is saved", () => {
    const { steps, hits } = play([runOf("run", many("run", 10))], [PAUSE]);
    assert.equal(steps, 10);
    const [hit] = hits;
    assert.deepEqual([hits.length, hit?.rule, hit?.level, hit?.atStep], [1, "steps", "4", 4]);
    assert.equal(hit?.atMs, 4_000);
    assert.deepEqual(hit?.saved, { steps: 6, cost: 6n * DOLLAR, charge: 12n * DOLLAR });
  });

  it("is looked at as if policies that only observe were in force", () => {
    const { hits } = play([runOf("run", many("run", 10))], [PAUSE], { mode: "observe" });
    assert.equal(hits[0]?.saved.steps, 6);
  });

  it("goes on where rules only notice or slow down", () => {
    const rules = [
      { ...PAUSE, do: "notify" },
      { ...PAUSE, do: "throttle" },
    ];
    const { hits } = play([runOf("run", many("run", 10))], rules);
    assert.deepEqual(
      hits.map(({ action, saved }) => [action, saved.steps]),
      [
        ["notify", 0],
        ["throttle", 0],
      ],
    );
  });

  it("stops with all runs below one that is stopped, whichever rule would stop them later", () => {
    const tree = [
      runOf("root", many("root", 6)),
      runOf("child", many("child", 6), { parent: "root", openedAtMs: 500 }),
    ];
    const { hits } = play(tree, [{ rule: "fan_out", moreThan: 0, do: "block" }, PAUSE]);
    assert.deepEqual(
      hits.map(({ run, rule, saved }) => [run, rule, saved.steps]),
      [["root", "fan_out", 12]],
    );
  });

  it("goes on above a run that is stopped", () => {
    const tree = [
      runOf("root", many("root", 3)),
      runOf("child", many("child", 6), { parent: "root", openedAtMs: 500 }),
    ];
    const { hits } = play(tree, [PAUSE]);
    assert.deepEqual(
      hits.map(({ run, saved }) => [run, saved.steps]),
      [["child", 2]],
    );
  });

  it("counts no witness, nothing voided, and no cost that the customer pays", () => {
    const steps = [
      ...many("run", 4),
      stepOf({ seq: 5, role: "shadow", cost: DOLLAR }),
      stepOf({ seq: 6, voided: true, cost: DOLLAR }),
      stepOf({ seq: 7, payer: "customer", cost: DOLLAR }),
    ];
    const { hits } = play([runOf("run", steps)], [PAUSE]);
    assert.deepEqual(hits[0]?.saved, { steps: 1, cost: 0n, charge: 0n });
  });

  it("looks at what the whole tree spends in a minute, in the currency of its card", () => {
    const tree = [
      runOf("root", many("root", 2)),
      runOf("child", many("child", 2), { parent: "root" }),
    ];
    const spend = { rule: "spend_per_minute", moreThan: "6", do: "pause", measure: "charge" };
    assert.equal(play(tree, [{ ...spend, currency: "EUR" }]).hits[0]?.level, "8");
    assert.deepEqual(play(tree, [{ ...spend, currency: "USD" }]).hits, []);
  });

  it("never saves more than there was, nor anything twice, however its runs are stopped", () => {
    const shapes = fc.array(
      fc.record({ above: fc.nat(5), steps: fc.nat(8), openedAtMs: fc.nat(6_000) }),
      { minLength: 1, maxLength: 6 },
    );
    const rules = fc.array(
      fc.record({
        rule: fc.constantFrom("steps", "fan_out", "depth"),
        moreThan: fc.nat(5),
        do: fc.constantFrom("notify", "throttle", "pause", "block"),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(shapes, rules, (all, chosen) => {
        const tree = all.map(({ above, steps, openedAtMs }, at) => {
          const parent = at === 0 ? null : `run-${above % at}`;
          const id = `run-${at}`;
          return runOf(id, many(id, steps), { parent, openedAtMs });
        });
        const total = tree.reduce((sum, { steps }) => sum + steps.length, 0);
        const { steps, hits } = play(tree, chosen);
        const saved = hits.reduce((sum, hit) => sum + hit.saved.steps, 0);
        const cost = hits.reduce((sum, hit) => sum + hit.saved.cost, 0n);
        assert.equal(steps, total);
        assert.ok(saved <= total);
        assert.equal(cost, BigInt(saved) * DOLLAR);
        const stopped = hits.filter(({ action }) => action === "pause" || action === "block");
        assert.equal(new Set(stopped.map(({ run }) => run)).size, stopped.length);
      }),
    );
  });
});
