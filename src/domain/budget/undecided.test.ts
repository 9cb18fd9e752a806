/** What a caller is told to do when nobody could decide. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BudgetRecord } from "./budget.ts";
import { parseBudget } from "./parse-budget.ts";
import { type Spender, scopesOf } from "./spend.ts";
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
  assert.equal(onUndecided([labelled], [{ ...ACME, labels: { team: "b" } }]), "closed");
});

test("labels are the step's own: a budget by one that it does not state has no say", () => {
  for (const labels of [null, {}, { place: "b" }]) {
    const byLabel = [budget({ where: { label: { team: "b" } } }), budget({ each: "label:team" })];
    assert.equal(onUndecided(byLabel, [{ ...ACME, labels }]), "open");
  }
  assert.equal(onUndecided([budget({ each: "label:team" })], [ACME]), "closed");
});

test("what the request does not say is taken for what would apply", () => {
  const budgets = [budget({ where: { customer: "globex", agent: "x" } })];
  assert.equal(onUndecided(budgets, [NOBODY]), "closed");
});

test("a run's budget may be that of a run above, whatever the step's own agent is", () => {
  const ofRuns = budget({ each: "run", per: "lifetime", where: { agent: "lead" } });
  assert.equal(onUndecided([ofRuns], [ACME]), "closed");
});

const name = fc.constantFrom("a", "b");
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const labels = fc.option(fc.dictionary(fc.constantFrom("team", "place"), name, { maxKeys: 2 }));
const names = maybe(fc.uniqueArray(name, { minLength: 1 }));
const documents = fc.record({
  each: fc.constantFrom(
    ...["workspace", "customer", "agent", "customer_agent", "label:team"],
    ...["run", "label:place"],
  ),
  where: fc.record({
    ...{ customer: names, agent: names, card: names },
    label: maybe(fc.record({ team: fc.tuple(name) })),
  }),
});
const run = fc.record({ id: name, agent: fc.option(name), labels, cardKey: fc.option(name) });
/** Who spends, as the store knows it, and whether the request says so. */
const spenders = fc.record({
  says: fc.record({ customer: fc.boolean(), agent: fc.boolean() }),
  ...{ customer: name, agent: fc.option(name), labels, cardKey: fc.option(name) },
  path: fc.array(run, { minLength: 1, maxLength: 3 }),
});

function told(
  document: object,
  { says, ...spender }: typeof spenders extends fc.Arbitrary<infer T> ? T : never,
) {
  const record = budget(JSON.parse(JSON.stringify({ ...document, per: "lifetime" })));
  const customer = says.customer ? spender.customer : null;
  const agent = says.agent ? spender.agent : null;
  const said = onUndecided([record], [{ customer, agent, labels: spender.labels }]);
  return { said, applies: scopesOf(record.budget, spender as Spender).length > 0 };
}

test("whatever the store would tell, a hard budget that applies closes", () => {
  const property = fc.property(documents, spenders, (document, spender) => {
    const { said, applies } = told(document, spender);
    if (applies) assert.equal(said, "closed");
  });
  fc.assert(property, { numRuns: 2_000 });
});

test("where the request says it all, a budget that does not apply does not close", () => {
  const ofSteps = documents.filter(({ each, where }) => each !== "run" && where.card === undefined);
  const property = fc.property(ofSteps, spenders, (document, spender) => {
    fc.pre(spender.agent !== null);
    const says = { customer: true, agent: true };
    const { said, applies } = told(document, { ...spender, says });
    assert.equal(said, applies ? "closed" : "open");
  });
  fc.assert(property, { numRuns: 2_000 });
});
