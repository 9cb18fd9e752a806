import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Step } from "./step.ts";
import { step } from "./step-arbitrary.test.ts";
import { partsOfStep, stepOfParts, stepText } from "./step-text.ts";

test("a step comes back from its parts as it was", () => {
  fc.assert(
    fc.property(step, (made) => {
      assert.deepEqual(stepOfParts(made, partsOfStep(made)), made);
    }),
  );
});

test("steps that differ in any fact have different texts", () => {
  fc.assert(
    fc.property(step, step, (a, b) => {
      for (const name of Object.keys(a) as (keyof Step)[]) {
        if (name === "charge") continue;
        const changed = { ...a, [name]: b[name] } as Step;
        // Only a shadow is overruled.
        if (changed.overruled && changed.role === "bill") continue;
        const isSame = JSON.stringify(plain(changed[name])) === JSON.stringify(plain(a[name]));
        assert.equal(stepText(changed) === stepText(a), isSame, name);
      }
    }),
  );
});

function plain(value: unknown): unknown {
  if (value instanceof Map) return plain([...value]);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, item]) => [key, plain(item)]);
}
