import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import {
  addTotals,
  ancestry,
  isStandingRunId,
  NO_TOTALS,
  negateTotals,
  newRun,
  placeInTime,
  type Run,
  STANDING_PREFIX,
  standingRunId,
  subtractTotals,
} from "./run.ts";

const amount = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map((n) => n as Amount);
const totals = fc.record(
  { steps: fc.integer(), unpriced: fc.integer(), cost: amount, charge: amount },
  { noNullPrototype: true },
);

test("totals add up in any order, and what is taken off leaves nothing", () => {
  fc.assert(
    fc.property(totals, totals, (a, b) => {
      assert.deepEqual(addTotals(a, b), addTotals(b, a));
      assert.deepEqual(subtractTotals(addTotals(a, b), b), a);
      assert.deepEqual(addTotals(a, negateTotals(a)), NO_TOTALS);
    }),
  );
});

test("no two customers or agents share a standing run", () => {
  const pair = fc.tuple(fc.string(), fc.option(fc.string()));
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      const isSame = a[0] === b[0] && a[1] === b[1];
      assert.equal(standingRunId(...a) === standingRunId(...b), isSame);
      assert.ok(standingRunId(...a).startsWith(STANDING_PREFIX));
    }),
  );
  assert.notEqual(standingRunId("a:b", "c"), standingRunId("a", "b:c"));
});

test("the id of a standing run is told from what only begins like one", () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string()), (customer, agent) => {
      const id = standingRunId(customer, agent);
      assert.ok(isStandingRunId(id));
      assert.equal(isStandingRunId(`${id} `), false);
      assert.equal(isStandingRunId(id.slice(1)), false);
    }),
  );
  for (const end of ["", "x", "[]", '["a","b","c"]', "[1]", '{"0":"a"}', '["a", "b"]']) {
    assert.equal(isStandingRunId(STANDING_PREFIX + end), false, end);
  }
});

function runsOf(parents: Readonly<Record<string, string | null>>): (id: string) => Run | undefined {
  return (id) => (id in parents ? { ...newRun(id, 0), parent: parents[id] ?? null } : undefined);
}

test("the way from a run to its root starts with the run and ends where nothing is above", () => {
  const runOf = runsOf({ a: "b", b: "c", c: null });
  assert.deepEqual(
    [...ancestry("a", runOf)].map(({ id }) => id),
    ["a", "b", "c"],
  );
  assert.deepEqual([...ancestry("x", runOf)], []);
});

test("a run above itself crashes rather than walks for ever", () => {
  assert.throws(() => [...ancestry("a", runsOf({ a: "b", b: "a" }))], /not its own ancestor/);
});

test("events of a run are ordered by their time, then their identity, never by arrival", () => {
  const at = (occurredAtMs: number, source: string, id: string) =>
    placeInTime({ occurredAtMs, source, id });
  const inOrder = [at(999, "b", "b"), at(1_000, "a", "b"), at(1_000, "b", "a"), at(1e12, "a", "a")];
  assert.deepEqual(inOrder.toSorted(), inOrder);
});
