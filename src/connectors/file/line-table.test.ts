import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { type LineRow, tableOf } from "./line-table.ts";
import { keysOfManifest, manifestOf } from "./manifest.ts";

const anyText = fc.string({ unit: "grapheme", maxLength: 8 });
const anyRow: fc.Arbitrary<LineRow> = fc.record({
  ...{ key: fc.uuid(), account: anyText, customer: anyText, customerThere: anyText, item: anyText },
  ...{ itemThere: anyText, period: anyText, windowStart: anyText, windowEnd: anyText },
  ...{ revision: fc.nat(99), mode: anyText, value: fc.constantFrom("1.5", "-0.25", "12345678.9") },
  ...{ windowTotal: fc.constantFrom("0", "-3"), unit: anyText, description: anyText },
  ...{ source: anyText, parts: anyText },
});

test("a warehouse reads from Parquet what was written, to the last digit", async () => {
  const property = fc.asyncProperty(
    fc.array(anyRow, { minLength: 1, maxLength: 9 }),
    async (rows) => {
      const bytes = tableOf(
        rows.map((row) => JSON.stringify(row)),
        "parquet",
      );
      const file = new Uint8Array(bytes).buffer;
      assert.deepEqual(
        await parquetReadObjects({ file }),
        rows.map((row) => ({ ...row })),
      );
    },
  );
  await fc.assert(property, { numRuns: 50 });
});

test("a spreadsheet gets numbers as numbers, and runs no formula", () => {
  const [row] = fc.sample(anyRow, 1);
  const body = JSON.stringify({ ...row, customer: "=1+1", description: 'a "b"\nc', value: "-2" });
  const text = Buffer.from(tableOf([body], "csv")).toString();
  const [header = ""] = text.split("\r\n");
  assert.equal(header.split(",").length, 17);
  assert.ok(text.includes(",'=1+1,"), text);
  assert.ok(text.includes(",-2,"), text);
  assert.ok(text.includes('"a ""b""\nc"'), text);
});

test("NDJSON is what was frozen, and the same rows are the same file", () => {
  const bodies = ['{"key":"a","value":"1"}', '{"key":"b","value":"2"}'];
  assert.equal(Buffer.from(tableOf(bodies, "ndjson")).toString(), `${bodies.join("\n")}\n`);
  fc.assert(
    fc.property(fc.array(anyRow, { minLength: 1, maxLength: 4 }), (rows) => {
      const all = rows.map((row) => JSON.stringify(row));
      for (const format of ["csv", "ndjson", "parquet"] as const) {
        const names = [1, 2].map(() => manifestOf(all, tableOf(all, format), format).file);
        assert.equal(names[0], names[1]);
      }
    }),
    { numRuns: 20 },
  );
});

test("a manifest says what the file comes to, by unit, and which lines it has", () => {
  const rows = [
    { key: "a", unit: "USD", value: "0.1" },
    { key: "b", unit: "USD", value: "0.2" },
    { key: "c", unit: "EUR", value: "-7" },
  ].map((row) => JSON.stringify(row));
  const manifest = manifestOf(rows, tableOf(rows, "ndjson"), "ndjson");
  assert.deepEqual(manifest.sums, { USD: "0.3", EUR: "-7" });
  assert.equal(manifest.rows, 3);
  assert.deepEqual([...keysOfManifest(JSON.stringify(manifest))], ["a", "b", "c"]);
  for (const text of [
    "",
    "{",
    "[]",
    '{"keys":["a"]}',
    '{"format":"tollgate.export/2","keys":["a"]}',
  ]) {
    assert.equal(keysOfManifest(text).size, 0, text);
  }
});
