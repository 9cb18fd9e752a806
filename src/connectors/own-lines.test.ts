import assert from "node:assert/strict";
import { test } from "node:test";
import { heldSinceMs, isLineKey, ourName } from "./own-lines.ts";

test("our name of theirs is the one that is listed, or their own", () => {
  const names = { acme: { id: "cus_1" }, cus_2: { id: "cus_3" } };
  const listed = { names, others: "refuse" } as const;
  assert.equal(ourName(listed, "cus_1"), "acme");
  assert.equal(ourName(listed, "cus_9"), null, "somebody else's");
  const same = { names, others: "same" } as const;
  assert.equal(ourName(same, "cus_9"), "cus_9");
  assert.equal(ourName(same, "cus_2"), null, "ours of that name is called otherwise there");
});

test("a key is a UUID of version 8", () => {
  assert.ok(isLineKey("0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a9b"));
  for (const other of ["0b7f3a52-6c1d-4e2f-9a3b-4c5d6e7f8a9b", "x", "", null, undefined, 8]) {
    assert.equal(isLineKey(other), false, String(other));
  }
});

test("lines are asked for since the last was sent, less an hour, or the first period", () => {
  const nowMs = Date.parse("2026-11-28T00:00:00Z");
  const of = (since: string) =>
    ({ target: { since }, nowMs: () => nowMs }) as Parameters<typeof heldSinceMs>[0];
  const first = Date.parse("2026-10-31T00:00:00Z");
  assert.equal(heldSinceMs(of("2026-11-01"), null), first);
  const sentMs = Date.parse("2026-11-20T12:00:00Z");
  assert.equal(heldSinceMs(of("2026-11-01"), sentMs), Date.parse("2026-11-20T11:00:00Z"));
  assert.equal(heldSinceMs(of("2026-11-01"), 0), first, "nothing was before");
  assert.equal(heldSinceMs(of("2027-03-01"), null), 0, "a sandbox is ahead");
});
