import assert from "node:assert/strict";
import { test } from "node:test";
import { askWhetherMeant, nearestName } from "./nearest-name.ts";

const OPTIONS = ["effective", "now", "rerate", "url", "key", "data", "json", "by", "reason"];

test("a name with few wrong letters is told", () => {
  assert.equal(nearestName("efective", OPTIONS), "effective");
  assert.equal(nearestName("rearte", OPTIONS), "rerate");
  assert.equal(nearestName("urls", OPTIONS), "url");
  assert.equal(nearestName("jsno", OPTIONS), "json");
});

test("words may be joined in any way", () => {
  const fields = new Set(["occurredAt", "parentRun", "callId"]);
  assert.equal(nearestName("occurred_at", fields), "occurredAt");
  assert.equal(nearestName("ParentRun", fields), "parentRun");
  assert.equal(nearestName("call-id", fields), "callId");
  // The nearest of two that are near.
  assert.equal(nearestName("user_id", ["userIds", "userId"]), "userId");
});

test("a name that goes on, or stops before its second word, is told", () => {
  assert.equal(nearestName("effective-from", OPTIONS), "effective");
  assert.equal(nearestName("as", ["as-of", "data"]), "as-of");
});

test("short names and far ones are not guessed", () => {
  for (const given of ["b", "mode", "", "from", "x".repeat(100_000)]) {
    assert.equal(nearestName(given, OPTIONS), undefined, given.slice(0, 10));
  }
  assert.equal(nearestName("any", []), undefined);
});

test("of two that are equally near none is told, unless a third is nearer", () => {
  assert.equal(nearestName("cards", ["card", "cords"]), undefined);
  assert.equal(nearestName("cards", ["cord", "cords", "cards-of"]), undefined);
  assert.equal(nearestName("card_s", ["card", "cords", "cards"]), "cards");
});

test("the question names it as it is written there", () => {
  assert.equal(askWhetherMeant("jsno", OPTIONS), ' Is "json" meant?');
  assert.equal(
    askWhetherMeant("jsno", OPTIONS, (name) => `--${name}`),
    " Is --json meant?",
  );
  assert.equal(askWhetherMeant("mode", OPTIONS), "");
});
