import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryCard } from "./arbitraries.test.ts";

import { rateCardDocument } from "./rate-card-document.ts";
import { storedRateCard } from "./stored-rate-card.ts";

test("a recorded card comes back from its document as it was applied", () => {
  fc.assert(
    fc.property(arbitraryCard, (card) => {
      const document = rateCardDocument(card);
      assert.equal(rateCardDocument(storedRateCard(document)), document);
    }),
  );
});

test("a recorded card keeps a pattern that would be refused today", () => {
  const entitlements = { models: ["gpt*5"] };
  const price = { model: "per_unit", unit: "1" };
  const charges = [{ key: "steps", meter: { count: "steps" }, price }];
  const document = JSON.stringify({ key: "card", currency: "USD", charges, entitlements });
  assert.deepEqual(storedRateCard(document).entitlements?.models, ["gpt*5"]);
});

test("a document that is no card crashes: the store was altered", () => {
  assert.throws(() => storedRateCard('{"key":"x"}'), /a recorded rate card is valid/);
});
