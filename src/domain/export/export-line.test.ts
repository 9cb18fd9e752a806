import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  countedValue,
  EXPORT_SCALE,
  formatValue,
  type LineIdentity,
  lineKey,
  parseValue,
} from "./export-line.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const anyText = fc.string({ maxLength: 3 });
const anyIdentity: fc.Arbitrary<LineIdentity> = fc.record({
  ...{ workspace: anyText, connector: anyText, account: anyText, customer: anyText, item: anyText },
  window: fc.record({ startMs: fc.nat(3), endMs: fc.nat(3) }),
  revision: fc.nat(3),
});

test("a key is a UUID of 36 characters that every target takes", () => {
  fc.assert(
    fc.property(anyIdentity, (identity) => {
      const key = lineKey(identity, sha256);
      assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(lineKey({ ...identity }, sha256), key);
    }),
  );
});

test("two identities have two keys, wherever they differ", () => {
  const parts = ["workspace", "connector", "account", "customer", "item", "revision"] as const;
  fc.assert(
    fc.property(anyIdentity, anyIdentity, (a, b) => {
      const isSame =
        parts.every((part) => a[part] === b[part]) &&
        a.window.startMs === b.window.startMs &&
        a.window.endMs === b.window.endMs;
      assert.equal(lineKey(a, sha256) === lineKey(b, sha256), isSame);
    }),
  );
});

test("a key is the same in every version of Tollgate", () => {
  const identity = {
    ...{ workspace: "default", connector: "webhook", account: "live", customer: "acme" },
    ...{ item: "tokens", window: { startMs: 0, endMs: 3_600_000 }, revision: 0 },
  };
  assert.equal(lineKey(identity, sha256), "8a9789b2-aa50-8d6a-983b-7ebf2957be2f");
});

test("a value is written and read to the last digit", () => {
  const anyValue = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n });
  fc.assert(fc.property(anyValue, (value) => assert.equal(parseValue(formatValue(value)), value)));
  assert.equal(formatValue(15n * 10n ** BigInt(EXPORT_SCALE - 1)), "1.5");
  for (const text of ["", "1e999999999", "1,5", "--1", "9".repeat(200)]) {
    assert.equal(parseValue(text), undefined, text);
  }
});

test("a line counts until another one stands for it", () => {
  assert.equal(countedValue({ state: "voided", value: 3n }), 3n);
  assert.equal(countedValue({ state: "unknown", value: 3n }), 3n);
  assert.equal(countedValue({ state: "superseded", value: 3n }), 0n);
});
