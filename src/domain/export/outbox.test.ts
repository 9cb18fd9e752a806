import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ATTEMPTS_OF_A_LINE_MAX_COUNT, EXPORT_LEASE_MS } from "../limits.ts";
import type { Capability, Outcome, ReadBack } from "./capability.ts";
import { OUTCOME_CLASSES } from "./capability.ts";
import { type ExportLine, LINE_STATES } from "./export-line.ts";
import {
  abandoned,
  answered,
  canMove,
  claimed,
  dueNow,
  isSafeToResend,
  lookedUp,
  sentAgain,
  supersededBy,
  voidedByHand,
} from "./outbox.ts";

const READY = {
  ...{ state: "ready", version: 1, claim: "", dueAtMs: 0, attempts: 0, isUnclear: false },
  ...{ firstSentAtMs: null, lastSentAtMs: null, outcome: null, note: "", attemptIds: [] },
} as unknown as ExportLine;

const NONE: ReadBack = { kind: "none" };
const BY_LINE: ReadBack = { kind: "line", lagMs: 5 };

function claim(line: ExportLine, nowMs = 100): ExportLine {
  return claimed(line, { claim: "a", nowMs, leaseMs: EXPORT_LEASE_MS });
}

function answer(
  line: ExportLine,
  kind: Outcome["class"],
  readBack: ReadBack = BY_LINE,
): ExportLine {
  const capability = { readBack, validation: "sync", settlesAfterMs: 60 } as const;
  const outcome = { class: kind, note: "said", retryAfterMs: null };
  return answered(line, outcome, { capability, nowMs: 200, waitMs: 10 });
}

test("a line that is claimed may have been sent, and says so before it is", () => {
  const line = claim(READY);
  assert.equal(line.state, "in_flight");
  assert.deepEqual([line.firstSentAtMs, line.lastSentAtMs, line.attempts], [100, 100, 1]);
  assert.equal(line.dueAtMs, 100 + EXPORT_LEASE_MS);
  assert.equal(line.version, 2);
  assert.throws(() => claim(line), /in_flight to in_flight/);
});

test("a line names its newest attempts, up to a count", () => {
  let line = READY;
  for (let at = 0; at <= ATTEMPTS_OF_A_LINE_MAX_COUNT; at += 1) {
    assert.equal(line.attemptIds.length, at);
    const sent = claimed(line, { claim: `c${at}`, nowMs: 0, leaseMs: EXPORT_LEASE_MS });
    line = answer(sent, "retry_same_bytes");
  }
  assert.equal(line.attemptIds.length, ATTEMPTS_OF_A_LINE_MAX_COUNT);
  assert.deepEqual([line.attemptIds[0], line.attemptIds.at(-1)], ["c1", "c20"]);
  const asked = lookedUp(answer(claim(READY), "accepted"), "present", {
    ...{ nowMs: 300, waitMs: 1, note: "", attempt: "r" },
  });
  assert.deepEqual(asked.attemptIds, ["a", "r"]);
});

test("an answer decides what becomes of a line", () => {
  const became = (kind: Outcome["class"], readBack: ReadBack = BY_LINE) =>
    answer(claim(READY), kind, readBack).state;
  assert.deepEqual(
    OUTCOME_CLASSES.map((kind) => [kind, became(kind)]),
    [
      ["accepted", "accepted"],
      ["delivered_duplicate", "accepted"],
      ["retry_same_bytes", "ready"],
      ["unknown_outcome", "unknown"],
      ["permanent_data", "rejected"],
      ["permanent_config", "rejected"],
      ["auth", "ready"],
      ["closed_period", "rejected"],
    ],
  );
  assert.equal(became("accepted", NONE), "confirmed");
});

test("whether something may have arrived is forgotten by nothing but a clear answer", () => {
  const unclear = answer(claim(READY), "unknown_outcome");
  assert.equal(unclear.isUnclear, true);
  for (const kind of ["retry_same_bytes", "auth"] as const) {
    const again = answer(claim(unclear), kind);
    assert.deepEqual([again.state, again.isUnclear], ["unknown", true], kind);
  }
  for (const kind of ["permanent_data", "permanent_config", "closed_period"] as const) {
    assert.equal(answer(claim(unclear), kind).state, "unknown", kind);
    const refused = answer(claim(unclear), kind, NONE);
    assert.deepEqual([refused.state, refused.isUnclear], ["rejected", true], kind);
    assert.deepEqual(
      [sentAgain(refused, 9).state, sentAgain(refused, 9).isUnclear],
      [...["ready", true]],
    );
  }
  assert.equal(answer(claim(unclear), "delivered_duplicate").isUnclear, false);
  assert.equal(lookedUp(unclear, "absent", { nowMs: 1, waitMs: 1, note: "" }).isUnclear, false);
  assert.equal(lookedUp(unclear, "unclear", { nowMs: 1, waitMs: 1, note: "" }).isUnclear, true);
});

test("a claim that ran out leaves a line that may have been sent", () => {
  const line = abandoned(claim(READY), 999, 60);
  assert.deepEqual([line.state, line.isUnclear, line.dueAtMs], ["unknown", true, 1059]);
});

test("a look-up settles what was taken or is in doubt", () => {
  const at = { nowMs: 7, waitMs: 5, note: "read" };
  const [taken, unknown] = [
    answer(claim(READY), "accepted"),
    answer(claim(READY), "unknown_outcome"),
  ];
  assert.equal(lookedUp(taken, "present", at).state, "confirmed");
  assert.equal(lookedUp(taken, "refused", at).state, "rejected");
  // Thrown away behind our back: the same bytes would be again.
  assert.equal(lookedUp(taken, "absent", at).state, "rejected");
  assert.equal(lookedUp(unknown, "absent", at).state, "ready");
  assert.equal(lookedUp(taken, "dropped", at).state, "ready");
  assert.deepEqual(
    [lookedUp(unknown, "unclear", at).state, lookedUp(unknown, "unclear", at).dueAtMs],
    ["unknown", 12],
  );
});

test("people void, try again and replace; what is confirmed stays", () => {
  const refused = answer(claim(READY), "permanent_data");
  assert.equal(voidedByHand(refused, "settled there").state, "voided");
  assert.match(supersededBy(refused, "k2").note, /k2/);
  assert.equal(dueNow(READY, 5).dueAtMs, 5);
  for (const done of ["confirmed", "superseded", "voided"] as const) {
    for (const to of LINE_STATES) assert.equal(canMove(done, to), false);
  }
});

test("the same bytes are sent again only well inside the time that their key is known", () => {
  const capability = (windowMs: number | null, values: Capability["values"] = "delta") => ({
    dedup: { windowMs },
    values,
  });
  const line = { firstSentAtMs: 1_000, isUnclear: true };
  const anyWindow = fc.integer({ min: 0, max: 10 * 24 * 3_600_000 });
  fc.assert(
    fc.property(anyWindow, fc.nat(10 * 24 * 3_600_000), (windowMs, agoMs) => {
      const isSafe = isSafeToResend(line, capability(windowMs), 1_000 + agoMs);
      assert.equal(isSafe, agoMs < windowMs - Math.ceil(windowMs / 10) - EXPORT_LEASE_MS);
      assert.ok(isSafeToResend({ ...line, isUnclear: false }, capability(windowMs), agoMs));
    }),
  );
  assert.ok(isSafeToResend(line, capability(null), 1e15));
  assert.ok(isSafeToResend(line, capability(0, "absolute"), 1e15));
});
