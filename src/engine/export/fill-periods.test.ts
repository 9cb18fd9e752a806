import assert from "node:assert/strict";
import { test } from "node:test";
import { filledEntries } from "./fill-periods.ts";

const PERIODS = [1, 2, 3, 4].map((month) => ({
  key: `2026-0${month}-01`,
  startMs: Date.UTC(2026, month - 1),
  endMs: Date.UTC(2026, month),
}));

test("an item has a period of nothing wherever it was not used after its first use", () => {
  const [, second, , fourth] = PERIODS;
  assert.ok(second && fourth);
  const of = { unit: "steps", description: "x", parts: [], source: "card versions 1" };
  const entries = [
    { ...of, item: "tokens", period: second, value: 5n },
    { ...of, item: "searches", period: fourth, value: 7n },
  ];
  assert.deepEqual(
    filledEntries(entries, PERIODS).map(({ item, period, value }) => [item, period.key, value]),
    [
      ["tokens", "2026-02-01", 5n],
      ["tokens", "2026-03-01", 0n],
      ["tokens", "2026-04-01", 0n],
      ["searches", "2026-04-01", 7n],
    ],
  );
});
