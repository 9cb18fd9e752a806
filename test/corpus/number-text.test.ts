import assert from "node:assert/strict";
import { test } from "node:test";
import { countOf, objectAt, objectsOf, parseJson, parseLines, textOf } from "./number-text.ts";

test("every number arrives as the text its source wrote", () => {
  const value = objectAt(parseJson('{"cost": 0.05841999999999999, "n": 4.50, "e": 1e-05}'));
  assert.deepEqual({ ...value }, { cost: "0.05841999999999999", n: "4.50", e: "1e-05" });
});

test("what Python writes for numbers that JSON lacks is read as nothing", () => {
  assert.deepEqual(parseJson('{"a": NaN, "b": [-Infinity, 1]}'), { a: null, b: [null, "1"] });
  assert.equal(parseJson("{"), undefined);
});

test("a line torn by a crash gives the objects that are whole", () => {
  const { values, tornLines } = parseLines(
    ['{"a":1}', '{"b":{"text":"a } brace", {"c":2}', '{"d":3}{"e":4}', '{"f":', "", "[1]"].join(
      "\n",
    ),
  );
  assert.deepEqual(values, [{ a: "1" }, { c: "2" }, { d: "3" }, { e: "4" }]);
  assert.deepEqual(tornLines, [
    { line: 2, kept: 1 },
    { line: 3, kept: 2 },
    { line: 4, kept: 0 },
    { line: 6, kept: 0 },
  ]);
});

test("values that are missing or of another type are read as nothing", () => {
  assert.deepEqual(objectAt(null, "a", "b"), {});
  assert.deepEqual(objectsOf("text"), []);
  assert.equal(textOf(true), undefined);
  assert.equal(countOf("12"), 12);
  assert.equal(countOf("-1"), 0);
  assert.equal(countOf("1.5"), 0);
  assert.equal(countOf(null), 0);
});
