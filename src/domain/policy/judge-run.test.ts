/** Which rules a run is beyond, and what has to be kept of runs so that it can be told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeRun, wantedBy } from "./judge-run.ts";
import { IDLE, policyOf } from "./policy-fixtures.test.ts";

const SUBJECT = { customer: "acme", agent: null, card: null };
const RUN = { ...IDLE, id: "run", subject: SUBJECT, steps: 10, depth: 3 };
const AT = { nowMs: 0, ask: null };

describe("A run", () => {
  it("is beyond the rules whose bound its level has passed, not met", () => {
    const policy = policyOf([
      { rule: "steps", moreThan: 10, do: "block" },
      { rule: "steps", moreThan: 9, do: "throttle", delayMs: 250 },
      { rule: "depth", moreThan: 2, do: "pause" },
    ]);
    const told = judgeRun([policy], RUN, AT);
    const [slowed, deep] = told;
    assert.equal(told.length, 2);
    assert.deepEqual(slowed, {
      ...{ policy: "guard", rule: "steps", mode: "enforce", action: "throttle", delayMs: 250 },
      ...{ run: "run", level: "10", moreThan: "9" },
    });
    assert.deepEqual([deep?.rule, deep?.action], ["depth", "pause"]);
  });

  it("is beyond no rule of a policy for others", () => {
    const rules = [{ rule: "steps", moreThan: 1, do: "block" }];
    assert.deepEqual(judgeRun([policyOf(rules, { where: { customer: "globex" } })], RUN, AT), []);
  });
});

describe("What is kept of runs", () => {
  it("is what some rule looks at, and nothing where none does", () => {
    const none = { steps: 0, children: false, minute: false };
    assert.deepEqual(wantedBy([]), none);
    assert.deepEqual(wantedBy([policyOf([{ rule: "steps", moreThan: 1, do: "block" }])]), none);
    const policies = [
      policyOf([{ rule: "error_storm", moreThan: 3, within: 7, do: "pause" }]),
      policyOf([
        { rule: "repeated_call", moreThan: 3, within: 30, do: "pause" },
        { rule: "fan_out", moreThan: 3, do: "pause" },
        { rule: "spend_per_minute", moreThan: "3", do: "pause" },
      ]),
    ];
    assert.deepEqual(wantedBy(policies), { steps: 30, children: true, minute: true });
  });
});
