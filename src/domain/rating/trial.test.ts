import assert from "node:assert/strict";
import { test } from "node:test";
import type { Quantity } from "../money/decimal.ts";
import { isBeforeTrialEnd, meteredInTrial } from "./trial.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

test("a trial lasts whole days from the customer's start, and what is before it is in it", () => {
  const trial = { days: 2, charges: null };
  const at = (atMs: number) => isBeforeTrialEnd(trial, { atMs, startedAtMs: 5 });
  assert.deepEqual(
    [at(0), at(5), at(2 * DAY_MS + 4), at(2 * DAY_MS + 5)],
    [true, true, true, false],
  );
  assert.equal(isBeforeTrialEnd(null, { atMs: 0, startedAtMs: 0 }), false);
});

test("a trial counts the charges that it names in cells of their own", () => {
  const item = (chargeKey: string, cell: string) => ({ chargeKey, cell, quantity: 1n as Quantity });
  const metered = [item("c", ""), item("c", "web"), item("other", "web")];
  const cells = (charges: readonly string[] | null) =>
    meteredInTrial(metered, { days: 1, charges }).map(({ cell }) => cell);
  assert.deepEqual(cells(["c"]), ["~trial:", "~trial:web", "web"]);
  assert.deepEqual(cells(null), ["~trial:", "~trial:web", "~trial:web"]);
  assert.equal(meteredInTrial(metered, null), metered);
});
