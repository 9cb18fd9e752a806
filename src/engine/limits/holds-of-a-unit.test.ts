/** How many holds one unit of work decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOLDS_PER_COMMIT_MAX_COUNT } from "../../domain/limits.ts";
import { CommitLoop } from "../commit/commit-loop.ts";
import type { HoldsAnswer, HoldsRequest } from "./hold-answers.ts";

const askOf = (run: string, count: number): HoldsRequest => ({
  ...{ run, releases: [], renewals: [], caps: [] },
  asks: Array.from({ length: count }, () => ({})) as unknown as HoldsRequest["asks"],
});

test("a unit decides so many holds, and the next one the others, oldest first", async () => {
  const units: string[][] = [];
  const loop = new CommitLoop(async (_, { holds }) => {
    units.push(holds.map(({ run }) => run));
    const answers = holds.map(({ run }) => ({ run }) as unknown as HoldsAnswer);
    return { results: [], runs: new Map(), holds: answers };
  });
  const half = HOLDS_PER_COMMIT_MAX_COUNT / 2;
  const asked = ["r1", "r2", "r3"].map((run) => loop.submit("w", [], askOf(run, half)));
  const answered = (await Promise.all(asked)).map(({ holds }) => holds);
  assert.deepEqual(units, [["r1", "r2"], ["r3"]]);
  assert.deepEqual(answered, [[{ run: "r1" }], [{ run: "r2" }], [{ run: "r3" }]]);
});

test("one request of more holds than that is decided in one unit", async () => {
  const sizes: number[] = [];
  const loop = new CommitLoop(async (_, { holds }) => {
    sizes.push(holds.flatMap(({ asks }) => asks).length);
    return { results: [], runs: new Map(), holds: holds.map(() => ({}) as HoldsAnswer) };
  });
  await loop.submit("w", [], askOf("r1", HOLDS_PER_COMMIT_MAX_COUNT + 1));
  assert.deepEqual(sizes, [HOLDS_PER_COMMIT_MAX_COUNT + 1]);
});
