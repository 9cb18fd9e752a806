import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PROBLEMS_MAX_COUNT } from "../limits.ts";
import { arbitraryCard } from "./arbitraries.test.ts";
import { contradictionsOf, joinProblems } from "./card-contradictions.ts";

const fieldsOf = (...[card]: Parameters<typeof contradictionsOf>) =>
  contradictionsOf(card).map(({ field }) => field);

describe("contradictions of a card", () => {
  test("a good card has none", () => {
    fc.assert(fc.property(arbitraryCard, (card) => assert.deepEqual(fieldsOf(card), [])));
  });

  test("a charge in credits needs a credit, and every key is of one thing", () => {
    const property = fc.property(arbitraryCard, (card) => {
      const charges = card.charges.map((charge) => ({ ...charge, inCredits: true }));
      const paths = charges.map((_, index) => `charges[${index}].in`);
      assert.deepEqual(fieldsOf({ ...card, charges, credit: null }), paths);
      const twice = { ...card, charges: [...card.charges, ...card.charges] };
      const repeated = card.charges.map((_, at) => `charges[${card.charges.length + at}].key`);
      assert.deepEqual(fieldsOf(twice), repeated);
    });
    fc.assert(property);
  });

  test("of a place that cannot be read are not told, and all are few", () => {
    const problem = (field: string) => ({ code: "ratecard.invalid" as const, detail: "", field });
    assert.deepEqual(joinProblems([problem("a")], [problem("a"), problem("b")]), [
      problem("a"),
      problem("b"),
    ]);
    const many = Array.from({ length: 2 * PROBLEMS_MAX_COUNT }, (_, at) => problem(`${at}`));
    assert.equal(joinProblems([], many).length, PROBLEMS_MAX_COUNT);
  });
});
