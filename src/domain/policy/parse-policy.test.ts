/** Policies as documents: what is read, what is refused, and that both ways agree. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  POLICY_RULES_MAX_COUNT,
  POLICY_WINDOW_MAX_STEPS,
  STAGE_DELAY_MAX_MS,
  WHERE_VALUES_MAX_COUNT,
} from "../limits.ts";
import { DEFAULT_PACK } from "./default-pack.ts";
import { parsePolicy, policyDocument } from "./parse-policy.ts";
import { policyOf, ruleOf } from "./policy-fixtures.test.ts";

function problemsOf(document: unknown): string[] {
  const parsed = parsePolicy(document, "p");
  if ("policy" in parsed) return [];
  return parsed.problems.map(({ field, detail }) => `${field}: ${detail}`);
}

const STEPS = { rule: "steps", moreThan: 5, do: "pause" };
const LOOP = { rule: "repeated_call", moreThan: 5, do: "pause" };

const bound = fc.integer({ min: 0, max: 500_000 });
const within = fc.integer({ min: 1, max: POLICY_WINDOW_MAX_STEPS });
const act = fc.oneof(
  fc.record({ do: fc.constantFrom("notify", "pause", "block") }),
  fc.record({
    do: fc.constant("throttle"),
    delayMs: fc.integer({ min: 1, max: STAGE_DELAY_MAX_MS }),
  }),
);
const rules = fc.oneof(
  fc.record({
    rule: fc.constantFrom("steps", "depth", "fan_out", "wall_time"),
    moreThan: bound,
  }),
  fc.record({
    rule: fc.constant("spend_per_minute"),
    moreThan: bound.map((cents) => (cents / 100).toFixed(2)),
    measure: fc.constant("charge"),
    currency: fc.constantFrom("USD", "EUR", "JPY"),
  }),
  fc.record({ rule: fc.constant("error_storm"), moreThan: bound, within }),
  fc.record({ rule: fc.constant("context_growth"), moreThan: bound, within, rises: within }),
  fc.record({
    rule: fc.constant("repeated_call"),
    moreThan: bound,
    within,
    exceptTools: fc.uniqueArray(fc.constantFrom("wait", "poll", "now"), { minLength: 1 }),
  }),
);
const documents = fc.record(
  {
    name: fc.constantFrom("Loops", "Spread"),
    mode: fc.constantFrom("enforce", "observe"),
    where: fc.record({ customer: fc.constant(["acme", "globex"]) }),
    except: fc.record({ agent: fc.constant(["nightly"]), card: fc.constant(["flat"]) }),
    rules: fc.array(
      fc.tuple(rules, act).map(([rule, does]) => ({ ...rule, ...does })),
      { minLength: 1, maxLength: 4 },
    ),
  },
  { requiredKeys: ["rules"] },
);

describe("A policy as a document", () => {
  it("is read, written and read again as the same policy", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const policy = policyOf(document.rules, document);
        const again = parsePolicy(JSON.parse(JSON.stringify(policyDocument(policy))), policy.key);
        assert.deepEqual(again, { policy });
      }),
    );
  });

  it("says what is wrong, with the place", () => {
    const told = (rule: object) => problemsOf({ rules: [rule] }).join();
    assert.match(told({ ...STEPS, rule: "speed" }), /^rules\[0\]\.rule: /);
    assert.match(told({ ...STEPS, do: "explode" }), /^rules\[0\]\.do: /);
    assert.match(told({ ...STEPS, moreThan: "-1" }), /^rules\[0\]\.moreThan: /);
    assert.match(told({ ...STEPS, moreThan: "1.5" }), /^rules\[0\]\.moreThan: /);
    assert.match(told({ ...STEPS, within: 5 }), /within/);
    assert.match(told({ ...STEPS, delayMs: 5 }), /only a throttle has a delay/);
    const spend = { rule: "spend_per_minute", moreThan: "1", do: "pause" };
    assert.match(told({ ...spend, currency: "EUR" }), /costs are in USD/);
    assert.match(
      told({ ...spend, measure: "charge", currency: "XXY" }),
      /"XXY" is no ISO 4217 code/,
    );
    assert.match(problemsOf({ rules: [STEPS], wher: {} }).join(), /wher/);
    assert.match(problemsOf({ rules: [STEPS], key: "other" }).join(), /key/);
    assert.notDeepEqual(problemsOf({}), []);
    assert.notDeepEqual(problemsOf([]), []);
  });

  it("is refused one beyond each bound", () => {
    const all = (count: number) => ({ rules: Array.from({ length: count }, () => STEPS) });
    assert.deepEqual(problemsOf(all(POLICY_RULES_MAX_COUNT)), []);
    assert.notDeepEqual(problemsOf(all(POLICY_RULES_MAX_COUNT + 1)), []);
    const looking = (steps: number) => ({ rules: [{ ...LOOP, within: steps }] });
    assert.deepEqual(problemsOf(looking(POLICY_WINDOW_MAX_STEPS)), []);
    assert.notDeepEqual(problemsOf(looking(POLICY_WINDOW_MAX_STEPS + 1)), []);
    assert.notDeepEqual(problemsOf(looking(0)), []);
    const slowed = (delayMs: number) => ({ rules: [{ ...STEPS, do: "throttle", delayMs }] });
    assert.deepEqual(problemsOf(slowed(STAGE_DELAY_MAX_MS)), []);
    assert.notDeepEqual(problemsOf(slowed(STAGE_DELAY_MAX_MS + 1)), []);
    const names = (count: number) => {
      const customer = Array.from({ length: count }, (_, at) => `c${at}`);
      return { rules: [STEPS], where: { customer } };
    };
    assert.deepEqual(problemsOf(names(WHERE_VALUES_MAX_COUNT)), []);
    assert.notDeepEqual(problemsOf(names(WHERE_VALUES_MAX_COUNT + 1)), []);
  });

  it("looks at fifty calls, twenty steps or a hundred where it does not say how many", () => {
    assert.equal(ruleOf(LOOP).within, 50);
    assert.equal(ruleOf({ ...LOOP, rule: "error_storm" }).within, 20);
    assert.deepEqual(
      [ruleOf({ ...LOOP, rule: "context_growth" })].map((rule) => [rule.within, rule.rises]),
      [[100, 10]],
    );
    assert.equal(ruleOf({ ...STEPS, do: "throttle" }).delayMs, 1_000);
  });

  it("of the default pack can be read, each with a key of its own", () => {
    const keys = DEFAULT_PACK.map((document) => {
      const parsed = parsePolicy(document, String(document.key));
      return "policy" in parsed ? parsed.policy.key : JSON.stringify(parsed.problems);
    });
    assert.deepEqual(keys, ["loops", "spread", "drift"]);
  });
});
