/** Which runs a policy is for, and which of several rules decides. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  appliesTo,
  decidingHit,
  formatRuleLevel,
  isStopping,
  type PolicyHit,
  ruleText,
} from "./policy.ts";
import { DOLLAR, policyOf } from "./policy-fixtures.test.ts";

const RULES = [{ rule: "steps", moreThan: 1, do: "pause" }];
const RUN = { customer: "acme", agent: "support", card: "plan" };

function hit(more: Partial<PolicyHit>): PolicyHit {
  return {
    ...{ policy: "p", rule: "steps", mode: "enforce", action: "pause", delayMs: 0, run: "r" },
    ...{ level: "2", moreThan: "1" },
    ...more,
  };
}

describe("A policy", () => {
  it("without a selection is for every run", () => {
    assert.ok(appliesTo(policyOf(RULES), RUN));
    assert.ok(appliesTo(policyOf(RULES), { customer: null, agent: null, card: null }));
  });

  it("is for runs of a customer, an agent and a card, of all that it names", () => {
    const where = { customer: ["acme", "globex"], agent: "support" };
    const policy = policyOf(RULES, { where });
    assert.ok(appliesTo(policy, RUN));
    assert.ok(!appliesTo(policy, { ...RUN, customer: "initech" }));
    assert.ok(!appliesTo(policy, { ...RUN, agent: null }));
    assert.ok(appliesTo(policyOf(RULES, { where: { card: "plan" } }), RUN));
    assert.ok(!appliesTo(policyOf(RULES, { where: { card: "other" } }), RUN));
  });

  it("is not for runs that it excepts", () => {
    const policy = policyOf(RULES, { except: { agent: "support", customer: "acme" } });
    assert.ok(!appliesTo(policy, RUN));
    assert.ok(appliesTo(policy, { ...RUN, customer: "globex" }));
  });
});

describe("Of several rules", () => {
  it("the strictest that is in force decides", () => {
    const all = (["notify", "throttle", "block", "pause"] as const).map((action) =>
      hit({ action }),
    );
    assert.equal(decidingHit(all)?.action, "block");
    assert.equal(decidingHit(all.filter(({ action }) => action !== "block"))?.action, "pause");
    assert.equal(decidingHit([hit({ action: "notify" })]), null);
    assert.equal(decidingHit([hit({ action: "block", mode: "observe" })]), null);
  });

  it("those that pause or block stop the run, and only where they are enforced", () => {
    assert.ok(isStopping(hit({})));
    assert.ok(!isStopping(hit({ mode: "observe" })));
    assert.ok(!isStopping(hit({ action: "throttle" })));
  });

  it("each is told once; with another bound it is another rule", () => {
    assert.equal(ruleText(hit({})), ruleText(hit({ level: "3" })));
    assert.notEqual(ruleText(hit({})), ruleText(hit({ moreThan: "2" })));
  });
});

describe("The level of a rule", () => {
  it("is told in its unit: money, minutes to a tenth, whole numbers", () => {
    assert.equal(formatRuleLevel("spend_per_minute", DOLLAR / 4n), "0.25");
    assert.equal(formatRuleLevel("wall_time", 95_999n), "1.5");
    assert.equal(formatRuleLevel("steps", 12n), "12");
  });
});
