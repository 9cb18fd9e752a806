/** Acts of policies that the engine would never make, sealed as if it had: they are found. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { JournalKind } from "../../src/domain/event/journal.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { opened, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-policies-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

type Forged = readonly [kind: JournalKind, subject: string, document: object];

const NOW_MS = Date.UTC(2026, 10, 23);
const WHO = { reason: "test", by: "test" };
const RULE = { rule: "steps", moreThan: 5, do: "pause" };

/** Of each, the run has done nothing. */
const OTHERS = [
  { rule: "fan_out", moreThan: 1, do: "pause" },
  { rule: "depth", moreThan: 1, do: "pause" },
  { rule: "error_storm", moreThan: 1, do: "pause", within: 20 },
  { rule: "repeated_call", moreThan: 1, do: "pause", within: 20 },
  { rule: "context_growth", moreThan: 1, do: "pause", within: 20, rises: 1 },
  { rule: "spend_per_minute", moreThan: "1", do: "pause" },
  { rule: "wall_time", moreThan: "1", do: "pause" },
];

const FOUND = {
  ...{ policy: "guard", rule: "steps", mode: "enforce", action: "pause", delayMs: 0, run: "r" },
  ...{ level: "6", moreThan: "5", customer: "acme", agent: null, root: "r", cause: "event" },
};
const found = (more: object = {}): Forged => ["policy.reached", "r", { ...FOUND, ...more }];
const stop = (more: object = {}): Forged => {
  const policy = { policy: "guard", rule: "steps", level: "6", moreThan: "5", ...more };
  const about = { of: "run", id: "r", mode: "pause", budget: null, reason: "", by: "tollgate" };
  const document = { ...about, policy, stoppedAtMs: NOW_MS };
  return ["work.stopped", JSON.stringify(["run", "r"]), document];
};

/** What verification says of acts that come after a policy was set and a run opened. */
async function problemsOf(...acts: readonly Forged[]): Promise<string[]> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { nowMs: () => NOW_MS };
  const engine = composeEngine(store, { clock });
  await store.createWorkspace("w");
  const steps = Array.from({ length: 6 }, (_, n) => toolCall({ run: "r", id: `s${n}` }));
  await engine.ingest("w", [
    opened({ run: "r", customer: "acme", occurredAtMs: NOW_MS }),
    ...steps.map((one) => ({ ...one, occurredAtMs: NOW_MS })),
  ]);
  // What is there already is looked at when it is touched again, which it is not.
  await engine.policies.save("w", { key: "guard", document: { rules: [RULE, ...OTHERS] }, ...WHO });
  for (const [kind, subject, document] of acts) {
    await runAct(actContext(store, clock), "w", async ({ journal }) =>
      journal(kind, subject, document),
    );
  }
  await store.close();
  const { findings } = verifyDataFolder(dataDir);
  return findings.filter(({ table }) => table === "journal").map(({ problem }) => problem);
}

test("a finding by a rule that was set, and the stop that it made, are sound", async () => {
  assert.deepEqual(await problemsOf(found(), stop()), []);
});

test("a finding by another rule, or of a run that there is not, is found", async () => {
  const noRule = "is a finding by no rule that was set";
  assert.deepEqual(await problemsOf(found({ moreThan: "4" })), [noRule]);
  assert.deepEqual(await problemsOf(found({ policy: "other" })), [noRule]);
  assert.deepEqual(await problemsOf(found({ action: "block" })), [noRule]);
  assert.deepEqual(await problemsOf(found({ mode: "observe" })), [noRule]);
  const nobody: Forged = ["policy.reached", "x", FOUND];
  assert.deepEqual(await problemsOf(nobody), ['finds a run "x" that there is not']);
});

test("a level that is not beyond its bound is found", async () => {
  const problem = "finds a run beyond what it is not beyond";
  assert.deepEqual(await problemsOf(found({ level: "5" })), [problem]);
  assert.deepEqual(await problemsOf(found({ level: "many" })), [problem]);
});

test("a level that the rows of the run do not bear out is found, whatever the rule", async () => {
  const problem = "finds more than the rows of its run hold";
  assert.deepEqual(await problemsOf(found({ level: "7" })), [problem]);
  assert.deepEqual(await problemsOf(found({ level: "7", cause: "ask" })), []);
  assert.deepEqual(await problemsOf(found({ level: "8", cause: "ask" })), [problem]);
  for (const { rule } of OTHERS) {
    const forged = { rule, moreThan: "1", level: "2" };
    assert.deepEqual(await problemsOf(found(forged)), [problem], rule);
    if (rule === "repeated_call") continue;
    assert.deepEqual(await problemsOf(found({ ...forged, cause: "ask" })), [problem], rule);
  }
});

test("a finding is put on record once until its run is let go on", async () => {
  assert.deepEqual(await problemsOf(found(), found()), ["repeats a finding"]);
  const levels = { steps: 6, children: 0, cost: "0", charge: "0", atMs: NOW_MS };
  const resumed: Forged = ["work.resumed", JSON.stringify(["run", "r"]), { of: "run", levels }];
  assert.deepEqual(await problemsOf(found(), resumed, found()), []);
});

test("a stop by a policy that found nothing is found", async () => {
  const problem = "is a stop by a policy that found nothing";
  assert.deepEqual(await problemsOf(stop()), [problem]);
  assert.deepEqual(await problemsOf(found(), stop({ level: "7" })), [problem]);
});

test("a policy that is changed from what it was not is found", async () => {
  const saved: Forged = ["policy.saved", "guard", { key: "guard", before: null, after: null }];
  assert.deepEqual(await problemsOf(saved), ["changes a policy from what it was not"]);
});
