import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { partsOfStep, stepOfParts } from "../event/step-text.ts";
import { anyStep, CARDS, oneByOne, STARTED_AT_MS, second, totals } from "./arbitraries.test.ts";
import { StepSums } from "./step-sums.ts";
import { StepTextSums } from "./step-text-sums.ts";

/** Of a step that names no agent, provider, model or tool. */
const FACETS = "\u001f\u001f\u001f\u001f";

test("read from their texts, in any order, they are the same", () => {
  const property = fc.property(
    fc.array(anyStep, { maxLength: 12 }),
    fc.boolean(),
    (steps, isTurned) => {
      const texts: string[] = [];
      const numberOf = (text: string) => {
        const at = texts.indexOf(text);
        return (at >= 0 ? at : texts.push(text) - 1) + 1;
      };
      const sums = new StepSums(CARDS, () => STARTED_AT_MS);
      const options = { textOf: (number: number) => texts[number - 1] ?? "", readsLabels: true };
      const textSums = new StepTextSums(sums, options);
      for (const step of isTurned ? steps.toReversed() : steps) {
        const { facets, labels, body } = partsOfStep(step);
        const labelsNo = labels === "" ? 0 : numberOf(labels);
        textSums.add(sums.of(step.customer), {
          facetsNo: numberOf(facets),
          labelsNo,
          body,
          seq: 1,
        });
        // The text is what the step is: the meter sees the same in both.
        const place = { run: "r", source: "s", id: "i", customer: step.customer, seq: 1 };
        assert.deepEqual(stepOfParts(place, { facets, labels, body }).usage, step.usage);
      }
      assert.deepEqual(totals(sums.merged()), oneByOne(steps));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("codes of a step that no card rated are those of no other step that one did", () => {
  const [any] = fc.sample(anyStep, { numRuns: 1, seed: 1 });
  assert.ok(any !== undefined);
  const paying = { ...any, payer: "customer", role: "bill", voided: false, labels: null } as const;
  const steps = (["tool", "model"] as const).map((kind, at) => {
    const usual = { revision: 1, attempt: 1, status: "ok", completeness: "exact" } as const;
    return { ...paying, ...usual, kind, cardVersionId: at === 0 ? null : 1, namesAgent: true };
  });
  const sums = new StepSums(CARDS, () => STARTED_AT_MS);
  const textSums = new StepTextSums(sums, { textOf: () => FACETS, readsLabels: true });
  for (const step of steps) {
    const { body } = partsOfStep(step);
    textSums.add(sums.of(step.customer), { facetsNo: 1, labelsNo: 0, body, seq: 1 });
  }
  const counted = sums.merged().find(({ chargeKey }) => chargeKey === "steps");
  assert.equal(counted?.quantity, 1_000_000_000n);
});

test("labels that no card looks at make no difference and are not read", () => {
  const sums = new StepSums([() => second], () => STARTED_AT_MS);
  const textOf = (number: number) => (number === 1 ? FACETS : assert.fail("labels are read"));
  const textSums = new StepTextSums(sums, { textOf, readsLabels: false });
  const [step] = fc.sample(anyStep, { numRuns: 1, seed: 1 });
  assert.ok(step !== undefined);
  const paying = { ...step, payer: "customer", role: "bill", voided: false, labels: null } as const;
  const { body } = partsOfStep(paying);
  for (const labelsNo of [7, 8, 9]) {
    textSums.add(sums.of("acme"), {
      facetsNo: 1,
      labelsNo: labelsNo === 7 ? 0 : labelsNo,
      body,
      seq: 1,
    });
  }
  const paid = sums.merged().find(({ chargeKey }) => chargeKey === "paid");
  assert.equal(paid?.quantity, 3_000_000_000n);
});
