import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AsciiBytes } from "./ascii-bytes.ts";
import { toBase36 } from "./base36.ts";
import { anyCodePoint } from "./code-points-contract.ts";
import { jsonString } from "./json-string.ts";
import { type Amount, formatAmount, formatQuantity, type Quantity } from "./money/decimal.ts";

const ROOM_BYTES = 64;

const ascii = fc.string({ unit: "grapheme-ascii", maxLength: 400 });
const escaped = fc.string({ unit: "binary-ascii", maxLength: 80 });
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 18n }).map((n) => n * 10n ** 21n),
  fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
) as fc.Arbitrary<Amount>;

const quantity = fc.oneof(
  fc.maxSafeNat().map((n) => BigInt(n) * 10n ** 9n),
  fc.nat(20_000).map((n) => BigInt(n) * 10n ** 9n),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
) as fc.Arbitrary<Quantity>;

/** A piece: how it is written, and the text that it is. */
type Piece = readonly [(bytes: AsciiBytes) => void, string];

const piece: fc.Arbitrary<Piece> = fc.oneof(
  ascii.map((text): Piece => [(bytes) => bytes.text(text), text]),
  ascii.map((text): Piece => [(bytes) => bytes.shared(text), text]),
  escaped.map((text): Piece => [(bytes) => bytes.json(text), jsonString(text)]),
  fc.maxSafeNat().map((n): Piece => [(bytes) => bytes.integer(n), String(n)]),
  fc.maxSafeNat().map((n): Piece => [(bytes) => bytes.integer(n, 36), toBase36(n)]),
  quantity.map((one): Piece => [(bytes) => bytes.quantity(one), formatQuantity(one)]),
  amount.map((one): Piece => [(bytes) => bytes.amount(one), formatAmount(one)]),
  fc.nat(127).map((code): Piece => [(bytes) => bytes.byte(code), String.fromCharCode(code)]),
);

/** Writes pieces as their writers must: again from where they began, where they did not fit. */
function writeAll(bytes: AsciiBytes, pieces: readonly Piece[]): string {
  for (const [write] of pieces) {
    const from = bytes.at;
    write(bytes);
    while (!bytes.hasRoom) {
      bytes.grow(from);
      write(bytes);
    }
  }
  return Buffer.from(bytes.bytes).toString("latin1");
}

const textOf = (pieces: readonly Piece[]) => pieces.map(([, text]) => text).join("");

describe("texts and numbers as bytes", () => {
  test("are what they are as text, wherever the room for them ends", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bytes = new AsciiBytes(ROOM_BYTES);
        assert.equal(writeAll(bytes, pieces), textOf(pieces));
        assert.ok(bytes.isAscii);
      }),
    );
  });

  test("begin anew in the same room", () => {
    const bytes = new AsciiBytes(ROOM_BYTES);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        bytes.clear();
        assert.equal(writeAll(bytes, pieces), textOf(pieces));
      }),
    );
  });

  test("say so where a character is no byte, until they begin anew", () => {
    const beyond = anyCodePoint.filter((character) => (character.codePointAt(0) ?? 0) > 127);
    const ways = ["text", "shared", "json"] as const;
    fc.assert(
      fc.property(fc.constantFrom(...ways), fc.tuple(ascii, beyond, ascii), (way, parts) => {
        const bytes = new AsciiBytes(ROOM_BYTES);
        bytes[way](parts.join(""));
        bytes.text("more");
        assert.ok(!bytes.isAscii);
        bytes.clear();
        assert.ok(bytes.isAscii);
      }),
    );
  });
});
