import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../event/step.ts";
import type { Amount } from "../money/decimal.ts";
import { newRun, type OutcomeState, type Run } from "../run/run.ts";
import { entriesOfRun, type MarginPlace, singleOutcome } from "./margin-entry.ts";

const PLACE: MarginPlace = {
  ...{ customer: "acme", period: "2026-11-01", currency: "USD", rate: null, isOpen: true },
};

const RUN: Run = { ...newRun("r1", 0), customer: "acme" };

const STEP = {
  ...{ period: PLACE.period, agent: "support", model: "m", tool: null, cardVersionId: 7 },
  ...{ voided: false, role: "bill", payer: "us", costStatus: "priced" },
  ...{ cost: 5n as Amount, charge: 6n as Amount },
} as unknown as Step;

const around = (root: Run) => ({
  ...{ root, treeOutcome: "resolved", cardKeyOf: (id: number) => `card ${id}` },
  placeOf: (_customer: string, period: string) => (period === PLACE.period ? PLACE : null),
});

/** Entries in words: what they are of, then revenue, cost, what the customer paid, steps. */
function told(run: Run, steps: readonly Step[], outcomes: readonly OutcomeState[] = []): string[] {
  return entriesOfRun(run, { steps, outcomes }, around(run)).map((entry) => {
    const { run: id = "", card = "", outcome = "" } = entry.of;
    const { revenue, cost, paid, steps: count } = entry;
    return `${id}/${card}/${outcome} ${revenue} ${cost} ${paid} ${count}`;
  });
}

test("a step is charged by itself, and what it cost belongs to the outcome of its tree", () => {
  assert.deepEqual(told(RUN, [STEP]), ["r1/card 7/ 6 0 0 0", "r1/card 7/resolved 0 5 0 1"]);
});

test("what its customer pays is no cost of ours; a voided step or a witness counts nothing", () => {
  assert.deepEqual(told(RUN, [{ ...STEP, payer: "customer", charge: 0n as Amount }]), [
    "r1/card 7/resolved 0 0 5 1",
  ]);
  for (const gone of [{ voided: true }, { role: "shadow" as const }]) {
    const [charge, spent] = told(RUN, [{ ...STEP, ...gone, payer: "customer" }]);
    // Tier shifts may have left a charge on it.
    assert.equal(charge, "r1/card 7/ 6 0 0 0");
    assert.equal(spent, "r1/card 7/resolved 0 0 0 0");
  }
});

test("a run's fee, bounds and outcomes are revenue of the run, in their own periods", () => {
  const share = { chargeKey: "c", cell: "", amount: 3n as Amount };
  const tried = { chargeKey: "c", cell: "~trial:", amount: 5n as Amount };
  const shares = [share, tried];
  const rated = { agent: null, labels: null, ending: null, inTrial: false, counted: true };
  const bound = { agent: null, cardVersionId: 8, cap: -2n as Amount, minimum: 1n as Amount };
  const run: Run = {
    ...RUN,
    rating: { ...rated, shares, left: [], cardVersionId: 7, period: PLACE.period },
    corrections: [
      { ...bound, period: PLACE.period },
      { ...bound, period: "2026-12-01" },
    ],
  };
  const outcome = {
    ...{ outcome: "sold", period: PLACE.period, agent: null, cardVersionId: null, charge: 4n },
  } as unknown as OutcomeState;
  assert.deepEqual(told(run, [], [outcome]), [
    "r1/card 7/ 3 0 0 0",
    "r1/card 8/ -1 0 0 0",
    "r1//sold 4 0 0 0",
  ]);
});

test("usage without a run is of none, and a run without a customer brings nothing", () => {
  assert.deepEqual(told({ ...RUN, standing: true }, [{ ...STEP, charge: 0n as Amount }]), [
    "/card 7/resolved 0 5 0 1",
  ]);
  assert.deepEqual(told({ ...RUN, customer: null }, [STEP]), []);
});

test("a tree has an outcome where all that stand have one name", () => {
  const of = (outcome: string, status = "recorded") => ({ outcome, status }) as never;
  assert.equal(singleOutcome([]), "");
  assert.equal(singleOutcome([of("a"), of("a")]), "a");
  assert.equal(singleOutcome([of("a"), of("b")]), "");
  assert.equal(singleOutcome([of("a"), of("b", "reversed")]), "a");
});
