import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { present } from "../domain/assert.ts";
import type { BudgetRecord } from "../domain/budget/budget.ts";
import type { HoldAsk } from "../domain/budget/hold-ask.ts";
import { parseBudget } from "../domain/budget/parse-budget.ts";
import { anyCodePoint } from "../domain/code-points-contract.ts";
import type { BudgetState, HoldDecision } from "../engine/limits/hold-answers.ts";
import { timeText } from "./instant.ts";
import { decisionView } from "./views/budget-view.ts";
import { writeHoldsAnswer } from "./write-holds-answer.ts";

const DOCUMENTS = [
  { each: "run", measure: "cost", limit: "5" },
  { each: "customer", measure: "charge", currency: "USD", per: "month", limit: "10.25" },
  {
    each: "workspace",
    per: "day",
    measure: "tokens",
    enforcement: "soft",
    stages: [{ at: "5", do: "notify" }],
  },
  {
    each: "label:team",
    per: "week",
    measure: "cost",
    limit: "9",
    reserve: "1",
    stages: [{ at: "50%", do: "pause" }],
  },
];
const RECORDS: readonly BudgetRecord[] = DOCUMENTS.map((document, id) => {
  const parsed = parseBudget(document, `budget ${id}`);
  const budget = present("budget" in parsed ? parsed.budget : undefined, "a budget");
  return { id, budget, countsFromMs: 0, retiredAtMs: null };
});
const WINDOWS = [
  { key: "", startMs: 0, endMs: null },
  { key: "2026-11-01", startMs: 1_793_491_200_000, endMs: 1_796_083_200_000 },
];

const level = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }));
const id = fc.string({ unit: anyCodePoint, minLength: 1, maxLength: 12 });
const ms = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
const state: fc.Arbitrary<BudgetState> = fc.record({
  record: fc.constantFrom(...RECORDS),
  scope: id,
  window: fc.constantFrom(...WINDOWS),
  limit: fc.option(level),
  settled: level,
  held: level,
});
const allowed = fc.record({
  decision: fc.constant("allow"),
  hold: fc.record({
    ...{ holdId: fc.constant("hold_x-1"), expiresAtMs: ms, cost: level, charge: level },
    ...{ currency: fc.constantFrom(null, "USD"), maxOutputTokens: fc.option(fc.nat()) },
    isClamped: fc.boolean(),
  }),
  costIs: fc.constantFrom("known", "stated", "unknown"),
  budgets: fc.array(state, { maxLength: 4 }),
  policies: fc.constantFrom(
    [],
    [
      {
        policy: "p",
        rule: "steps",
        mode: "enforce",
        action: "notify",
        run: "ü",
        level: "7",
        moreThan: "5",
      },
    ],
  ),
}) as unknown as fc.Arbitrary<HoldDecision>;
const other = fc.constantFrom<HoldDecision>(
  { decision: "settled" },
  { decision: "invalid", problem: { code: "run.not_found", detail: 'no "run"' } },
);
const asked = fc.array(fc.tuple(id, id, fc.oneof(allowed, other)), { maxLength: 4 });

describe("the answer to a request for holds", () => {
  test("says what the views of its decisions say, letter by letter", () => {
    const opened = fc.constantFrom(null, { index: 0, id: null, status: "accepted" });
    fc.assert(
      fc.property(id, opened, asked, (run, told, all) => {
        const asks = all.map(([source, step]) => ({ step: { source, id: step } })) as HoldAsk[];
        const decisions = all.map(([, , decision]) => decision);
        const views = decisions.map((one, at) => decisionView(run, asks[at]?.step, one));
        const expected = JSON.stringify({ run, opened: told, decisions: views });
        const request = { run, asks };
        assert.equal(writeHoldsAnswer({ request, opened: told, decisions }), expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test("tells each instant as itself, whichever was told before", () => {
    fc.assert(
      fc.property(fc.array(ms), (all) => {
        for (const one of all) assert.equal(timeText(one), new Date(one).toISOString());
      }),
    );
  });
});
