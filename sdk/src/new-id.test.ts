import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "./new-id.ts";

test("an id is a UUID of version 7 that tells its millisecond, and no other", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1000 }, () => newId());
  const after = Date.now();
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ms = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
    assert.ok(ms >= before && ms <= after, id);
  }
  assert.equal(new Set(ids).size, ids.length);
});
