import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry, JournalKind } from "../event/journal.ts";
import { ALERT_KINDS, ALERT_TEAMS, ALERT_TYPES, alertOf, isAlertType } from "./alert.ts";

const entry = (kind: JournalKind, document: object): JournalEntry => ({
  ...{ seq: 7, kind, run: "", source: kind, id: "x", contentHash: "", receivedAtMs: 5 },
  document: JSON.stringify(document),
});

test("every type has a team and a meaning", () => {
  for (const [type, { team, meaning }] of Object.entries(ALERT_TYPES)) {
    assert.match(type, /^[a-z]+\.[a-z_]+$/);
    assert.ok(ALERT_TEAMS.includes(team));
    assert.match(meaning, /^[A-Z].*\.$/);
    assert.ok(isAlertType(type));
  }
  assert.equal(isAlertType("toString"), false);
});

test("entries that people must hear of are read as alerts, all others are not", () => {
  const read = (kind: JournalKind, document: object) => alertOf(entry(kind, document));
  assert.equal(read("budget.stage_reached", { action: "throttle" })?.type, "budget.throttle");
  const paused = read("work.stopped", { of: "customer", id: "acme", mode: "pause" });
  assert.deepEqual([paused?.type, paused?.customer], ["run.paused", "acme"]);
  assert.equal(read("work.stopped", { of: "run", id: "r", mode: "block" })?.type, "run.blocked");
  const again = { of: "run", id: "r", mode: "pause", isAgain: true };
  assert.equal(read("work.stopped", again), null);
  assert.equal(read("work.resumed", { of: "run", id: "r" })?.customer, null);
  const reached = { mode: "enforce", action: "pause", customer: "acme" };
  const beyond = read("policy.reached", reached);
  assert.deepEqual([beyond?.type, beyond?.customer], ["policy.pause", "acme"]);
  assert.equal(read("policy.reached", { ...reached, mode: "observe" })?.type, "policy.notify");
  const told = { type: "credit.low", customer: "acme", state: "raised" };
  assert.deepEqual(read("alert.told", told), {
    ...{ type: "credit.low", customer: "acme", seq: 7, raisedAtMs: 5, data: told },
  });
  assert.equal(read("alert.told", { ...told, state: "cleared" }), null);
  assert.equal(read("alert.told", { ...told, type: "unheard.of" }), null);
  assert.equal(read("budget.saved", {}), null);
  assert.ok(ALERT_KINDS.includes("alert.told"));
});
