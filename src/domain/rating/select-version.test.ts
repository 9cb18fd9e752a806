import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RateCard, RateCardVersion, TakesEffect } from "./rate-card.ts";
import { versionInForce } from "./select-version.ts";

const card = { key: "card" } as RateCard;
const version = (
  id: number,
  effectiveFromMs: number,
  takesEffect: TakesEffect = "at_once",
): RateCardVersion => {
  const at = { effectiveFromMs, takesEffect, recordedAtMs: 0 };
  return { id, version: id, ...at, card, document: "", override: null };
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

describe("a version that waits for the next period", () => {
  const [old, waiting] = [version(1, 100), version(2, 200, "next_period")];

  test("is in force in the periods that start with it or after it", () => {
    const idIn = (atMs: number, startMs: number) =>
      versionInForce([old, waiting], atMs, startMs)?.id;
    assert.deepEqual(
      [idIn(199, 150), idIn(250, 150), idIn(300, 300), idIn(200, 200)],
      [1, 1, 2, 2],
    );
  });

  test("does not undo a version that was applied at once after it", () => {
    const versions = [old, waiting, version(3, 220)];
    const ids = [210, 220, 300].map((atMs) => versionInForce(versions, atMs, atMs - 80)?.id);
    assert.deepEqual(ids, [1, 3, 3]);
  });

  test("never changes what a period under way is rated by", () => {
    const dated = fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 6 });
    fc.assert(
      fc.property(dated, fc.nat(9), fc.nat(9), (froms, startMs, lengthMs) => {
        const versions = froms.map(([from, waits], index) =>
          version(index + 1, from, waits ? "next_period" : "at_once"),
        );
        const added = version(versions.length + 1, startMs + 1, "next_period");
        const atMs = startMs + lengthMs;
        assert.equal(
          versionInForce([...versions, added], atMs, startMs),
          versionInForce(versions, atMs, startMs),
        );
      }),
    );
  });
});
