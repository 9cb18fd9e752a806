import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import { queryValues } from "./query-values.ts";
import { closed, FLAG, ID, LIMIT, listOf } from "./schema.ts";

const SCHEMA = closed({ "limit?": LIMIT, "roots?": FLAG, "groupBy?": listOf(ID), "run?": ID });
const read = (raw: Record<string, unknown>) => ({ ...queryValues(SCHEMA, raw) });

describe("query parameters", () => {
  test("the plain form of each type becomes its value", () => {
    const raw = { limit: "10", roots: "true", groupBy: "a,b", run: "007" };
    assert.deepEqual(read(raw), { limit: 10, roots: true, groupBy: ["a", "b"], run: "007" });
    assert.deepEqual(read({ roots: "false", groupBy: "", limit: "-3" }), {
      ...{ roots: false, groupBy: [], limit: -3 },
    });
  });

  test("any other form stays text, for the schema to refuse", () => {
    for (const limit of ["", "01", "1e3", "0x10", "1.0", " 1", "+1", "１", "9".repeat(20)]) {
      assert.deepEqual(read({ limit }), { limit });
    }
    for (const roots of ["1", "TRUE", "yes", ""]) assert.deepEqual(read({ roots }), { roots });
    assert.deepEqual(read({ run: ["a", "b"] }), { run: ["a", "b"] });
  });

  test("a parameter that the route does not have is refused, whatever its name", () => {
    for (const name of ["x", "Limit", "__proto__", "constructor", "limit[]"]) {
      const raw = Object.fromEntries([[name, "1"]]);
      assert.throws(
        () => queryValues(SCHEMA, raw),
        (error) => error instanceof TollgateError && error.code === "field.unknown",
        name,
      );
    }
  });
});
