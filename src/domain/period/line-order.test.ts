import assert from "node:assert/strict";
import { test } from "node:test";
import { TRIAL_PREFIX } from "../event/trial-cell.ts";
import { lineOrder, type OfCharge } from "./line-order.ts";
import { NO_CHARGE } from "./run-bounds.ts";

const charges = (...keys: string[]) => keys.map((key) => ({ key }));
const CARDS = [
  { key: "team", charges: charges("runs", "tools", "compute") },
  { key: "basic", charges: charges("models") },
];

function sorted(lines: readonly OfCharge[], cards = CARDS): string[] {
  const order = lineOrder(cards);
  const told = ({ cardKey, chargeKey, cell }: OfCharge) =>
    [cardKey, chargeKey, cell].filter((part) => part !== undefined && part !== "").join(" ");
  const [there, back] = [lines.toSorted(order), lines.toReversed().toSorted(order)];
  assert.deepEqual(there.map(told), back.map(told), "the order of what comes in does not matter");
  return there.map(told);
}

test("charges stand as their card lists them, and cards as they were in force", () => {
  const lines = ["compute", "runs", "tools"].map((chargeKey) => ({ cardKey: "team", chargeKey }));
  const found = sorted([{ cardKey: "basic", chargeKey: "models" }, ...lines]);
  assert.deepEqual(found, ["team runs", "team tools", "team compute", "basic models"]);
});

test("cells stand by name, all others last, and what a trial frees behind what is paid", () => {
  const cells = ["*", "web_search", "run_tests", `${TRIAL_PREFIX}*`, `${TRIAL_PREFIX}zip`];
  const found = sorted(cells.map((cell) => ({ cardKey: "team", chargeKey: "tools", cell })));
  assert.deepEqual(found, [
    "team tools run_tests",
    "team tools web_search",
    "team tools *",
    "team tools ~trial:zip",
    "team tools ~trial:*",
  ]);
});

test("what no card has any more stands behind, by key, and bounds of runs last of a card", () => {
  const found = sorted([
    { cardKey: "team", chargeKey: NO_CHARGE, cell: "run_cap" },
    { cardKey: "team", chargeKey: "b-gone" },
    { cardKey: "team", chargeKey: "a-gone" },
    { cardKey: "team", chargeKey: "compute" },
    { cardKey: "a-former", chargeKey: "x" },
  ]);
  assert.deepEqual(found, [
    "team compute",
    "team a-gone",
    "team b-gone",
    "team run_cap",
    "a-former x",
  ]);
  assert.deepEqual(sorted([{ cardKey: "b" }, { cardKey: "a" }], []), ["a", "b"]);
});
