import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "../../domain/assert.ts";
import { parseBudget } from "../../domain/budget/parse-budget.ts";
import type { BudgetState } from "../../engine/limits/hold-answers.ts";
import { runStateView } from "./budget-view.ts";

const CENT = 10n ** 31n;
const WINDOW = { key: "", startMs: 0, endMs: null };

interface Stands {
  readonly limit: bigint | null;
  readonly settled: bigint;
  readonly held?: bigint;
}

function balance(key: string, document: object, { held = 0n, ...of }: Stands): BudgetState {
  const parsed = parseBudget({ each: "run", limit: "1", ...document }, key);
  const budget = present("budget" in parsed ? parsed.budget : undefined, `budget ${key}`);
  const record = { id: 1, budget, countsFromMs: 0, retiredAtMs: null };
  return { record, scope: "r1", window: WINDOW, held, ...of };
}

function leftOf(...budgets: readonly BudgetState[]): string[] {
  const state = { run: "r1", state: "running", stop: null, nextWindowInMs: null } as const;
  return runStateView({ ...state, budgets }).left.map(({ measure, currency, amount, budget }) => {
    return `${measure} ${currency} ${amount} ${budget}`;
  });
}

test("what is left is the least of each measure, beside what is held and the reserve", () => {
  const cost = { measure: "cost" };
  const left = leftOf(
    balance("wide", cost, { limit: 100n * CENT, settled: 20n * CENT }),
    balance("narrow", { ...cost, reserve: "0.1" }, { limit: 50n * CENT, settled: 0n, held: CENT }),
    balance("euro", { measure: "charge", currency: "EUR" }, { limit: 7n * CENT, settled: 0n }),
    balance("dollar", { measure: "charge" }, { limit: 9n * CENT, settled: 0n }),
  );
  assert.deepEqual(left, [
    "cost USD 0.39 narrow",
    "charge EUR 0.07 euro",
    "charge USD 0.09 dollar",
  ]);
});

test("nothing is left of what is overspent, and soft or missing limits leave all there is", () => {
  const soft = { measure: "cost", enforcement: "soft" };
  const left = leftOf(
    balance("soft", soft, { limit: CENT, settled: 0n }),
    balance("none", { measure: "tokens" }, { limit: null, settled: 0n }),
    balance("over", { measure: "charge" }, { limit: CENT, settled: 3n * CENT }),
  );
  assert.deepEqual(left, ["charge USD 0 over"]);
});
