import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { RebuiltSums } from "./rebuilt-sums.ts";

/** More keys than are kept in memory, so that a part of every sum goes through the file. */
const KEYS_COUNT = 45_000;

function sums(): RebuiltSums {
  return new RebuiltSums(new DatabaseSync(""), "test");
}

test("sums that did not fit in memory come together again", () => {
  const made = sums();
  for (const share of [1n, 2n, 10n ** 40n]) {
    for (let at = 0; at < KEYS_COUNT; at += 1) made.addRebuilt(`key ${at}`, [share, -share]);
  }
  const total = 3n + 10n ** 40n;
  for (let at = 0; at < KEYS_COUNT; at += 1) {
    const isWrong = at === 17;
    made.addStored(`key ${at}`, [isWrong ? total + 1n : total, -total]);
  }
  assert.deepEqual(
    [...made.differing()],
    [{ key: "key 17", stored: [total + 1n, -total], rebuilt: [total, -total] }],
  );
});

test("a side that is absent counts as zero, and is told apart from zero", () => {
  const made = sums();
  made.addStored("nothing stands for it", [0n]);
  made.addStored("only stored", [5n]);
  made.addRebuilt("only rebuilt", [7n]);
  assert.deepEqual(
    [...made.differing()],
    [
      { key: "only rebuilt", stored: null, rebuilt: [7n] },
      { key: "only stored", stored: [5n], rebuilt: null },
    ],
  );
});
