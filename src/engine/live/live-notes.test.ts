/** What one unit of work tells live views on other nodes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_NOTE_MAX_CHARS } from "../../domain/limits.ts";
import { parseAmount, parseQuantity } from "../../domain/money/decimal.ts";
import { newWorld, opened, toolCall } from "../commit/engine-world.test.ts";
import { decodeNote, encodeNote, TOLD_ANEW } from "./live-notes.ts";

const worked = async () => {
  const world = await newWorld();
  await world.send(
    opened({ run: "root", id: "o", customer: "acme" }),
    opened({ run: "below", id: "o", customer: "acme", parentRun: "root" }),
    toolCall({ run: "below", id: "t1" }),
  );
  const [root, below] = [world.run("root"), world.run("below")];
  return { root, below, steps: world.steps("below") };
};

test("a note holds steps, runs, acts, balances to the last digit, and the runs above", async () => {
  const { root, below, steps } = await worked();
  const [settled, held] = [parseQuantity("7.000001") ?? 0n, parseAmount("0.1") ?? 0n];
  const place = { budgetId: 3, scope: "acme", window: "2026-11", settled, held, ownLimit: null };
  const runs = new Map([root, below].map((run) => [run.id, run]));
  const gathered = {
    ...{ steps, runs: [below], decisions: [], places: [place] },
    acts: [{ kind: "work.stopped" as const, id: "below", document: "{}" }],
    runOf: (id: string) => runs.get(id),
  };
  const read = decodeNote(encodeNote(gathered));
  assert.ok(read !== null);
  assert.deepEqual(read.steps, steps);
  assert.deepEqual(read.runs, [below]);
  assert.deepEqual([read.acts, read.places], [gathered.acts, [place]]);
  assert.deepEqual(read.runOf("root"), root, "who looks at the run above is told too");
});

test("what is larger than a note may be is read anew", async () => {
  const { below, steps } = await worked();
  const of = (count: number) => ({
    ...{ steps: Array.from({ length: count }, () => steps[0] ?? assert.fail()), runs: [below] },
    ...{ decisions: [], acts: [], places: [], runOf: () => undefined },
  });
  const [one, two] = [encodeNote(of(1)).length, encodeNote(of(2)).length];
  const most = Math.floor((LIVE_NOTE_MAX_CHARS - one) / (two - one)) + 1;
  assert.ok(encodeNote(of(most)).length <= LIVE_NOTE_MAX_CHARS);
  assert.equal(decodeNote(encodeNote(of(most)))?.steps.length, most);
  assert.equal(encodeNote(of(most + 1)), TOLD_ANEW);
  assert.equal(decodeNote(TOLD_ANEW), null);
});
