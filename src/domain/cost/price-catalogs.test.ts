import assert from "node:assert/strict";
import { test } from "node:test";
import { PRICES } from "../../engine/commit/engine-world.test.ts";
import type { PriceVersion } from "./price-book.ts";
import { PriceCatalogs } from "./price-catalogs.ts";

const OTHERS = PRICES.map((entry) => ({ ...entry }));
const version = (some: Partial<PriceVersion>): PriceVersion => ({
  ...{ id: 0, source: "seed", recordedAtMs: 0, effectiveFromMs: null, entries: PRICES },
  ...some,
});

test("versions that find the same share a catalogue, whoever recorded them and when", () => {
  const catalogs = new PriceCatalogs();
  const seed = version({});
  assert.ok(catalogs.bytesToAdd([seed]) > 0);
  const catalog = catalogs.of([seed]);
  assert.equal(catalogs.of([version({ source: "same", recordedAtMs: 5 })]), catalog);
  assert.equal(catalogs.bytesToAdd([seed]), 0);
  // Each of these finds another version, from another time on, or other entries.
  const different = [{ id: 1 }, { effectiveFromMs: 0 }, { entries: OTHERS }];
  for (const some of different) assert.notEqual(catalogs.of([version(some)]), catalog);
  assert.notEqual(catalogs.of([seed, version({ id: 1, entries: OTHERS })]), catalog);
  assert.notEqual(catalogs.of([]), catalog);
});

test("of more catalogues than are shared, the one asked for longest ago is built again", () => {
  const catalogs = new PriceCatalogs(1 + PRICES.length);
  const catalog = catalogs.of([version({})]);
  catalogs.of([version({ id: 1 })]);
  assert.notEqual(catalogs.of([version({})]), catalog);
});
