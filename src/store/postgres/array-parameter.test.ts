import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { anyCodePoint } from "../../domain/code-points-contract.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { arrayParameter } from "./array-parameter.ts";

/** Texts as they may be stored: PostgreSQL keeps no NUL, and a lone surrogate is no character. */
const anyText = fc
  .oneof(
    fc.string({ unit: anyCodePoint }),
    fc.string({ unit: "grapheme" }),
    fc.constant('{"a\\",NULL}'),
  )
  .filter((text) => text.isWellFormed() && !text.includes("\u0000"));
const orNull = <T>(of: fc.Arbitrary<T>) => fc.array(fc.option(of), { maxLength: 20 });
const anyLists = fc.record({
  text: orNull(anyText),
  int8: orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  int4: orNull(fc.integer()),
  bool: orNull(fc.boolean()),
  numeric: orNull(fc.bigInt().map((units) => `${units}.5`)),
});

test("the server reads from every list what was put into it", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const client = new pg.Client({ connectionString });
  await client.connect();
  const property = fc.asyncProperty(anyLists, async (lists) => {
    const types = Object.keys(lists) as (keyof typeof lists)[];
    const columns = types.map((type, at) => `to_json($${at + 1}::${type}[]::text[]) AS ${type}`);
    const values = types.map((type) => arrayParameter(type, lists[type]));
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
  assert.throws(() => arrayParameter("jsonb", []), /a list of jsonb/);
});
