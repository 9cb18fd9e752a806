/** What a caller is told to do when nobody could decide. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BudgetRecord } from "./budget.ts";
import { parseBudget } from "./parse-budget.ts";
import { onUndecided } from "./undecided.ts";

const PLAIN = { each: "customer", measure: "cost", limit: "1", per: "month" };

function budget(document: object): BudgetRecord {
  const parsed = parseBudget({ ...PLAIN, ...document }, "b");
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  return { id: 1, budget: parsed.budget, countsFromMs: 0, retiredAtMs: null };
}

const NOBODY = { customer: null, agent: null, labels: null };
const ACME = { customer: "acme", agent: "support", labels: { team: "a" } };

test("a hard budget stays closed, a soft one is open, and each may say otherwise", () => {
  const of = (document: object) => onUndecided([budget(document)], [ACME]);
  assert.equal(of({}), "closed");
  assert.equal(of({ enforcement: "soft" }), "open");
  assert.equal(of({ undecided: "open" }), "open");
  assert.equal(of({ enforcement: "soft", undecided: "closed" }), "closed");
});

test("without any budget the work goes on", () => {
  assert.equal(onUndecided([], [ACME]), "open");
});

test("one budget that says closed decides for all", () => {
  const budgets = [budget({ undecided: "open" }), budget({}), budget({ enforcement: "soft" })];
  assert.equal(onUndecided(budgets, [ACME]), "closed");
});

test("a budget of somebody else has no say", () => {
  const others = [
    budget({ where: { customer: "globex" } }),
    budget({ where: { agent: "research" } }),
  ];
  assert.equal(onUndecided(others, [ACME]), "open");
  const labelled = budget({ where: { label: { team: "b" } } });
  assert.equal(onUndecided([labelled], [ACME]), "open");
  assert.equal(onUndecided([labelled], [{ ...ACME, labels: {} }]), "closed");
});

test("what the request does not say is taken for what would apply", () => {
  const budgets = [budget({ where: { customer: "globex", agent: "x", label: { team: "b" } } })];
  assert.equal(onUndecided(budgets, [NOBODY]), "closed");
});

test("a run's budget may be that of a run above, whatever the step's own agent is", () => {
  const ofRuns = budget({ each: "run", per: "lifetime", where: { agent: "lead" } });
  assert.equal(onUndecided([ofRuns], [ACME]), "closed");
});
