import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chargeColumn } from "./charge-column.ts";

const row = (charge: string, chargeCurrency: string | null) => ({ charge, chargeCurrency });

function told(rows: readonly ReturnType<typeof row>[]) {
  const { columns, cellsOf } = chargeColumn(rows);
  return [columns.map(({ title }) => title), ...rows.map(cellsOf)];
}

describe("a column of charges", () => {
  test("tells the one currency in its title, and amounts in its decimals", () => {
    assert.deepEqual(told([row("1200", "JPY"), row("0", "JPY")]), [
      ["charge JPY"],
      ["1,200"],
      ["0"],
    ]);
    assert.deepEqual(told([row("0.5", "KWD")]), [["charge KWD"], ["0.500"]]);
  });

  test("tells each one's where they differ, and of a sum over several that it is one", () => {
    assert.deepEqual(told([row("1200", "JPY"), row("3.5", "USD"), row("7.5", null)]), [
      ["charge", ""],
      ["1,200", "JPY"],
      ["3.50", "USD"],
      ["7.50", "mixed"],
    ]);
    assert.deepEqual(told([row("7.5", null)]), [
      ["charge", ""],
      ["7.50", "mixed"],
    ]);
  });

  test("has no currency where there is no card", () => {
    assert.deepEqual(told([row("0", null)]), [["charge"], ["0.00"]]);
    assert.deepEqual(told([]), [["charge"]]);
  });
});
