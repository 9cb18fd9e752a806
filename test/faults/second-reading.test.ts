/**
 * The oracle reads rate cards a second time with code of its own. On made-up cards, steps, runs
 * and outcomes both readings must take the same quantities and come to the same amounts.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { present } from "../../src/domain/assert.ts";
import type { Step } from "../../src/domain/event/step.ts";
import type { Amount } from "../../src/domain/money/decimal.ts";
import {
  arbitraryCard,
  arbitraryQuantity,
  CELLS,
} from "../../src/domain/rating/arbitraries.test.ts";
import { compileCard } from "../../src/domain/rating/meter.ts";
import type { Charge, RateCard } from "../../src/domain/rating/rate-card.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import type { OutcomeState, RunRating } from "../../src/domain/run/run.ts";
import { anyFacts } from "../../src/store/event-sequences-contract.ts";
import {
  type ChargeDocument,
  measureOf,
  takenOfOutcome,
  takenOfRun,
  takenOfStep,
} from "../../src/store/verify/meter-again.ts";
import { amountAgain } from "../../src/store/verify/price-again.ts";

function chargesOf(card: RateCard): ChargeDocument[] {
  const { charges, credit } = JSON.parse(rateCardDocument(card)) as {
    readonly charges: ChargeDocument[];
    readonly credit: { readonly price: string };
  };
  return charges.map((charge) => ({ ...charge, creditPrice: credit.price }));
}

function cellsOf({ price }: Charge): string[] {
  if (price.model === "percentage") return ["", "fixed"];
  if (price.model !== "matrix") return [""];
  const cells = Object.keys(price.cells);
  return price.otherwise === null ? cells : [...cells, "*"];
}

function compiled(card: RateCard) {
  const at = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return compileCard({ id: 1, version: 1, ...at, card, document: "", override: null });
}

const agent = fc.constantFrom(null, "support", "sales", ...CELLS);
const word = fc.constantFrom("search", "gpt-5", "ticket_resolved", ...CELLS);
const labels = fc.option(
  fc.dictionary(fc.constantFrom("team", "__proto__"), fc.constantFrom("x", "y", "z")),
);
const ending = fc.constantFrom(null, "completed" as const, "failed" as const);
const cost = arbitraryQuantity.map((n) => n as bigint as Amount);

describe("the second reading of a rate card", () => {
  test("prices every total as the first does", () => {
    const property = fc.property(arbitraryCard, arbitraryQuantity, (card, total) => {
      const charges = chargesOf(card);
      for (const [at, charge] of card.charges.entries()) {
        const again = present(charges[at], "charge");
        for (const cell of cellsOf(charge)) {
          const { measure, price } = compiled(card).segmentPrice(charge.key, cell);
          assert.equal(measureOf(again, cell), measure);
          assert.equal(amountAgain(again, cell, total), price.amountAt(total), charge.price.model);
        }
      }
    });
    fc.assert(property);
  });

  test("takes of a step what the first does", () => {
    const facts = fc.record({ facts: anyFacts, agent, labels, tool: word, model: word, cost });
    const property = fc.property(arbitraryCard, facts, (card, { facts, ...more }) => {
      const step = { ...facts, ...more, voided: false } as unknown as Step;
      assert.deepEqual(takenOfStep(chargesOf(card), step), compiled(card).meterStep(step));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("takes of a run and an outcome what the first does", () => {
    const property = fc.property(
      arbitraryCard,
      fc.record({ agent, labels, word, ending }),
      (card, made) => {
        const { word: outcome, ...about } = made;
        const run = { ...about, counted: true } as unknown as RunRating & typeof about;
        assert.deepEqual(takenOfRun(chargesOf(card), run), compiled(card).meterRun(run));
        const recorded = { ...about, outcome, status: "recorded" } as unknown as OutcomeState &
          typeof about;
        const taken = takenOfOutcome(chargesOf(card), recorded);
        assert.deepEqual(taken, compiled(card).meterOutcome({ ...about, outcome }));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
