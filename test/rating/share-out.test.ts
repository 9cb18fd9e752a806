/** The oracle of division by largest remainder, where two parts lose the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allocate } from "../../src/domain/money/allocate.ts";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import { Exact } from "./price-oracle.ts";
import { shareOut } from "./share-out.ts";

test("of parts that lose the same the first has the unit, though neither has a last digit", () => {
  // A fee of 0.002 for two stretches of 30 days and for the time that nobody owes.
  const [text, weights] = ["0.002", [105_884_930, 1_552_806_878, 933_308_192]] as const;
  const parts = allocate(parseAmount(text) as Amount, weights.map(BigInt), 1n);
  const again = shareOut(
    new Exact(text),
    weights.map((one) => new Exact(one)),
    33,
  );
  assert.deepEqual(
    again.map((part) => part.toFixed()),
    parts.map((part) => formatAmount(part)),
  );
});
