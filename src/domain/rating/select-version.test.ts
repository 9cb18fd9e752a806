import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RateCard, RateCardVersion } from "./rate-card.ts";
import { versionInForce } from "./select-version.ts";

const card = { key: "card" } as RateCard;
const version = (id: number, effectiveFromMs: number): RateCardVersion => {
  return { id, version: id, effectiveFromMs, recordedAtMs: 0, card, document: "" };
};
const idAt = (versions: RateCardVersion[], atMs: number) =>
  versionInForce(versions, atMs)?.id ?? null;

describe("the card version in force", () => {
  const versions = [version(1, 100), version(3, 200), version(2, 300)];

  test("is the latest to take effect by then, whenever it was recorded", () => {
    assert.deepEqual(
      [100, 199, 200, 299, 300, 999].map((atMs) => idAt(versions, atMs)),
      [1, 1, 3, 3, 2, 2],
    );
  });

  test("is none before the first one takes effect", () => {
    assert.equal(idAt(versions, 99), null);
    assert.equal(idAt([], 0), null);
  });

  test("is the one recorded last of those that take effect together", () => {
    assert.equal(idAt([version(2, 100), version(3, 100), version(1, 100)], 100), 3);
  });

  test("does not depend on the order of the list", () => {
    const list = fc
      .array(fc.nat(5), { maxLength: 6 })
      .map((froms) => froms.map((f, i) => version(i, f)));
    const orders = list.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(orders, fc.nat(6), ([all, others], atMs) => {
        assert.equal(versionInForce(all, atMs), versionInForce(others, atMs));
      }),
    );
  });
});
