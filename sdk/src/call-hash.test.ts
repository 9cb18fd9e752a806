/** Digests of what a call is given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callHashOf } from "./call-hash.ts";

test("the same arguments have the same digest, in whatever order their keys stand", async () => {
  const [a, b] = [
    { city: "Bonn", at: { day: 1, hour: 2 } },
    { at: { hour: 2, day: 1 }, city: "Bonn" },
  ];
  assert.equal(await callHashOf(a), await callHashOf(b));
  assert.match((await callHashOf(a)) ?? "", /^[0-9a-f]{24}$/);
});

test("other arguments have another one", async () => {
  const given = [1, "1", [1], { a: 1 }, { a: 2 }, { b: 1 }, null, 1n, [1, 2], [2, 1]];
  const digests = await Promise.all(given.map(callHashOf));
  assert.equal(new Set(digests).size, given.length);
});

test("what JSON cannot say has none", async () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const given of [undefined, () => 1, circle])
    assert.equal(await callHashOf(given), undefined);
});
