/** What a spend comes to in each measure, and in which balances it counts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { usageOf } from "../event/usage.ts";
import { type Amount, ONE_UNIT, quantityOfInteger } from "../money/decimal.ts";
import type { Budget } from "./budget.ts";
import { parseBudget } from "./parse-budget.ts";
import {
  customerAgentScope,
  measured,
  NO_SPEND,
  runToPause,
  type Spend,
  type Spender,
  scopesOf,
  tokensOf,
} from "./spend.ts";

function budget(document: object): Budget {
  const plain = { each: "workspace", measure: "cost", limit: "1", per: "lifetime" };
  const parsed = parseBudget({ ...plain, ...document }, "b");
  return "budget" in parsed ? parsed.budget : assert.fail(JSON.stringify(parsed.problems));
}

const SPEND: Spend = {
  cost: 11n as Amount,
  charge: 13n as Amount,
  currency: "EUR",
  credits: { name: "AI credits", amount: 17n as Amount },
  usage: usageOf([
    ["cache_read", quantityOfInteger(30)],
    ["input_uncached", quantityOfInteger(100)],
    ["output_reasoning", quantityOfInteger(5)],
    ["searches", quantityOfInteger(2)],
  ]),
  stepCount: 1n,
  runCount: 2n,
  openRunCount: 3n,
};

describe("A spend", () => {
  const of = (document: object) => measured(budget(document), SPEND);

  it("is measured as cost, and as a charge in the currency of the budget only", () => {
    assert.equal(of({ measure: "cost" }), 11n);
    assert.equal(of({ measure: "charge", currency: "EUR" }), 13n);
    assert.equal(of({ measure: "charge", currency: "USD" }), 0n);
  });

  it("is measured in credits of their own name only", () => {
    assert.equal(of({ measure: "credits", currency: "AI credits" }), 17n);
    assert.equal(of({ measure: "credits", currency: "tokens" }), 0n);
  });

  it("is measured in tokens of every bucket, read and written, but in no other unit", () => {
    assert.equal(of({ measure: "tokens" }), 135n * ONE_UNIT);
    assert.equal(tokensOf(new Map()), 0n);
  });

  it("is measured in one bucket or unit by its name; one that is not used is nothing", () => {
    assert.equal(of({ measure: "cache_read" }), 30n * ONE_UNIT);
    assert.equal(of({ measure: "searches" }), 2n * ONE_UNIT);
    assert.equal(of({ measure: "seconds" }), 0n);
  });

  it("is measured in whole steps, runs, and runs that go on", () => {
    assert.equal(of({ measure: "steps" }), 1n * ONE_UNIT);
    assert.equal(of({ measure: "runs" }), 2n * ONE_UNIT);
    assert.equal(of({ measure: "parallel_runs" }), 3n * ONE_UNIT);
  });

  it("of nothing is nothing in every measure", () => {
    for (const measure of ["cost", "charge", "tokens", "steps", "runs", "parallel_runs", "x"]) {
      assert.equal(measured(budget({ measure }), NO_SPEND), 0n);
    }
  });
});

const CHILD = { id: "child", agent: "research", labels: { team: "b" }, cardKey: null };
const ROOT = { id: "root", agent: "lead", labels: { team: "a" }, cardKey: "basic" };
const SPENDER: Spender = {
  customer: "acme",
  agent: "support",
  labels: { team: "c" },
  cardKey: "basic",
  path: [CHILD, ROOT],
};

function scopes(document: object, changes: Partial<Spender> = {}): readonly string[] {
  return scopesOf(budget(document), { ...SPENDER, ...changes });
}

describe("The balances of work", () => {
  it("are one for each kind, and of runs its own and every one above it", () => {
    assert.deepEqual(scopes({ each: "workspace" }), [""]);
    assert.deepEqual(scopes({ each: "customer" }), ["acme"]);
    assert.deepEqual(scopes({ each: "agent" }), ["support"]);
    assert.deepEqual(scopes({ each: "customer_agent" }), [customerAgentScope("acme", "support")]);
    assert.deepEqual(scopes({ each: "label:team" }), ["c"]);
    assert.deepEqual(scopes({ each: "run" }), ["child", "root"]);
  });

  it("are none of what the work does not have: no agent, no label, a standing run", () => {
    assert.deepEqual(scopes({ each: "agent" }, { agent: null }), []);
    assert.deepEqual(scopes({ each: "customer_agent" }, { agent: null }), []);
    assert.deepEqual(scopes({ each: "label:team" }, { labels: null }), []);
    assert.deepEqual(scopes({ each: "label:region" }), []);
    assert.deepEqual(scopes({ each: "run" }, { path: [] }), []);
  });

  it("of a budget of a card are those that it charges, and of runs the root that it counts", () => {
    const where = { card: ["basic", "pro"] };
    assert.deepEqual(scopes({ each: "customer", where }), ["acme"]);
    assert.deepEqual(scopes({ each: "run", where }), ["root"]);
    for (const cardKey of ["free", null]) {
      assert.deepEqual(scopes({ each: "customer", where }, { cardKey }), []);
    }
  });

  it("of a budget for some are of those alone, each condition for itself", () => {
    for (const each of ["workspace", "customer"]) {
      assert.equal(scopes({ each, where: { customer: ["globex", "acme"] } }).length, 1);
      assert.equal(scopes({ each, where: { customer: "globex" } }).length, 0);
      assert.equal(scopes({ each, where: { agent: "support" } }).length, 1);
      assert.equal(scopes({ each, where: { agent: "support" } }, { agent: null }).length, 0);
      assert.equal(scopes({ each, where: { label: { team: ["b", "c"] } } }).length, 1);
      assert.equal(scopes({ each, where: { label: { team: "c", region: "eu" } } }).length, 0);
      assert.equal(scopes({ each, where: { customer: "acme", agent: "lead" } }).length, 0);
    }
  });

  it("of a budget of runs are chosen by the run that has the balance, not by the step", () => {
    const each = "run";
    assert.deepEqual(scopes({ each, where: { agent: "lead" } }), ["root"]);
    assert.deepEqual(scopes({ each, where: { label: { team: "b" } } }), ["child"]);
    assert.deepEqual(scopes({ each, where: { agent: "support" } }), []);
    assert.deepEqual(scopes({ each, where: { customer: "globex" } }), []);
  });

  it("are none of labels named like a property of every object, unless the work has them", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.deepEqual(scopes({ each: `label:${name}` }, { labels: {} }), []);
      const labels = Object.fromEntries([[name, "x"]]);
      assert.deepEqual(scopes({ each: `label:${name}` }, { labels }), ["x"]);
    }
  });

  it("of a customer and agent are apart, however the names are spelled", () => {
    assert.notEqual(customerAgentScope("a:b", "c"), customerAgentScope("a", "b:c"));
    const name = fc.string({ unit: fc.constantFrom("a", ":", '"', ",", "\\"), maxLength: 4 });
    fc.assert(
      fc.property(fc.tuple(name, name), fc.tuple(name, name), (one, other) => {
        const isSame = one[0] === other[0] && one[1] === other[1];
        assert.equal(customerAgentScope(...one) === customerAgentScope(...other), isSame);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("What waits for room in a balance", () => {
  const paused = (
    document: object,
    scope: string,
    { ended = [], ...changes }: Partial<Spender> & { readonly ended?: readonly string[] } = {},
  ) => {
    const mayGoOn = (run: string) => !ended.includes(run);
    const spender = { ...SPENDER, ...changes };
    return runToPause(budget(document), scope, { spender, mayGoOn })?.id ?? null;
  };

  it("is the topmost run of which everything down to the work counts in it", () => {
    for (const [each, scope] of [
      ["workspace", ""],
      ["customer", "acme"],
    ] as const) {
      assert.equal(paused({ each }, scope), "root");
    }
    assert.equal(paused({ each: "run" }, "root"), "root");
    assert.equal(paused({ each: "run" }, "child"), "child");
    assert.equal(paused({ each: "label:team" }, "c"), "child");
  });

  it("is the run of a step that counts by a name of its own, and none of standing runs", () => {
    assert.equal(paused({ each: "agent" }, "other", { agent: "other" }), "child");
    assert.equal(paused({ each: "customer" }, "acme", { path: [] }), null);
  });

  it("is no run that has ended, whatever goes on below it", () => {
    assert.equal(paused({ each: "customer" }, "acme", { ended: ["root"] }), "child");
    assert.equal(paused({ each: "run" }, "root", { ended: ["root"] }), "child");
  });
});
