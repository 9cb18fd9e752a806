/** What rules look at, worked out of a run and its last steps. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Step } from "../event/step.ts";
import type { Amount } from "../money/decimal.ts";
import { LastSteps } from "./last-steps.ts";
import { DOLLAR, IDLE, ruleOf, stepOf } from "./policy-fixtures.test.ts";
import {
  countsForRules,
  levelOf,
  MINUTE_SECONDS,
  recentStep,
  SpendMinute,
  type WatchedRun,
  WHOLE_RUN,
} from "./run-levels.ts";

function runOf(steps: readonly Step[], more: Partial<WatchedRun> = {}): WatchedRun {
  const recent = new LastSteps(500);
  for (const step of steps) recent.put(recentStep(step));
  return { ...IDLE, steps: steps.length, recent, ...more };
}

const AT = { nowMs: 0, ask: null };
const repeated = ruleOf({
  rule: "repeated_call",
  moreThan: 1,
  do: "notify",
  exceptTools: ["wait"],
});
const calls = (...hashes: string[]) =>
  hashes.map((callHash, at) => stepOf({ seq: at + 1, ...(callHash === "" ? {} : { callHash }) }));

describe("A repeated call", () => {
  const level = (...hashes: string[]) => levelOf(repeated, runOf(calls(...hashes)), AT);

  it("is counted while nothing new is called", () => {
    assert.equal(level("a", "a", "a"), 3n);
    assert.equal(
      level("a", "b", "a", "b", "a", "b", "a"),
      3n,
      "two calls in turns are no progress either",
    );
  });

  it("is forgiven by a call that is new", () => {
    assert.equal(level("a", "a", "a", "b"), 1n);
    assert.equal(level("a", "a", "b", "a", "a"), 2n);
  });

  it("is not known of calls that say nothing of their arguments", () => {
    assert.equal(level("", "", ""), 0n);
    assert.equal(level("a", "", "", "a"), 2n);
  });

  it("is counted with the call that is asked for", () => {
    const ask = { callHash: "a", tool: "search" };
    assert.equal(levelOf(repeated, runOf(calls("a", "a")), { nowMs: 0, ask }), 3n);
    const other = { callHash: "b", tool: "search" };
    assert.equal(levelOf(repeated, runOf(calls("a", "a")), { nowMs: 0, ask: other }), 1n);
  });

  it("is no loop of a tool that may be asked the same again", () => {
    const steps = calls("a", "a", "a").map((step) => ({ ...step, tool: "wait" }));
    assert.equal(levelOf(repeated, runOf(steps), AT), 0n);
  });

  it("is looked for among the last steps only", () => {
    const two = ruleOf({ rule: "repeated_call", moreThan: 1, do: "notify", within: 2 });
    assert.equal(levelOf(two, runOf(calls("a", "a", "a")), AT), 2n);
  });
});

describe("A context that grows", () => {
  const grown = ruleOf({ rule: "context_growth", moreThan: 1, rises: 2, do: "notify" });
  const reads = (...inputs: readonly [string, number][]) =>
    inputs.map(([model, input], at) =>
      stepOf({ seq: at + 1, kind: "model", tool: null, model, input }),
    );
  const level = (...inputs: readonly [string, number][]) =>
    levelOf(grown, runOf(reads(...inputs)), AT);

  it("is what the newest call has read, once enough calls in a row have read more", () => {
    assert.equal(level(["m", 10], ["m", 20]), 0n);
    assert.equal(level(["m", 10], ["m", 20], ["m", 30]), 30n);
  });

  it("ends where a call has read less", () => {
    assert.equal(level(["m", 10], ["m", 20], ["m", 30], ["m", 25]), 0n);
  });

  it("is that of one model: calls of another have contexts of their own", () => {
    assert.equal(level(["m", 10], ["n", 5], ["m", 20], ["n", 5], ["m", 30]), 30n);
  });
});

describe("Plain levels", () => {
  const of = (rule: object, run: Partial<WatchedRun>, nowMs = 0) =>
    levelOf(
      ruleOf({ moreThan: 1, do: "notify", ...rule }),
      { ...IDLE, ...run },
      { nowMs, ask: null },
    );

  it("are steps, depth, children, failed steps and time", () => {
    assert.equal(of({ rule: "steps" }, { steps: 7 }), 7n);
    assert.equal(of({ rule: "depth" }, { depth: 3 }), 3n);
    assert.equal(of({ rule: "fan_out" }, { children: 4 }), 4n);
    assert.equal(of({ rule: "wall_time" }, { openedAtMs: 5_000 }, 65_000), 60_000n);
    assert.equal(of({ rule: "wall_time" }, { openedAtMs: 5_000 }, 1_000), 0n);
    const failed = [1, 2, 3].map((seq) => stepOf({ seq, status: seq === 2 ? "ok" : "error" }));
    assert.equal(of({ rule: "error_storm" }, runOf(failed)), 2n);
  });

  it("begin anew where a run was let go on", () => {
    const since = { ...WHOLE_RUN, steps: 5, children: 2, atMs: 60_000 };
    assert.equal(of({ rule: "steps" }, { steps: 7, since }), 2n);
    assert.equal(of({ rule: "fan_out" }, { children: 4, since }), 2n);
    assert.equal(of({ rule: "wall_time" }, { openedAtMs: 5_000, since }, 65_000), 5_000n);
    const failed = [1, 2, 3].map((seq) => stepOf({ seq, status: "error" }));
    const later = { ...runOf(failed), since: { ...WHOLE_RUN, steps: 2 } };
    assert.equal(of({ rule: "error_storm" }, later), 1n);
    assert.equal(of({ rule: "repeated_call" }, { ...runOf(calls("a", "a")), since }), 0n);
  });

  it("count what is asked for as a step", () => {
    const steps = ruleOf({ rule: "steps", moreThan: 1, do: "notify" });
    const ask = { callHash: null, tool: null };
    assert.equal(levelOf(steps, { ...IDLE, steps: 7 }, { nowMs: 0, ask }), 8n);
  });
});

describe("What a tree spends in a minute", () => {
  const minute = new SpendMinute();
  minute.add(10_000, { cost: DOLLAR, charge: 2n * DOLLAR });
  const spent = { minute, cost: DOLLAR, charge: (2n * DOLLAR) as Amount, currency: "EUR" };
  const of = (rule: object, run: Partial<WatchedRun>, nowMs = 20_000) => {
    const read = ruleOf({ rule: "spend_per_minute", moreThan: 1, do: "notify", ...rule });
    return levelOf(read, { ...IDLE, ...spent, ...run }, { nowMs, ask: null });
  };

  it("is looked at from its root, in costs or in the currency of the charge", () => {
    assert.equal(of({}, {}), DOLLAR);
    assert.equal(of({}, { isRoot: false }), 0n);
    assert.equal(of({ measure: "charge", currency: "EUR" }, {}), 2n * DOLLAR);
    assert.equal(of({ measure: "charge", currency: "USD" }, {}), 0n);
  });

  it("is over after sixty seconds", () => {
    assert.equal(of({}, {}, 69_999), DOLLAR);
    assert.equal(of({}, {}, 70_000), 0n);
  });

  it("never holds what was spent before the run was let go on", () => {
    const since = { ...WHOLE_RUN, cost: ((DOLLAR * 3n) / 4n) as Amount };
    assert.equal(of({}, { since }), DOLLAR / 4n);
  });

  it("is the sum of what falls into the minute, in whatever order it is noted", () => {
    const added = fc.record({ atMs: fc.nat(300_000), cost: fc.bigInt({ min: 0n, max: 99n }) });
    fc.assert(
      fc.property(fc.array(added, { maxLength: 60 }), (all) => {
        const seconds = new SpendMinute();
        for (const { atMs, cost } of all) seconds.add(atMs, { cost, charge: 0n });
        const newest = Math.max(0, ...all.map(({ atMs }) => Math.floor(atMs / 1_000)));
        const within = all.filter(({ atMs }) => Math.floor(atMs / 1_000) > newest - MINUTE_SECONDS);
        const sum = within.reduce((total, { cost }) => total + cost, 0n);
        assert.equal(seconds.sumAt(newest * 1_000).cost, sum);
        assert.ok(seconds.size <= MINUTE_SECONDS);
        const later = (newest + 1) * 1_000;
        const oldest = newest - MINUTE_SECONDS + 1;
        const first = within.filter(({ atMs }) => Math.floor(atMs / 1_000) === oldest);
        const left = first.reduce((total, { cost }) => total - cost, sum);
        assert.equal(seconds.sumAt(later).cost, left, "as a minute that has gone on");
        assert.deepEqual(new SpendMinute(seconds).sumAt(newest * 1_000), { cost: sum, charge: 0n });
      }),
    );
  });
});

describe("Rules", () => {
  it("look at no witnesses and at nothing that was voided", () => {
    assert.equal(countsForRules(stepOf({})), true);
    assert.equal(countsForRules(stepOf({ voided: true })), false);
    assert.equal(countsForRules(stepOf({ role: "shadow" })), false);
  });
});
