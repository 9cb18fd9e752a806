import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, each, STEPS } from "../engine/commit/engine-world.test.ts";
import { ReadCards } from "./read-cards.ts";

const documents = ["1", "2", "3"].map((unit) => cardOf({ calls: [STEPS, each(unit)] }).document);
const [first = "", second = "", third = ""] = documents;

test("a card is read once from the same document", () => {
  const cards = new ReadCards();
  const card = cards.of(first);
  assert.equal(cards.of(first), card);
  assert.notDeepEqual(cards.of(second), card);
});

test("of more cards than are remembered, those that were read first are read again", () => {
  const cards = new ReadCards(first.length + second.length);
  const card = cards.of(first);
  const other = cards.of(second);
  const last = cards.of(third);
  assert.equal(cards.of(third), last);
  assert.equal(cards.of(second), other);
  assert.notEqual(cards.of(first), card);
  assert.deepEqual(cards.of(first), card);
});

test("a document that is larger than all that is remembered is read nevertheless", () => {
  const cards = new ReadCards(1);
  assert.deepEqual(cards.of(first), new ReadCards().of(first));
});
