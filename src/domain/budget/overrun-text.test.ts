import assert from "node:assert/strict";
import { test } from "node:test";
import type { Overrun } from "./budget.ts";
import { overrunLine } from "./overrun-text.ts";

const OVERRUN: Overrun = {
  ...{ seq: 12, budgetId: 7, scope: "acme", window: "2026-11-01", cause: "above_hold" },
  ...{ run: "r1", source: "sdk", id: "s1", amount: -5n * 10n ** 33n },
};

test("the line of an overrun says all that is kept of it", () => {
  const parts = ["o1", "12", "7", "acme", "2026-11-01", "r1", "sdk", "s1", "above_hold"];
  assert.equal(overrunLine(OVERRUN), [...parts, `-5${"0".repeat(33)}`].join("\u001f"));
});

test("another value of anything is another line", () => {
  const others = [
    ...[{ seq: 13 }, { budgetId: 8 }, { scope: "beta" }, { window: "" }, { run: "r2" }],
    ...[{ source: "api" }, { id: "s2" }, { cause: "no_hold" as const }, { amount: 5n }],
  ];
  const lines = others.map((other) => overrunLine({ ...OVERRUN, ...other }));
  assert.equal(new Set([...lines, overrunLine(OVERRUN)]).size, others.length + 1);
});
