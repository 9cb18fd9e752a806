import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCardChanges } from "./card-diff.ts";

test("changes of a card stand in aligned tables, charges first", () => {
  const lines = renderCardChanges([
    { kind: "charge", key: "calls", change: "changed", before: "2.5", after: "10" },
    { kind: "charge", key: "old", change: "removed", before: "1", after: null },
    { kind: "fee", key: "base", change: "added", before: null, after: '{"amount":"49"}' },
    { kind: "term", key: "minimum", change: "changed", before: '"1"', after: '"2"' },
  ]);
  assert.deepEqual(
    lines.map((line) => line.trimEnd()),
    [
      "   charge  1,000 units  then",
      "~  calls           2.5    10",
      "−  old             1       –",
      "   term      before  then",
      "+  fee base  –       amount 49",
      "~  minimum   1       2",
    ],
  );
  assert.deepEqual(renderCardChanges([]), []);
});
