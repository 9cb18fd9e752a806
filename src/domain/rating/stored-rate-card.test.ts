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

test("a document that is no card crashes: the store was altered", () => {
  assert.throws(() => storedRateCard('{"key":"x"}'), /a recorded rate card is valid/);
});
