import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import type { Step } from "./step.ts";
import { step } from "./step-arbitrary.test.ts";
import { SPAN_NUMBERS, StepBytes } from "./step-bytes.ts";
import { partsOfStep, stepText } from "./step-text.ts";
import { ListedUsage, UsageNames } from "./usage.ts";

/** Amounts as they are charged: few places. */
const usual = fc.bigInt({ min: 0n, max: 10n ** 17n }).map((n) => (n * 10n ** 21n) as Amount);

/** The same step with names of ASCII alone, and amounts of any width. */
const plainStep = fc
  .tuple(step, fc.array(usual, { minLength: 5, maxLength: 5 }))
  .map(([made, [cost, ...amounts]]): Step => {
    const shares = made.shares.map((share, at) => ({
      ...share,
      amount: amounts[at] ?? share.amount,
    }));
    const wide = made.seq % 2 === 0 ? made : { ...made, cost: cost ?? made.cost, shares };
    return inAscii(wide) as Step;
  });

function inAscii(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/[^ -~]/gu, "x");
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return value.map(inAscii);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [inAscii(key), inAscii(item)]),
  );
}

test("the bytes of steps are their texts, each on a line behind the beginning", () => {
  fc.assert(
    fc.property(fc.array(plainStep, { maxLength: 5 }), (steps) => {
      const written = StepBytes.of("beginning", steps);
      const text = Buffer.from(written?.bytes ?? []).toString("latin1");
      assert.equal(text, ["beginning", ...steps.map(stepText)].join("\n"));
    }),
  );
});

test("a listed usage is written as the map that it stands for", () => {
  fc.assert(
    fc.property(plainStep, (made) => {
      const names = new UsageNames([...made.usage.keys()]);
      const listed = { ...made, usage: new ListedUsage(names, [...made.usage.values()]) };
      assert.deepEqual(StepBytes.of("", [listed])?.bytes, StepBytes.of("", [made])?.bytes);
      assert.equal(stepText(listed), stepText(made));
    }),
  );
});

test("each text, its id and its body are found by their span", () => {
  fc.assert(
    fc.property(fc.array(plainStep, { minLength: 1, maxLength: 3 }), (steps) => {
      const { spans = [], bytes = [] } = StepBytes.of("", steps) ?? {};
      const text = Buffer.from(bytes).toString("latin1");
      for (const [index, one] of steps.entries()) {
        const at = (place: number) => spans[SPAN_NUMBERS * index + place];
        assert.equal(text.slice(at(0), at(5)), stepText(one));
        assert.equal(text.slice(at(1), at(2)), one.id);
        assert.equal(text.slice(at(3), at(4)), partsOfStep(one).body);
      }
    }),
  );
});

test("steps that name anything beyond ASCII have no bytes", () => {
  fc.assert(
    fc.property(plainStep, fc.constantFrom("run", "id", "customer", "agent"), (made, field) => {
      assert.equal(StepBytes.of("", [{ ...made, [field]: "café" }]), null);
    }),
  );
  fc.assert(
    fc.property(plainStep, (made) => {
      assert.equal(StepBytes.of("", [{ ...made, labels: { café: "x" } }]), null);
    }),
  );
});

test("a text that is far longer than most finds its room", () => {
  fc.assert(
    fc.property(plainStep, plainStep, (made, next) => {
      const long: Step = { ...made, agent: "a".repeat(5_000) };
      const written = StepBytes.of("", [long, next]);
      const text = Buffer.from(written?.bytes ?? []).toString("latin1");
      assert.equal(text, `\n${stepText(long)}\n${stepText(next)}`);
    }),
  );
});
