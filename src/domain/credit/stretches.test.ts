import assert from "node:assert/strict";
import { test } from "node:test";
import { amount } from "./sample-wallet.test.ts";
import { extend, giveBack, paidIn, splitAt, sumOf, wholeOf } from "./stretches.ts";
import type { Lane, Stretch } from "./wallet.ts";

const by = (source: string | null, units: number): Stretch => ({ source, amount: amount(units) });
const lane: Lane = {
  ...{ customer: "", period: "", charge: "calls", startMs: 0, level: amount(9) },
  stretches: [by("a", 4), by(null, 2)],
  lowered: [by(null, 1), by("b", 2)],
};

test("stretches are parted at an amount", () => {
  const parted = splitAt(lane.stretches, 5n);
  assert.deepEqual(parted, { kept: [by("a", 4), by(null, 1)], rest: [by(null, 1)] });
  assert.deepEqual(splitAt(lane.stretches, -1n), { kept: [], rest: lane.stretches });
  assert.deepEqual(splitAt(lane.stretches, 8n), { kept: lane.stretches, rest: [] });
});

test("neighbours with one source are one stretch", () => {
  const stretches = [by("a", 4)];
  for (const one of [by("a", 1), by("a", 0), by(null, 2)]) extend(stretches, one);
  assert.deepEqual(stretches, [by("a", 5), by(null, 2)]);
});

test("a lane's whole is what it has and what it is lowered by", () => {
  assert.deepEqual(wholeOf(lane), [by("a", 4), by(null, 3), by("b", 2)]);
  assert.deepEqual([sumOf(wholeOf(lane)), paidIn(wholeOf(lane))], [9n, 6n]);
});

test("what is given back of a lane is owed, from the last that was paid on", () => {
  const [given] = giveBack([lane], 1n);
  assert.deepEqual(given?.stretches, [by("a", 3), by(null, 3)]);
});
