import assert from "node:assert/strict";
import { test } from "node:test";
import { type Standing, Standings } from "./standings.ts";

const SEEN = { tariff: 1, budgets: 1, terms: 1 };
const STANDING: Standing = { terms: null, margin: null, dueSeq: 7 };

test("of workspaces used longest ago standings are forgotten where all are too many", () => {
  const standings = new Standings({ isShared: false }, 10);
  const on = { head: "d", seen: SEEN, movedSince: () => [] };
  const keep = (workspace: string, count: number) => {
    const draft = standings.asOf(workspace, on);
    for (let no = 0; no < count; no += 1) draft.put(`c${no}`, STANDING);
    standings.keep(workspace, draft);
  };
  const knows = (workspace: string) => standings.asOf(workspace, on).of("c0").dueSeq === 7;
  keep("w1", 3);
  keep("w2", 3);
  assert.deepEqual([knows("w1"), knows("w2")], [true, true]);
  keep("w3", 3);
  assert.deepEqual([knows("w3"), knows("w2"), knows("w1")], [true, true, false]);
  // The unit of one that was forgotten meanwhile stood on what nobody knows any more.
  const draft = standings.asOf("w4", on);
  draft.put("c0", STANDING);
  keep("w5", 9);
  standings.keep("w4", draft);
  assert.equal(knows("w4"), false);
});
