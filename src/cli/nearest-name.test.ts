import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "./nearest-name.ts";

const OPTIONS = ["effective", "now", "rerate", "url", "key", "data", "json", "by", "reason"];

test("a name with few wrong letters is told", () => {
  assert.equal(nearestName("efective", OPTIONS), "effective");
  assert.equal(nearestName("rearte", OPTIONS), "rerate");
  assert.equal(nearestName("urls", OPTIONS), "url");
  assert.equal(nearestName("jsno", ["json", "data"]), "json");
});

test("a name that goes on, or stops before its second word, is told", () => {
  assert.equal(nearestName("effective-from", OPTIONS), "effective");
  assert.equal(nearestName("as", ["as-of", "data"]), "as-of");
});

test("short names and far ones are not guessed", () => {
  assert.equal(nearestName("b", OPTIONS), undefined);
  assert.equal(nearestName("mode", OPTIONS), undefined);
  assert.equal(nearestName("", OPTIONS), undefined);
  assert.equal(nearestName("from", OPTIONS), undefined);
});

test("of two that are equally near none is told", () => {
  assert.equal(nearestName("cards", ["card", "cords"]), undefined);
});
