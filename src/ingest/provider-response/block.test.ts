import assert from "node:assert/strict";
import { test } from "node:test";
import { quantityOfInteger } from "../../domain/money/decimal.ts";
import { ExactNumber } from "../native/exact-json.ts";
import { Block } from "./block.ts";

const units = quantityOfInteger;

test("a count is read from a number or from its text, and absent or null is zero", () => {
  const block = new Block({ a: 3, b: "3", c: null, d: "3.0", e: new ExactNumber("3e0") }, "u");
  for (const name of ["a", "b", "d", "e"]) assert.equal(block.count([name]), units(3));
  for (const name of ["c", "missing", "a.below"]) assert.equal(block.count([name]), 0n);
  assert.equal(block.problem, null);
});

test("what is no count is refused with the path of the field", () => {
  for (const value of [-1, 1.5, "1.5", "x", true, {}, [], Number.NaN, 2 ** 53, "-2"]) {
    const block = new Block({ parts: { tokens: value } }, "providerUsage");
    block.count(["parts.tokens"]);
    assert.equal(block.problem?.code, "field.invalid", String(value));
    assert.equal(block.problem?.field, "providerUsage.parts.tokens");
  }
});

test("a count above the limit of a quantity is out of range, the limit itself is not", () => {
  const edge = new Block({ n: "1000000000000000" }, "u");
  assert.equal(edge.count(["n"]), 10n ** 24n);
  assert.equal(edge.problem, null);
  const above = new Block({ n: "1000000000000001" }, "u");
  above.count(["n"]);
  assert.equal(above.problem?.code, "field.out_of_range");
});

test("a measure may have decimal places", () => {
  assert.equal(new Block({ seconds: 1.25 }, "u").measure(["seconds"]), 1_250_000_000n);
});

test("two names of one fact must agree, except that a zero is a placeholder", () => {
  const agreeing = new Block({ a: 0, b: 320, c: 320 }, "u");
  assert.equal(agreeing.count(["a", "b", "c"]), units(320));
  assert.equal(agreeing.problem, null);
  const differing = new Block({ a: 319, b: 320 }, "u");
  differing.count(["a", "b"]);
  assert.equal(differing.problem?.code, "usage.inconsistent");
  assert.equal(differing.problem?.field, "u.b");
});

test("the first problem stays, also through blocks made of a block", () => {
  const block = new Block({ list: [{ n: "x" }], m: -1 }, "u");
  block.list(["list"])[0]?.count(["n"]);
  block.count(["m"]);
  assert.equal(block.problem?.field, "u.list[0].n");
});

test("a name of the object's prototype is not a field", () => {
  assert.equal(new Block({}, "u").count(["constructor.length"]), 0n);
});

test("counts that no rule reads are named, zeros and ignored ones are not", () => {
  const block = new Block({ read: 1, zero: 0, known: { a: 2 }, lost: 3, deep: [{ x: "4" }] }, "u");
  block.count(["read"]);
  block.ignore(["known"]);
  assert.deepEqual(block.unread(), ["u.lost", "u.deep[0].x"]);
});
