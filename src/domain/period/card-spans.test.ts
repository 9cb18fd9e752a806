import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RateCard, RateCardVersion } from "../rating/rate-card.ts";
import { cardSpans } from "./card-spans.ts";

const version = (id: number, effectiveFromMs: number): RateCardVersion => {
  const card = { key: `v${id}` } as RateCard;
  const at = { effectiveFromMs, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id, version: id, ...at, card, document: "", override: null };
};
const VERSIONS = [version(1, 100), version(2, 150), version(3, 150), version(4, 190)];

function spans(startMs: number, endMs: number): string[] {
  return cardSpans(VERSIONS, { startMs, endMs }).map(
    ({ card, startMs: from, endMs: until }) => `${card.key} ${from}-${until}`,
  );
}

describe("the spans of a period", () => {
  test("begin and end where a version takes effect", () => {
    assert.deepEqual(spans(100, 200), ["v1 100-150", "v3 150-190", "v4 190-200"]);
    assert.deepEqual(spans(160, 170), ["v3 160-170"]);
    assert.deepEqual(spans(190, 300), ["v4 190-300"]);
  });

  test("have nothing before the first version, and nothing of no time", () => {
    assert.deepEqual(spans(50, 120), ["v1 100-120"]);
    assert.deepEqual(spans(10, 100), []);
    assert.deepEqual(spans(120, 120), []);
  });
});
