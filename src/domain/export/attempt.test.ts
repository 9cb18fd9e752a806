import assert from "node:assert/strict";
import { test } from "node:test";
import { isUntroubled } from "./attempt.ts";
import { OUTCOME_CLASSES } from "./capability.ts";

test("an attempt went well where each of its lines is there, and not where one may not be", () => {
  const good = new Set<string>(["accepted", "delivered_duplicate", "present"]);
  for (const said of [...OUTCOME_CLASSES, "present", "absent", "refused", "unclear"] as const) {
    const lines = [
      { key: "a", said: "accepted" as const },
      { key: "b", said },
    ];
    assert.equal(isUntroubled(lines), good.has(said), said);
  }
});
