import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAmount } from "../../domain/money/decimal.ts";
import type { RunRating } from "../../domain/run/run.ts";
import { sameRating } from "./shares.ts";

test("a run that is not counted is counted as one that never was, whatever it keeps", () => {
  const at = { cardVersionId: 1, period: "2026-10-01", agent: null, labels: null };
  const none = { ...at, ending: null, inTrial: false, shares: [], left: [] };
  const counted: RunRating = { ...none, counted: true };
  const amount = parseAmount("0.07") ?? assert.fail();
  const shares = [{ chargeKey: "runs", cell: "", amount }];
  const kept: RunRating = { ...none, counted: false, shares };
  assert.ok(sameRating(kept, null));
  assert.ok(sameRating(null, kept));
  assert.ok(!sameRating(kept, counted));
  assert.ok(!sameRating(counted, null));
  assert.ok(sameRating(counted, { ...counted, shares }));
});
