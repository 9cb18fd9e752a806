import assert from "node:assert/strict";
import { test } from "node:test";
import { BalanceSlots } from "./balance-slots.ts";

const keyOf = (scope: string, window = "") => ({ budgetId: 7, scope, window });

test("a balance has one place, whoever asks for it, for as long as anything is in it", () => {
  const slots = new BalanceSlots(40);
  const used = {
    held: slots.of(keyOf("held")),
    more: slots.of(keyOf("more")),
    sent: slots.of(keyOf("sent")),
    waiting: slots.of(keyOf("waiting")),
  };
  used.held.held = 1n;
  used.more.heldMore = 1n;
  used.sent.sent = { ...keyOf("sent"), settled: 1n, stagesTold: 0, grantedAtMs: 0 };
  used.waiting.isPending = true;
  const idle = slots.of(keyOf("idle"));
  assert.equal(slots.of(keyOf("idle")), idle);
  for (let at = 0; at < 200; at += 1) slots.of(keyOf(`other-${at}`));
  assert.ok(slots.count <= 40 + 2, `${slots.count}`);
  for (const [scope, slot] of Object.entries(used)) assert.equal(slots.of(keyOf(scope)), slot);
  assert.notEqual(slots.of(keyOf("idle")), idle, "what the file knows was forgotten");
  assert.deepEqual([...slots.held()], [used.held]);
});

test("where all places are in use none is forgotten, and more are made", () => {
  const slots = new BalanceSlots(40);
  const made = Array.from({ length: 200 }, (_, at) => {
    const slot = slots.of(keyOf(`scope-${at}`));
    slot.held = 1n;
    return slot;
  });
  for (const slot of made) assert.equal(slots.of(slot), slot);
});

test("of the windows of a scope the newest are at hand, and those that something is in", () => {
  const slots = new BalanceSlots();
  const days = Array.from({ length: 31 }, (_, at) => keyOf("acme", `2026-11-${at + 1}`));
  const made = days.map((key) => slots.of(key));
  const [first] = made;
  assert.ok(first !== undefined);
  assert.notEqual(slots.of(keyOf("acme", "2026-11-1")), first, "it went by");
  const again = days.map((key, at) => {
    const slot = slots.of(key);
    if (at === 2) slot.held = 5n;
    return slot;
  });
  assert.equal(slots.of(keyOf("acme", "2026-11-31")), again[30]);
  assert.equal(slots.of(keyOf("acme", "2026-11-3")), again[2]);
  assert.ok(slots.count < 12, `${slots.count}`);
});

test("a limit of a scope's own is known by its budget, and null where it has none", () => {
  const slots = new BalanceSlots();
  assert.equal(slots.limitOf({ budgetId: 1, scope: "acme" }), undefined);
  slots.setLimit({ budgetId: 1, scope: "acme" }, 5n);
  slots.setLimit({ budgetId: 2, scope: "acme" }, null);
  const of = (budgetId: number, scope = "acme") => slots.limitOf({ budgetId, scope });
  assert.deepEqual([of(1), of(2), of(3), of(1, "other")], [5n, null, undefined, undefined]);
  slots.setLimit({ budgetId: 1, scope: "acme" }, 6n);
  assert.equal(of(1), 6n);
});
