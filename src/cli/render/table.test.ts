import assert from "node:assert/strict";
import { test } from "node:test";
import { stylesFor } from "./styles.ts";
import { renderTable } from "./table.ts";

const COLUMNS = [
  { title: "name", align: "left" },
  { title: "steps", align: "right" },
  { title: "cost", align: "point" },
] as const;

test("columns are aligned left, right and at the decimal point", () => {
  const rows = [["acme", "12", "0.0012"], ["globex ltd", "3", "12.5"], "rule", ["all", "15", "?"]];
  assert.deepEqual(renderTable({ columns: COLUMNS, rows: rows as never }), [
    "name        steps     cost",
    "acme           12   0.0012",
    "globex ltd      3  12.5",
    "──────────────────────────",
    "all            15   ?",
  ]);
});

test("a column in which nothing stands is left out", () => {
  const rows = [["acme", "", "1.5"]];
  assert.deepEqual(renderTable({ columns: COLUMNS, rows }), ["name  cost", "acme   1.5"]);
});

test("colours never move a column", () => {
  const styles = stylesFor({ isTTY: true }, {});
  const rows = [[{ text: "a", style: styles.red }, "1", { text: "2.5", style: styles.bold }]];
  const painted = renderTable({ columns: COLUMNS, rows }, styles);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours to take away
  const bare = painted.map((line) => line.replace(/\u001b\[\d+m/g, ""));
  assert.deepEqual(bare, ["name  steps  cost", "a         1   2.5"]);
  assert.equal(painted[1], "\u001b[31ma\u001b[39m         1   \u001b[1m2.5\u001b[22m");
});

test("control characters in a cell cannot break the table", () => {
  const rows = [["a\nb", "1", "2"]];
  assert.deepEqual(renderTable({ columns: COLUMNS, rows }).length, 2);
});

test("names in any script take the columns that a terminal gives them", () => {
  const names = ["acme", "東京商事 🍣", "Zoë", "한국 👩‍💻", "ＡＢ", "✈️", "السلام"];
  // Two for each ideograph, syllable, full-width letter and picture; none for marks and joiners.
  const columns = [4, 11, 3, 7, 4, 2, 6];
  const rows = names.map((name) => [name, "1", "2.5"]);
  const [head, ...lines] = renderTable({ columns: COLUMNS, rows });
  assert.equal(head, "name         steps  cost");
  const gaps = lines.map((line, at) => line.slice((names[at] ?? "").length).length);
  assert.deepEqual(
    gaps,
    columns.map((taken) => 24 - taken),
  );
});
