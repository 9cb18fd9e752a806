/** Sums that must hold whatever happened: each total is the sum of what it totals. */

import assert from "node:assert/strict";
import { chargedBy } from "../domain/event/trial-cell.ts";
import type { Amount } from "../domain/money/decimal.ts";
import { chargesOfRating, sharesOfRating } from "../domain/run/rating-charges.ts";
import { rollupKeyOfStep, tokensOfStep, totalsOfStep } from "../domain/run/rollup.ts";
import { addTotals, NO_TOTALS, type Run, type RunShare, type Totals } from "../domain/run/run.ts";
import type { Holdings } from "./play-contract.ts";
import { assertBalances } from "./sample-budgets-contract.ts";

const chargeOnly = (charge: bigint): Totals => ({ ...NO_TOTALS, charge: charge as Amount });

function sumOf(shares: readonly { readonly amount: Amount }[]): bigint {
  return shares.reduce((sum, share) => sum + share.amount, 0n);
}

/** A run's own totals, summed from its steps, its outcomes and its rating. */
function ownTotals(run: Run, { steps, outcomes }: Holdings): Totals {
  let own = chargeOnly(chargedBy(sharesOfRating(run.rating)));
  for (const step of steps) if (step.run === run.id) own = addTotals(own, totalsOfStep(step));
  for (const row of outcomes) {
    if (row.run === run.id) own = addTotals(own, chargeOnly(row.charge));
  }
  return own;
}

function assertRuns(all: Holdings): void {
  const own = new Map(all.runs.map((run) => [run.id, ownTotals(run, all)]));
  const tree = (run: Run): Totals =>
    all.runs
      .filter((child) => child.parent === run.id)
      .reduce((sum, child) => addTotals(sum, tree(child)), own.get(run.id) ?? NO_TOTALS);
  for (const run of all.runs) {
    assert.deepEqual(run.own, own.get(run.id), `own totals of ${run.id}`);
    assert.deepEqual(run.tree, tree(run), `tree totals of ${run.id}`);
    assert.equal(sumOf(run.chargedIn.map(({ charge }) => ({ amount: charge }))), run.tree.charge);
    const waiting = all.suspended.filter((row) => row.run === run.id);
    assert.equal(run.suspended, waiting.length, `what waits in ${run.id}`);
  }
}

class Sums {
  readonly #sums = new Map<string, bigint>();

  add(key: readonly string[], amount: bigint): void {
    const text = JSON.stringify(key);
    this.#sums.set(text, (this.#sums.get(text) ?? 0n) + amount);
  }

  /** Sums that are not zero, by key. */
  get rows(): Record<string, bigint> {
    const rows = [...this.#sums].filter(([, sum]) => sum !== 0n);
    return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function assertRollups({ steps, runs, outcomes, rollups }: Holdings): void {
  const [wanted, stored] = [new Sums(), new Sums()];
  for (const row of rollups) {
    const { customer, period, agent, kind, provider, model, tool } = row;
    const key = [customer, period, agent, kind, provider, model, tool];
    stored.add([...key, "steps"], BigInt(row.steps));
    stored.add([...key, "unpriced"], BigInt(row.unpriced));
    stored.add([...key, "cost"], row.cost);
    stored.add([...key, "charge"], row.charge);
    stored.add([...key, "input"], row.inputTokens);
    stored.add([...key, "output"], row.outputTokens);
  }
  for (const step of steps) {
    const totals = totalsOfStep(step);
    const tokens = tokensOfStep(step);
    const { customer, period, agent, kind, provider, model, tool } = rollupKeyOfStep(step);
    const key = [customer, period, agent, kind, provider, model, tool];
    wanted.add([...key, "steps"], BigInt(totals.steps));
    wanted.add([...key, "unpriced"], BigInt(totals.unpriced));
    wanted.add([...key, "cost"], totals.cost);
    wanted.add([...key, "charge"], totals.charge);
    wanted.add([...key, "input"], tokens.input);
    wanted.add([...key, "output"], tokens.output);
  }
  const none = ["", "", "", "charge"];
  for (const { customer, corrections } of runs) {
    for (const { period, agent, cap, minimum } of corrections) {
      const key = [customer ?? "", period, agent ?? ""];
      wanted.add([...key, "run_cap", ...none], cap);
      wanted.add([...key, "run_minimum", ...none], minimum);
    }
  }
  for (const { customer, rating } of runs) {
    if (customer === null || rating === null) continue;
    for (const { period, charge } of chargesOfRating(rating)) {
      const key = [customer, period, rating.agent ?? "", "run", ...none.slice(0, 3)];
      wanted.add([...key, "charge"], charge);
    }
  }
  for (const { customer, period, agent, charge } of outcomes) {
    wanted.add([customer, period, agent ?? "", "outcome", ...none], charge);
  }
  assert.deepEqual(stored.rows, wanted.rows, "roll-ups");
}

function assertCounters({ steps, runs, outcomes, counters }: Holdings): void {
  const [wanted, stored] = [new Sums(), new Sums()];
  const add = (customer: string, period: string, shares: readonly RunShare[]) => {
    for (const { chargeKey, cell, amount } of shares) {
      wanted.add([customer, period, chargeKey, cell], amount);
    }
  };
  for (const { customer, period, chargeKey, cell, counter } of counters) {
    stored.add([customer, period, chargeKey, cell], counter.amount);
  }
  for (const { customer, period, shares } of [...steps, ...outcomes]) add(customer, period, shares);
  for (const { customer, rating } of runs) {
    if (customer === null || rating === null) continue;
    add(customer, rating.period, rating.shares);
    for (const one of rating.left) add(customer, one.period, [one]);
  }
  for (const { customer, corrections } of runs) {
    for (const { period, cap, minimum } of corrections) {
      wanted.add([customer ?? "", period, "", "run_cap"], cap);
      wanted.add([customer ?? "", period, "", "run_minimum"], minimum);
    }
  }
  assert.deepEqual(stored.rows, wanted.rows, "counters are the sums of their shares");
}

/** Asserts every sum. */
export function assertConserved(all: Holdings): void {
  assertRuns(all);
  assertRollups(all);
  assertCounters(all);
  if (all.budgets.length > 0) assertBalances(all);
  for (const run of all.runs) {
    const parent = all.runs.find((other) => other.id === run.parent);
    if (parent !== undefined) assert.equal(run.customer, parent.customer, "one customer a tree");
  }
}
