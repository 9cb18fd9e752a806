import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PackagedPrices, priceUpdate } from "./packaged-prices.ts";
import type { PriceEntry } from "./price-book.ts";
import { entryOf, periodOf, ratesOf, versionOf } from "./price-fixtures.test.ts";

const isEdition = (source: string) => source.startsWith("list ");

function listed(...entries: PriceEntry[]): PackagedPrices {
  return { source: "list 2", entries, isEdition };
}

const at = (price: string, more: Partial<PriceEntry> = {}) =>
  entryOf({ ...more, periods: [periodOf(ratesOf({ input_uncached: price }))] });

/** Subjects that are recorded, and those that are kept. */
function told({ entries, kept }: ReturnType<typeof priceUpdate>) {
  return [entries, kept].map((list) => list.map(({ subject }) => subject).join(" "));
}

test("what a newer list says otherwise, or anew, is recorded; what it says again is not", () => {
  const named = (price: string, subject: string) => at(price, { subject });
  const first = versionOf(0, { source: "list 1", entries: [at("1"), named("2", "model-2")] });
  const newer = listed(at("1"), named("3", "model-2"), named("4", "model-3"));
  assert.deepEqual(told(priceUpdate([first], newer)), ["model-2 model-3", ""]);
});

test("prices of one's own stand, by whatever name, also those older than an edition", () => {
  const own = versionOf(1, {
    source: "mine",
    entries: [at("1", { subject: "Ours", aliases: ["MODEL-2"] }), at("5", { provider: "Acme" })],
  });
  const first = versionOf(0, { source: "list 0", entries: [at("9")] });
  const later = versionOf(2, { source: "list 1", entries: [at("9", { subject: "model-4" })] });
  const newer = listed(
    at("1"),
    at("3", { subject: "model-2" }),
    at("4", { subject: "model-3", aliases: ["ours"] }),
    at("7", { subject: "model-4" }),
  );
  assert.deepEqual(told(priceUpdate([first, own, later], newer)), [
    "model-4",
    "model-1 model-2 model-3",
  ]);
});

test("the newest edition counts, whenever it takes effect", () => {
  const versions = ["1", "2", "3"].map((price, id) =>
    versionOf(id, { source: `list ${id}`, effectiveFromMs: -id, entries: [at(price)] }),
  );
  assert.deepEqual(told(priceUpdate(versions, listed(at("3")))), ["", ""]);
  assert.deepEqual(told(priceUpdate(versions, listed(at("1")))), ["model-1", ""]);
});

test("what was recorded once is not recorded again", () => {
  const subjects = fc.constantFrom("a", "b", "c", "d");
  const entry = fc.record({
    subject: subjects,
    aliases: fc.uniqueArray(subjects, { maxLength: 2 }),
    price: fc.constantFrom("1", "2", "3"),
  });
  const entries = fc
    .uniqueArray(entry, { selector: ({ subject }) => subject, maxLength: 4 })
    .map((list) => list.map(({ price, ...names }) => at(price, names)));
  const versions = fc
    .array(fc.record({ source: fc.constantFrom("list 1", "mine"), entries }), { maxLength: 4 })
    .map((list) => list.map((one, id) => versionOf(id, one)));
  fc.assert(
    fc.property(versions, entries, (before, packaged) => {
      const list = listed(...packaged);
      const first = priceUpdate(before, list);
      const recorded = versionOf(before.length, { source: list.source, entries: first.entries });
      const second = priceUpdate([...before, recorded], list);
      assert.deepEqual(second.entries, []);
      assert.deepEqual(second.kept, first.kept);
    }),
  );
});
