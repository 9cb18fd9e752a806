import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { countMarks, encodeMarks, recognise } from "./step-marks.ts";

const content = (text: string) => hash("sha256", text, "base64url");

const step = fc.record({
  source: fc.string({ maxLength: 6 }),
  id: fc.string({ maxLength: 8 }),
  contentHash: fc.string({ maxLength: 8 }),
});
const steps = fc.uniqueArray(step, { selector: ({ source, id }) => JSON.stringify([source, id]) });

test("a removed step is recognised, a changed one told, and no other", () => {
  fc.assert(
    fc.property(steps, step, (removed, other) => {
      const marks = encodeMarks(removed, content);
      assert.equal(countMarks(marks), removed.length);
      for (const one of removed) {
        assert.equal(recognise(marks, one, content), "duplicate");
        const changed = { ...one, contentHash: `${one.contentHash}!` };
        assert.equal(recognise(marks, changed, content), "changed");
      }
      const isAmong = removed.some(({ source, id }) => source === other.source && id === other.id);
      if (!isAmong) assert.equal(recognise(marks, other, content), "unknown");
    }),
  );
});

test("the order in which steps are given makes no difference", () => {
  fc.assert(
    fc.property(steps, (removed) => {
      assert.equal(encodeMarks(removed.toReversed(), content), encodeMarks(removed, content));
    }),
  );
});

test("a mark takes 20 characters", () => {
  const one = { source: "s", id: "i", contentHash: "c" };
  assert.equal(encodeMarks([one], content).length, 20);
});
