import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Problem } from "../errors.ts";
import { PROBLEMS_MAX_COUNT } from "../limits.ts";
import { arbitraryCard } from "./arbitraries.test.ts";
import { contradictionsOf, joinProblems } from "./card-contradictions.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";

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

  test("what a bill shows as it stands has no more places than the currency", () => {
    const amounts = (amount: string) => ({
      key: "card",
      charges: [
        {
          ...{ key: "calls", meter: { count: "steps" } },
          price: { model: "flat", amount: "0.12345" },
          ...{ minimum: amount, maximum: amount },
        },
      ],
      fees: [{ key: "base", amount }],
      discounts: [
        { key: "some", percent: "12.345" },
        { key: "less", amount },
      ],
      ...{ minimum: amount, maximum: amount, runMinimum: "0.12345", runCap: "0.12345" },
    });
    const all = ["charges[0].minimum", "charges[0].maximum", "fees[0].amount"].concat(
      ...["discounts[1].amount", "minimum", "maximum"],
    );
    for (const [currency, good, fine] of [
      ["JPY", "10", "10.5"],
      ["EUR", "10.50", "10.505"],
      ["KWD", "10.505", "10.5055"],
    ] as const) {
      const card = { ...amounts(good), currency };
      assert.ok("card" in parseCardDocument(card), currency);
      const refused = parseCardDocument({ ...amounts(fine), currency });
      assert.ok("problems" in refused, currency);
      assert.deepEqual(
        refused.problems.map(({ field }) => field),
        all,
      );
      assert.match(refused.problems[0]?.detail ?? "", new RegExp(`^${fine} .* ${currency} has `));
      // A card that was recorded before is still read.
      assert.ok("card" in parseRateCard({ ...amounts(fine), currency }), currency);
    }
  });

  test("charges that may count the same outcome settle alike", () => {
    const price = { model: "per_unit", unit: "1" };
    const document = (charges: readonly (readonly [names: string[], settles?: object])[]) => ({
      key: "card",
      currency: "USD",
      charges: charges.map(([names, settles], at) => {
        const where = names.length === 0 ? {} : { where: { outcome: names } };
        return { key: `c${at}`, meter: { count: "outcomes", ...where }, price, settles };
      }),
    });
    const refusedOf = (...charges: Parameters<typeof document>[0]) => {
      const { problems } = parseRateCard(document(charges)) as { problems?: Problem[] };
      return (problems ?? []).map(({ field }) => field);
    };
    const week = { afterDays: 7 };
    assert.deepEqual(refusedOf([["sold"], week], [["resolved"]]), []);
    assert.deepEqual(refusedOf([["sold"], week], [["sold", "lost"], { afterHours: 168 }]), []);
    assert.deepEqual(refusedOf([["sold"], week], [["sold", "lost"]]), ["charges[1].settles"]);
    assert.deepEqual(refusedOf([[]], [["sold"], week]), ["charges[1].settles"]);
    assert.deepEqual(refusedOf([[], week], [["sold"], week], [["lost"]]), ["charges[2].settles"]);
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
