/**
 * Rows that carry a checksum of their own, altered with a checksum that was made to fit: whatever
 * money, limits or their causes depend on is named by what the other rows say.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeDigest } from "../../src/compose.ts";
import { type Bound, rowText } from "../../src/store/stored-rows.ts";
import { columnsOf, findingsAfter, keyOf, placeOf, type Row, rowsOf } from "./altered-copy.ts";
import { originalFolder } from "./original-folder.ts";

const varied = originalFolder("forged-rows");
const { original } = varied;

/** What no other row bears witness to: names for retries, clocks, and what a call was told. */
const ALONE: Readonly<Record<string, readonly string[]>> = {
  adjustments: ["seq"],
  overruns: ["seq"],
  holds: [
    ...["hold_id", "call_id", "content_hash", "max_output", "clamped"],
    ...["granted_at", "expires_at", "ended_at"],
  ],
  conflicts: ["seq", "content_hash", "received_at"],
  suspended: ["content_hash", "received_at"],
  witnesses: ["customer", "call_id", "received_at"],
};

function otherValue(value: unknown, type: string): string | number {
  if (value === null) return type === "INTEGER" ? 1 : "x";
  if (typeof value === "number") return value + 1;
  const digit = /^(.*?)(\d)(\D*)$/s.exec(value as string);
  return digit === null ? `${value}x` : `${digit[1]}${(Number(digit[2]) + 5) % 10}${digit[3]}`;
}

/** Columns of a row of which a forger could write something else. */
function unseen(table: string, row: Row): string[] {
  const columns = columnsOf(varied.db, table).filter(({ name }) => name !== "checksum");
  const { where, values } = placeOf(varied.db, table, row);
  const tried = columns.filter(({ name }) => name !== "ws" && !ALONE[table]?.includes(name));
  return tried.flatMap(({ name, type }) => {
    // A document is known by whose it is.
    const isDocument = name === "document";
    const value = isDocument
      ? String(row.document).replace(/"id":"/, '"id":"x')
      : otherValue(row[name], type);
    const all = columns.map((one) => (one.name === name ? value : row[one.name]) as Bound);
    const findings = findingsAfter(original, (copy) => {
      const sql = `UPDATE ${table} SET ${name} = ?, checksum = ? WHERE ${where}`;
      copy.prepare(sql).run(value, nodeDigest.checksum(rowText(all)), ...values);
    });
    assert.ok(
      !findings.some(({ problem }) => problem === "does not match its checksum"),
      `${table}.${name}: the checksum fits`,
    );
    return findings.length > 0 ? [] : [`${keyOf(table, row)} ${name}: ${row[name]} → ${value}`];
  });
}

describe("a row whose checksum was made to fit is named by the others", () => {
  for (const table of Object.keys(ALONE)) {
    test(`in ${table}`, () => {
      const rows = rowsOf(varied.db, table);
      assert.ok(rows.length > 0, `${table} has a row to forge`);
      for (const row of rows.slice(0, 2)) assert.deepEqual(unseen(table, row), []);
    });
  }

  test("a run with another authority than the one by which its steps bill", () => {
    const named = (set: string) =>
      findingsAfter(original, (copy) => void copy.exec(`UPDATE runs SET ${set}`))
        .filter(({ table }) => table === "steps")
        .map(({ problem }) => problem);
    const bills = named("authority = 'nobody' WHERE id = 'r1'");
    assert.ok(bills.includes('bills, and the authority of its run is "nobody"'), `${bills}`);
    const overruled = named("authority = NULL WHERE id = 'r5'");
    assert.deepEqual([...new Set(overruled)], ["is overruled, and its run lets it bill"]);
  });

  test("a hold that sets aside less in a budget than its step may cost", () => {
    const row = rowsOf(varied.db, "holds").find(({ reserves }) => reserves !== "[]") ?? {};
    const columns = columnsOf(varied.db, "holds").filter(({ name }) => name !== "checksum");
    const reserves = String(row.reserves).replace(/(\d)(\d+)"\]/, '$2"]');
    assert.notEqual(reserves, row.reserves);
    const all = columns.map(({ name }) => (name === "reserves" ? reserves : row[name]) as Bound);
    const { where, values } = placeOf(varied.db, "holds", row);
    const findings = findingsAfter(original, (copy) => {
      const sql = `UPDATE holds SET reserves = ?, checksum = ? WHERE ${where}`;
      copy.prepare(sql).run(reserves, nodeDigest.checksum(rowText(all)), ...values);
    });
    const problems = findings.map(({ table, problem }) => `${table} ${problem}`).join("\n");
    assert.match(problems, /^holds sets aside something else of budget \d+ than its worst case/m);
  });
});
