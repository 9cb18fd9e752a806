import assert from "node:assert/strict";
import { test } from "node:test";
import { type MarginRowView, type MarginView, renderMargin } from "./margin.ts";
import { stylesFor } from "./styles.ts";

function row(
  name: string,
  margin: string | null,
  some: Partial<MarginRowView> = {},
): MarginRowView {
  return {
    ...{ row: "value", name, currency: "USD", revenue: "10", cost: "1", costConverted: "1" },
    ...{ unconverted: margin === null, rates: [], margin, marginPercent: "12.5", steps: 1_000 },
    ...{ unpriced: 0, paidByCustomer: null, isOpen: false, ...some },
  } as MarginRowView;
}

function view(rows: readonly MarginRowView[], some: Partial<MarginView> = {}): MarginView {
  const totals = [...new Set(rows.map(({ currency }) => currency))].map((currency) =>
    row("all", "4", { currency }),
  );
  return { by: "customer", rows, rowCount: rows.length, totals, costCurrency: "USD", ...some };
}

test("losses stand left of the line and gains right of it, by their size", () => {
  const rows = [row("acme", "-8"), row("globex", "-0.1"), row("initech", "4"), row("none", "0")];
  assert.deepEqual(renderMargin(view(rows)), [
    "customer  steps  revenue USD  cost USD  margin     %",
    "acme      1,000        10.00      1.00   -8.00  12.5  ██████│",
    "globex    1,000        10.00      1.00   -0.10  12.5       ▐│",
    "initech   1,000        10.00      1.00    4.00  12.5        │███",
    "none      1,000        10.00      1.00    0.00  12.5        │",
    "─".repeat(64),
    "Total     1,000        10.00      1.00    4.00  12.5",
    "",
  ]);
});

test("named rows are in brackets, and each says what is missing of it", () => {
  const rows = [
    row("model", "1", { row: "unattributed" }),
    row("billed_elsewhere", "1", { row: "line" }),
    row("a", "1", { unpriced: 1_234 }),
    row("b", null, { paidByCustomer: "0.5" }),
  ];
  const [, first = "", second = "", third = "", fourth = ""] = renderMargin(view(rows));
  assert.match(first, /^\(not by model\) /);
  assert.match(second, /^\(billed elsewhere\) /);
  assert.match(third, /≥1\.00 +≤1\.00 +≤12\.5 .*COST INCOMPLETE: 1,234 UNPRICED$/);
  assert.match(fourth, / – .*NO RATE, 0\.50 paid by customer$/);
});

test("below costs without a rate stands which one is missing, and how it comes in", () => {
  const rows = [row("a", null, { unconverted: true, currency: "EUR" })];
  const lines = renderMargin({ ...view(rows), totals: rows });
  assert.ok(
    lines.includes("No rate from USD to EUR for all of the cost: 'tollgate rates import FILE'."),
    lines.join("\n"),
  );
});

test("every currency has its own table, and a converted cost stands in both", () => {
  const rate = { rate: "0.9", effectiveFrom: "2026-11-01T00:00:00.000Z" };
  const euro = { currency: "EUR", costConverted: "0.9", rates: [rate] };
  const lines = renderMargin(view([row("a", "1", euro), row("b", "2")]));
  assert.match(lines[0] ?? "", /revenue EUR +cost USD +cost EUR +margin/);
  assert.match(lines[1] ?? "", /1\.00 +0\.90 +1\.00/);
  assert.match(lines[5] ?? "", /revenue USD +cost USD +margin/);
});

test("amounts are rounded for the eye, half even at the fourth place", () => {
  const exact = { revenue: "1234.00005", cost: "0.00015000000000000000000000000000000001" };
  const [, line = ""] = renderMargin(view([row("a", "1", exact)]));
  assert.match(line, /1,234\.00 +0\.0002 /);
});

test("what is left out is told, and so are bills that are not closed", () => {
  const more = renderMargin(view([row("a", "1", { isOpen: true })], { rowCount: 1_500 }));
  assert.deepEqual(more.slice(-2), [
    "1 of 1,500 rows; totals are of all. More: --top N.",
    "Periods that are not closed are told as if they closed now.",
  ]);
  assert.deepEqual(renderMargin(view([])), ["There is no usage and no bill that matches."]);
});

test("a loss is red on a terminal, and colours move no column", () => {
  const rows = [row("acme", "-8"), row("globex", "4")];
  const painted = renderMargin(view(rows), stylesFor({ isTTY: true }, {}));
  assert.ok(painted[1]?.includes("\u001b[31m-8.00\u001b[39m"));
  assert.ok(!painted[2]?.includes("\u001b[31m"));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours to take away
  const bare = painted.map((line) => line.replace(/\u001b\[\d+m/g, ""));
  assert.deepEqual(bare, renderMargin(view(rows)));
});
