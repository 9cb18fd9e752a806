import assert from "node:assert/strict";
import { test } from "node:test";
import type { Amount } from "../money/decimal.ts";
import { chargedBy, isTrialCell, pricedCell, trialCell } from "./trial-cell.ts";

test("a trial counts a cell apart, at that cell's price", () => {
  for (const cell of ["", "web_search", "gpt-5 | eu", "fixed", "*"]) {
    assert.equal(isTrialCell(cell), false);
    assert.equal(isTrialCell(trialCell(cell)), true);
    assert.equal(pricedCell(trialCell(cell)), cell);
    assert.equal(pricedCell(cell), cell);
  }
});

test("shares of a trial charge nothing", () => {
  const share = (cell: string, amount: bigint) => ({ cell, amount: amount as Amount });
  assert.equal(chargedBy([share("", 3n), share(trialCell(""), 5n), share("web", -1n)]), 2n);
  assert.equal(chargedBy([]), 0n);
});
