import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { standingRunId } from "../../domain/run/run.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { parseEvent } from "./parse-event.ts";

const SENT = { id: "e1", run: "r1", occurredAt: "2026-11-23T10:00:00Z" };

/** The fields that are refused, or the runs of the events that are read. */
function read(event: object): string[] {
  const parsed = parseEvent({ ...SENT, ...event }, { digest: nodeDigest, mapProviderUsage });
  if ("events" in parsed) return parsed.events.map(({ run }) => run);
  return [`${parsed.problem.code} ${parsed.problem.field}`];
}

const standing = standingRunId("acme", "support");

test("no producer may name a standing run, as a run or as a parent", () => {
  for (const run of [standing, "~standing:", "~standing:x"]) {
    assert.deepEqual(read({ kind: "tool", run }), ["field.invalid run"]);
    assert.deepEqual(read({ kind: "tool", parentRun: run }), ["field.invalid parentRun"]);
    assert.deepEqual(read({ type: "run.opened", run }), ["field.invalid run"]);
    const outcome = { type: "outcome.recorded", outcome: "resolved" };
    assert.deepEqual(read({ ...outcome, run }), ["field.invalid run"]);
  }
});

test("a step without a run goes to its customer's standing run and is corrected there", () => {
  const place = { run: undefined, customer: "acme", agent: "support" };
  assert.deepEqual(read({ kind: "tool", ...place }), [standing]);
  const target = { id: "e0" };
  const corrections = [
    { type: "step.voided", target },
    { type: "step.amended", target, kind: "tool" },
  ];
  for (const correction of corrections) {
    assert.deepEqual(read({ ...correction, run: standing }), [standing]);
    assert.deepEqual(read({ ...correction, run: "~standing:x" }), ["field.invalid run"]);
  }
});
