import assert from "node:assert/strict";
import { test } from "node:test";
import type { CardChange } from "../../domain/rating/card-diff.ts";
import { renderCardChanges } from "./card-diff.ts";

test("changes of a card stand in aligned tables, charges first", () => {
  const lines = renderCardChanges([
    { kind: "charge", key: "calls", change: "changed", before: "2.5", after: "10", details: [] },
    { kind: "charge", key: "old", change: "removed", before: "1", after: null, details: [] },
    {
      kind: "fee",
      key: "base",
      change: "added",
      before: null,
      after: '{"amount":"49"}',
      details: [],
    },
    { kind: "term", key: "minimum", change: "changed", before: '"1"', after: '"2"', details: [] },
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

test("what of a charge changed stands below it, where 1,000 units may cost the same", () => {
  const details = Array.from({ length: 12 }, (_, at) => {
    return { path: `price.tiers[${at}].unit`, before: at === 1 ? null : "0.1", after: "0.2" };
  });
  const none = { path: "included", before: "5", after: null };
  const same = {
    kind: "charge",
    key: "calls",
    change: "changed",
    before: "9",
    after: "9",
  } as const;
  const change: CardChange = { ...same, details: [none, ...details] };
  const [, row, first, second, third, ...rest] = renderCardChanges([change]);
  assert.match(row ?? "", /^~ +calls +9 +9$/);
  assert.equal(first, "     included: 5, then –");
  assert.equal(second, "     price.tiers[0].unit: 0.1, then 0.2");
  assert.equal(third, "     price.tiers[1].unit: –, then 0.2");
  assert.equal(rest.at(-1), "     … and 3 more");
});
