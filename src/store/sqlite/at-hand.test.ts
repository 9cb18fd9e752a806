import assert from "node:assert/strict";
import { test } from "node:test";
import { AtHand } from "./at-hand.ts";

test("of workspaces that are too much together the one worked on longest ago goes first", () => {
  const atHand = new AtHand<{ weight: number }>(10);
  const letGo: number[] = [];
  const makeRoom = () => {
    for (let one = atHand.idle; one !== null; one = atHand.idle) {
      letGo.push(one);
      atHand.delete(one);
    }
  };
  const rows = [1, 2, 3].map(() => ({ weight: 3 }));
  for (const [no, of] of rows.entries()) atHand.set(no, of);
  assert.equal(atHand.turnTo(0), true);
  assert.equal(atHand.turnTo(0), false);
  makeRoom();
  assert.deepEqual(letGo, []);
  // It grows while it is in turn, and is weighed when another one is.
  Object.assign(rows[0] ?? {}, { weight: 5 });
  atHand.turnTo(2);
  makeRoom();
  assert.deepEqual([letGo, atHand.size], [[1], 2]);
  // The one in turn stays, whatever it weighs.
  Object.assign(rows[2] ?? {}, { weight: 100 });
  atHand.turnTo(0);
  makeRoom();
  assert.deepEqual([letGo, atHand.get(0)], [[1, 2], rows[0]]);
});
