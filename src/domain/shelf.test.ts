import { equal } from "node:assert/strict";
import { test } from "node:test";
import { Shelf } from "./shelf.ts";

interface Row {
  readonly key: string;
  readonly n: number;
}

/** The row as a caller looks for it. */
function find(shelf: Shelf<Row>, key: string, n: number): Row | undefined {
  return shelf.near(key).find((row) => row.key === key && row.n === n);
}

test("a row is found on a short shelf and on a long one, and no other is", () => {
  for (const count of [1, 16, 17, 200]) {
    const shelf = new Shelf<Row>(({ key }) => key);
    const rows = Array.from({ length: count }, (_, n) => ({ key: `key-${n % 7}`, n }));
    for (const row of rows) shelf.put(row);
    for (const row of rows) equal(find(shelf, row.key, row.n), row);
    equal(find(shelf, "key-0", count), undefined);
    equal(find(shelf, "another", 0), undefined);
    equal(shelf.rows.length, count);
  }
});

test("a long shelf gives only the rows of a key", () => {
  const shelf = new Shelf<Row>(({ key }) => key);
  for (let n = 0; n < 40; n += 1) shelf.put({ key: `key-${n % 4}`, n });
  equal(shelf.near("key-1").length, 10);
});
