import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, type Factor, parseAmount } from "../money/decimal.ts";
import {
  type Commitment,
  commitmentDocument,
  covers,
  crossingsOf,
  datedCommitment,
  firstPeriodFrom,
  holdsIn,
  lastPeriodBefore,
  percentText,
} from "./commitment.ts";

const BASE: Commitment = {
  key: "year",
  name: "Annual commitment",
  kind: "minimum",
  per: "contract",
  amount: parseAmount("1200") as Amount,
  currency: "USD",
  charges: null,
  overage: 1_200_000n as Factor,
  from: "2026-01-01",
  until: "2027-01-01",
};

const drawnBy = (
  key: string,
  charges: readonly string[] | null,
  time: Partial<Commitment> = {},
) => ({
  ...BASE,
  key,
  charges,
  ...time,
});

describe("a commitment", () => {
  test("holds for periods that start on its first date or later, and before its end", () => {
    const held = ["2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"].map((period) =>
      holdsIn(BASE, period),
    );
    assert.deepEqual(held, [false, true, true, false]);
    assert.equal(holdsIn({ ...BASE, until: null }, "2999-01-01"), true);
  });

  test("is written as its document, with the percentage that it was given", () => {
    const { amount, overagePercent, until } = commitmentDocument(BASE);
    assert.deepEqual([amount, overagePercent, until], ["1200", "120", "2027-01-01"]);
    assert.equal(commitmentDocument({ ...BASE, overage: null }).overagePercent, null);
    assert.equal(percentText(800_001n as Factor), "80.0001");
  });

  test("begins and ends with billing periods, wherever its dates lie in them", () => {
    const calendar = { timeZone: "Europe/Berlin", anchorDay: 15 };
    assert.equal(firstPeriodFrom("2026-01-15", calendar).key, "2026-01-15");
    assert.equal(firstPeriodFrom("2026-01-16", calendar).key, "2026-02-15");
    assert.equal(lastPeriodBefore("2027-01-15", calendar).key, "2026-12-15");
    assert.equal(lastPeriodBefore("2027-01-16", calendar).key, "2027-01-15");
    assert.equal(datedCommitment(BASE, calendar).lastPeriod, "2026-12-15");
    assert.equal(datedCommitment({ ...BASE, until: null }, calendar).lastPeriod, null);
  });

  test("of all charges covers one of some, and not the other way", () => {
    assert.equal(covers({ charges: null }, { charges: ["a"] }), true);
    assert.equal(covers({ charges: ["a"] }, { charges: null }), false);
    assert.equal(covers({ charges: ["a", "b"] }, { charges: ["b"] }), true);
    assert.equal(covers({ charges: ["b"] }, { charges: ["a", "b"] }), false);
  });
});

describe("commitments that stand one behind the other", () => {
  const crossed = (...commitments: Commitment[]) =>
    crossingsOf(commitments).map(({ index }) => index);

  test("take over all charges of an earlier one, or none of them", () => {
    assert.deepEqual(
      crossed(drawnBy("a", ["x"]), drawnBy("b", ["x", "y"]), drawnBy("c", null)),
      [],
    );
    assert.deepEqual(crossed(drawnBy("a", ["x"]), drawnBy("b", ["y"])), []);
    assert.deepEqual(crossed(drawnBy("a", null), drawnBy("b", ["x"])), [1]);
    assert.deepEqual(crossed(drawnBy("a", ["x", "y"]), drawnBy("b", ["y", "z"])), [1]);
  });

  test("may cross where they have no time in common", () => {
    const next = drawnBy("b", ["x"], { from: "2027-01-01", until: null });
    assert.deepEqual(crossed(drawnBy("a", null), next), []);
    assert.deepEqual(crossed(drawnBy("a", null, { until: null }), next), [1]);
  });
});
