import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Quantity } from "../money/decimal.ts";
import { encodeEvent, encodeUsage } from "./codec.ts";
import type { TollgateEvent } from "./event.ts";
import {
  INPUT_BUCKETS,
  inputQuantity,
  isInputBucket,
  isTokenBucket,
  isUsageName,
  ListedUsage,
  maximumUsage,
  OUTPUT_BUCKETS,
  outputQuantity,
  type Usage,
  UsageNames,
  usageEquals,
  usageOf,
} from "./usage.ts";

const entry = fc.tuple(
  fc.constantFrom(...INPUT_BUCKETS, ...OUTPUT_BUCKETS, "searches", "seconds"),
  fc.bigInt({ min: 0n, max: 10n ** 24n }).map((n) => n as Quantity),
);
const usage = fc.uniqueArray(entry, { selector: ([name]) => name }).map(usageOf);

test("usage holds no zero and stands in the order of its names, however it was given", () => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ([name]) => name }), (entries) => {
      const made = usageOf(entries);
      assert.ok(![...made.values()].includes(0n as Quantity));
      assert.deepEqual([...made.keys()], [...made.keys()].sort());
      assert.deepEqual([...usageOf(entries.toReversed())], [...made]);
    }),
  );
});

function listed(of: Usage): ListedUsage {
  return new ListedUsage(new UsageNames([...of.keys()]), [...of.values()]);
}

test("a listed usage is the map that it stands for, and the same sums and texts follow", () => {
  const name = fc.constantFrom(...INPUT_BUCKETS, ...OUTPUT_BUCKETS, "searches", "none");
  fc.assert(
    fc.property(usage, usage, name, (map, other, asked) => {
      const list = listed(map);
      assert.deepEqual(
        [[...list], [...list.entries()], [...list.keys()], [...list.values()], list.size],
        [[...map], [...map.entries()], [...map.keys()], [...map.values()], map.size],
      );
      assert.deepEqual([list.get(asked), list.has(asked)], [map.get(asked), map.has(asked)]);
      const visited = new Map<string, Quantity>();
      list.forEach((quantity, key) => void visited.set(key, quantity));
      assert.deepEqual(visited, map);
      assert.equal(inputQuantity(list), inputQuantity(map));
      assert.equal(outputQuantity(list), outputQuantity(map));
      assert.ok(usageEquals(list, map) && usageEquals(map, list));
      assert.deepEqual(maximumUsage(list, other), maximumUsage(map, other));
      assert.equal(encodeUsage(list), encodeUsage(map));
      const amended = (one: Usage) =>
        encodeEvent({ type: "step.amended", facts: { usage: one } } as TollgateEvent);
      assert.equal(amended(list), amended(map));
    }),
  );
});

test("partial records join in any order and any number of times to the same usage", () => {
  fc.assert(
    fc.property(usage, usage, usage, (a, b, c) => {
      assert.deepEqual([...maximumUsage(a, b)], [...maximumUsage(b, a)]);
      const left = maximumUsage(maximumUsage(a, b), c);
      assert.deepEqual([...left], [...maximumUsage(a, maximumUsage(b, c))]);
      assert.ok(usageEquals(maximumUsage(left, a), left));
    }),
  );
});

test("a transcript that repeats a response with 3, 120, 120 tokens is one of 120", () => {
  const seen = [3n, 120n, 120n].map((n) => usageOf([["output_text", n as Quantity]]));
  const joined = seen.reduce(maximumUsage);
  assert.deepEqual([...joined], [["output_text", 120n]]);
});

test("the prompt is what was read: cached, uncached and written, not what was answered", () => {
  const all = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS, "searches"];
  const ones = usageOf(all.map((name) => [name, 1n as Quantity]));
  assert.equal(inputQuantity(ones), BigInt(INPUT_BUCKETS.length));
  assert.ok(INPUT_BUCKETS.every(isInputBucket) && !OUTPUT_BUCKETS.some(isInputBucket));
  assert.ok(OUTPUT_BUCKETS.every(isTokenBucket) && !isTokenBucket("searches"));
});

test("a usage name is lower snake case of at most 50 characters", () => {
  for (const name of ["a", "read_units", `a${"b".repeat(49)}`]) assert.ok(isUsageName(name), name);
  const refused = ["", "A", "1a", "a-b", "a b", "é", "__proto__", `a${"b".repeat(50)}`];
  for (const name of refused) assert.ok(!isUsageName(name), name);
});
