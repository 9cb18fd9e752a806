import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Shelf } from "./shelf.ts";

interface Row {
  readonly key: string;
  readonly n: number;
}

const isOf = (row: Row, n: number): boolean => row.n === n;

test("a row is found on a short shelf and on a long one, and no other is", () => {
  for (const count of [1, 16, 17, 200]) {
    const shelf = new Shelf<Row, number>(isOf);
    const rows = Array.from({ length: count }, (_, n) => ({ key: `key-${n % 7}`, n }));
    for (const row of rows) shelf.put(row.key, row);
    for (const row of rows) equal(shelf.find(row.key, row.n), row);
    equal(shelf.find("key-0", count), undefined);
    equal(shelf.find("another", 0), undefined);
    deepEqual(shelf.rows, rows);
  }
});

test("only rows with the key are looked at", () => {
  for (const count of [16, 40]) {
    let looks = 0;
    const shelf = new Shelf<Row, null>(({ key }) => {
      equal(key, "key-1");
      looks += 1;
      return false;
    });
    for (let n = 0; n < count; n += 1) shelf.put(`key-${n % 4}`, { key: `key-${n % 4}`, n });
    equal(shelf.find("key-1", null), undefined);
    equal(looks, count / 4);
  }
});
