import assert from "node:assert/strict";
import { test } from "node:test";
import { addsUp, renderComparison } from "./run-comparison.ts";
import type { RunView } from "./run-view.ts";
import { stepView, ticketRun } from "./run-views.test.ts";

test("each charge stands beside its counterpart, with exact differences and margins", () => {
  const before = ticketRun();
  const tree = { ...before.totals.tree, charge: "1.6342" };
  const charges = [
    { charge: "run", cell: "", amount: "0.05", inTrial: false },
    { charge: "setup", cell: "", amount: "0.02", inTrial: false },
  ];
  const outcomes = before.outcomes.map((outcome) => ({ ...outcome, charge: "0.96" }));
  const totals = { ...before.totals, tree };
  const after: RunView = { ...before, charges, outcomes, totals };
  const lines = renderComparison({ before, after, titles: ["old", "new"] });
  assert.deepEqual(lines, [
    "charge                      old     new  difference",
    "providers                0.6042  0.6042        =",
    "run                      0.10    0.05         -0.05",
    "outcome ticket_resolved  1.00    0.96         -0.04",
    "setup                    0.00    0.02         +0.02",
    "───────────────────────────────────────────────────",
    "charged                  1.7042  1.6342       -0.07",
    "our cost                 0.5035  0.5035        =",
    "margin                   1.2007  1.1307       -0.07",
  ]);
});

test("an unknown price makes the cost a lower and the margin an upper bound", () => {
  const before = ticketRun();
  const tree = { ...before.totals.tree, unpriced: 1 };
  const after: RunView = { ...before, totals: { ...before.totals, tree } };
  const lines = renderComparison({ before, after, titles: ["old", "new"] });
  assert.match(lines.at(-2) ?? "", /^our cost +0\.5035 +≥0\.5035 +=$/);
  assert.match(lines.at(-1) ?? "", /^margin +1\.2007 +≤1\.2007 +=$/);
});

test("a run adds up when its totals are the sums of all that is below", () => {
  assert.equal(addsUp(ticketRun()), true);
});

test("a difference in the last digit anywhere is seen", () => {
  const run = ticketRun();
  const { own, tree } = run.totals;
  const off = "0.503500000000000000000000000000001";
  const charges = [{ charge: "run", cell: "", amount: "0.1000001", inTrial: false }];
  assert.equal(addsUp({ ...run, totals: { own, tree: { ...tree, cost: off } } }), false);
  assert.equal(addsUp({ ...run, totals: { own: { ...own, charge: "0" }, tree } }), false);
  assert.equal(addsUp({ ...run, charges }), false);
  assert.equal(addsUp({ ...run, children: [] }), false);
  const child = run.children.map((each) => ({ ...each, steps: [] }));
  assert.equal(addsUp({ ...run, children: child }), false);
});

test("what a shadow or the customer's own key costs is no cost of ours", () => {
  const run = ticketRun();
  const others = [
    stepView({ id: "x", role: "shadow", cost: "5" }),
    stepView({ id: "z", voided: true, cost: "11" }),
    stepView({ id: "y", payer: "customer", cost: "7" }),
  ];
  assert.equal(addsUp({ ...run, steps: [...run.steps, ...others] }), true);
});
