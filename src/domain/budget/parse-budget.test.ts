import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BUDGET_LIMIT_MAX_UNITS, STAGES_PER_BUDGET_MAX_COUNT } from "../limits.ts";
import { ACTIONS, EACH, SPANS } from "./budget.ts";
import { budgetDocument, parseBudget } from "./parse-budget.ts";

function problemsOf(document: unknown): string[] {
  const parsed = parseBudget(document, "b");
  if ("budget" in parsed) return [];
  return parsed.problems.map(({ field, detail }) => `${field}: ${detail}`);
}

const PLAIN = { each: "customer", measure: "cost", limit: "5", per: "month" };

const decimal = fc
  .bigInt({ min: 0n, max: 10n ** 12n })
  .map((n) => `${n / 1000n}.${n % 1000n || 1}`);

const documents = fc.record(
  {
    name: fc.constantFrom("Cap", "Monthly"),
    each: fc.constantFrom(
      ...EACH.filter((each) => each !== "label" && each !== "run"),
      "label:team",
    ),
    where: fc.record(
      {
        customer: fc.array(fc.constantFrom("acme", "globex"), { minLength: 1 }),
        agent: fc.constantFrom("support", ["support", "research"]),
        label: fc.record({ team: fc.constantFrom("a", ["a", "b"]) }),
        card: fc.constantFrom("basic", ["basic", "pro"]),
      },
      { requiredKeys: [] },
    ),
    measure: fc.constantFrom("cost", "charge", "tokens", "steps", "runs", "searches", "seconds"),
    limit: fc.option(decimal),
    per: fc.constantFrom(...SPANS),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin"),
    anchorDay: fc.integer({ min: 1, max: 7 }),
    enforcement: fc.constantFrom("hard", "soft"),
    stages: fc.array(
      fc.record({
        at: fc.oneof(
          fc.integer({ min: 1, max: 300 }).map((n) => `${n}%`),
          decimal,
        ),
        do: fc.constantFrom(...ACTIONS),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    unpriced: fc.constantFrom("block", "allow", "strict"),
    undecided: fc.constantFrom("closed", "open"),
  },
  { requiredKeys: ["each", "measure", "per"] },
);

describe("A budget's document", () => {
  it("is read, written and read again without a change", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const parsed = parseBudget(document, "b");
        if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
        assert.deepEqual(parseBudget(budgetDocument(parsed.budget), "b"), parsed);
      }),
      { numRuns: 1_000 },
    );
  });

  it("needs no more than whom, what and how long", () => {
    assert.deepEqual(problemsOf(PLAIN), []);
    assert.deepEqual(problemsOf({ each: "run", measure: "cost" }), []);
  });

  it("blocks at its limit where it is hard, and tells where it is soft", () => {
    const actionOf = (more: object) => {
      const parsed = parseBudget({ ...PLAIN, ...more }, "b");
      return "budget" in parsed ? parsed.budget.stages[0]?.action : parsed;
    };
    assert.equal(actionOf({}), "block");
    assert.equal(actionOf({ enforcement: "soft" }), "notify");
  });

  const refused: readonly (readonly [string, object, string])[] = [
    ["a misspelt field", { limits: "5" }, "limits:"],
    ["a limit that is a float", { limit: 0.5 }, "limit: 0.5: write it in quotes"],
    ["a negative limit", { limit: "-1" }, "limit:"],
    ["a limit beyond the bound", { limit: `${BUDGET_LIMIT_MAX_UNITS + 1n}` }, "limit:"],
    ["a currency of tokens", { measure: "tokens", currency: "USD" }, "currency:"],
    ["costs in euro", { currency: "EUR" }, "currency:"],
    ["a run's budget by day", { each: "run", per: "day" }, "per:"],
    ["runs of a run", { each: "run", per: "lifetime", measure: "runs" }, "measure:"],
    [
      "credit of a card's customers",
      { measure: "prepaid", limit: undefined, per: undefined, where: { card: "basic" } },
      "where:",
    ],
    ["no span", { per: undefined }, "per:"],
    ["an unknown time zone", { timeZone: "Mars/Base" }, "timeZone:"],
    ["an eighth day of the week", { per: "week", anchorDay: 8 }, "anchorDay:"],
    ["a stage at nothing", { stages: [{ do: "block" }] }, "stages[0].at:"],
    ["a stage at 0 %", { stages: [{ at: "0%", do: "block" }] }, "stages[0].at:"],
    [
      "a delay of a block",
      { stages: [{ at: "1%", do: "block", delayMs: 5 }] },
      "stages[0].delayMs:",
    ],
    ["a reserve above the limit", { reserve: "6" }, "reserve:"],
    ["a label without a name", { each: "label:" }, "each:"],
  ];
  for (const [what, more, beginning] of refused) {
    it(`is refused for ${what}, with the path`, () => {
      const [first = "nothing"] = problemsOf({ ...PLAIN, ...more });
      assert.ok(first.startsWith(beginning), first);
    });
  }

  it("may have as many stages as the limit says, and no more", () => {
    const stages = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ at: `${index + 1}%`, do: "notify" }));
    assert.deepEqual(problemsOf({ ...PLAIN, stages: stages(STAGES_PER_BUDGET_MAX_COUNT) }), []);
    assert.equal(
      problemsOf({ ...PLAIN, stages: stages(STAGES_PER_BUDGET_MAX_COUNT + 1) }).length,
      1,
    );
  });
});
