import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { anyCodePoint } from "../../domain/code-points-contract.ts";
import { LISTS_ROOM_MAX_BYTES } from "../../domain/database-limits.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { arrayParameter, type Rows } from "./array-parameter.ts";

/** Texts as they may be stored: PostgreSQL keeps no NUL, and a lone surrogate is no character. */
const anyText = fc
  .oneof(
    fc.string({ unit: anyCodePoint }),
    fc.string({ unit: "grapheme" }),
    fc.constant('{"a\\",NULL}'),
  )
  .filter((text) => text.isWellFormed() && !text.includes("\u0000"));
/** As amounts and quantities are written, and longer, with any zeros. */
const anyDecimal = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(
      fc.constantFrom(0, 10_000, 100_000_000),
      fc.nat(),
      fc.bigInt({ min: 0n, max: 10n ** 80n }),
    ),
    fc.stringMatching(/^(|[.][0-9]{1,40}|[.]0{0,9}[0-9]0{0,9})$/),
  )
  .map(
    ([sign, whole, places]) => `${/[1-9]/.test(`${whole}${places}`) ? sign : ""}${whole}${places}`,
  );
const orNull = <T>(of: fc.Arbitrary<T>) => fc.array(fc.option(of), { maxLength: 20 });
/** Texts of ASCII are written in a way of their own where they are short. */
const anyAscii = fc.string({ unit: "grapheme-ascii", maxLength: 200 });
/** One byte a character in another encoding, and two in that of the server. */
const anyLatin = fc.string({ unit: fc.constantFrom("a", "é", "ÿ"), maxLength: 80 });
const anyLists = fc.record({
  text: orNull(fc.oneof(anyText, anyAscii, anyLatin)),
  int8: orNull(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()),
  ),
  int4: orNull(fc.integer()),
  bool: orNull(fc.boolean()),
  numeric: orNull(anyDecimal),
});

/** Head of the protocol's arrays. */
const HEAD_BYTES = 20;

/** A column behind another one. */
function rowsOf<T>(values: readonly T[]): (string | T)[][] {
  return values.map((value) => ["in front", value]);
}

test("the server reads from every list what was put into it", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const client = new pg.Client({ connectionString });
  await client.connect();
  const property = fc.asyncProperty(anyLists, async (lists) => {
    const types = Object.keys(lists) as (keyof typeof lists)[];
    const columns = types.map((type, at) => `to_json($${at + 1}::${type}[]::text[]) AS ${type}`);
    const values = types.map((type) =>
      arrayParameter(type, rowsOf<unknown>(lists[type]) as Rows, 1),
    );
    const { rows } = await client.query(`SELECT ${columns.join(", ")}`, values);
    for (const type of types) {
      const sent = lists[type].map((value) => (value === null ? null : String(value)));
      assert.deepEqual(rows[0]?.[type], sent, type);
    }
  });
  try {
    await fc.assert(property, { numRuns: 150 });
  } finally {
    await client.end();
  }
});

test("a list of a type that is not known is refused", () => {
  assert.throws(() => arrayParameter("jsonb", [], 0), /a list of jsonb/);
});

test("an integer that its column does not hold is refused, not cut", () => {
  const refused: [type: string, value: number | bigint][] = [
    ...([0.5, Number.NaN, 2 ** 31, -(2 ** 31) - 1].map((value) => ["int4", value]) as [
      string,
      number,
    ][]),
    ["int8", 0.5],
    ["int8", 2 ** 53],
    ["int8", 2n ** 63n],
  ];
  for (const [type, value] of refused) {
    assert.throws(() => arrayParameter(type, [[value]], 0), /as an integer/, `${type} ${value}`);
  }
});

test("what is no decimal is refused", () => {
  for (const value of ["", "x", "1e3", "1.2.3", "--1"]) {
    assert.throws(() => arrayParameter("numeric", [[value]], 0), /as a decimal/, value);
  }
});

test("a list that needs more room than any before is whole, and so is the next one", () => {
  const long = "é".repeat(LISTS_ROOM_MAX_BYTES / 4);
  const rows = [[long], [new TextEncoder().encode(long)], ["ab"], [null]];
  const list = arrayParameter("text", rows, 0);
  const next = arrayParameter("int8", [[-1]], 0);
  const elements: (string | null)[] = [];
  for (let at = HEAD_BYTES; at < list.length; ) {
    const length = list.readInt32BE(at);
    at += 4;
    elements.push(length < 0 ? null : list.toString("utf8", at, at + length));
    at += Math.max(0, length);
  }
  assert.deepEqual(elements, [long, long, "ab", null]);
  assert.equal(next.readBigInt64BE(HEAD_BYTES + 4), -1n);
});
