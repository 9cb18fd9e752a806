import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePriceEntries } from "../domain/cost/price-codec.ts";
import { PRICES } from "../engine/commit/engine-world.test.ts";
import { ReadPrices } from "./read-prices.ts";

const documents = ["a", "b", "c"].map((provider) =>
  encodePriceEntries(PRICES.map((entry) => ({ ...entry, provider }))),
);
const [first = "", second = "", third = ""] = documents;

test("workspaces that have the same price book have it once", () => {
  const books = new ReadPrices();
  const entries = books.of(first);
  assert.equal(books.of(Buffer.from(first).toString()), entries);
  assert.equal(encodePriceEntries(entries), first);
  assert.notDeepEqual(books.of(second), entries);
});

test("of more price books than are remembered, those asked for last are read once", () => {
  const books = new ReadPrices(first.length + second.length);
  const [entries, other] = [books.of(first), books.of(second)];
  assert.equal(books.of(first), entries);
  books.of(third);
  assert.equal(books.of(first), entries);
  const again = books.of(second);
  assert.notEqual(again, other);
  assert.deepEqual(again, other);
});
