/**
 * The oracle over random histories: whatever the engine does, independent code rebuilds the same
 * totals from the rows, also those whose last totals still wait in the server's memory.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../src/compose.ts";
import type { StepEvent } from "../../src/domain/event/event.ts";
import { usageOf } from "../../src/domain/event/usage.ts";
import { quantityOfInteger } from "../../src/domain/money/decimal.ts";
import {
  anyHistory,
  type Happening,
  hashed,
  START_MS,
} from "../../src/store/event-sequences-contract.ts";
import { play } from "../../src/store/play-contract.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { findingsOfHistory } from "./verified-history.ts";

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;

async function findsNothing(history: readonly Happening[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-verify-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  try {
    await play(store, "w", history);
    assert.deepEqual(findingsOfHistory(dataDir), [], "while the server runs");
    await store.settle("w");
    assert.deepEqual(findingsOfHistory(dataDir), [], "with all totals on disk");
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
}

test("after any history, verification finds nothing", async () => {
  await fc.assert(fc.asyncProperty(anyHistory, findsNothing), { numRuns: 40 * full });
});

test("an overrun is on disk before the balance it is of, and that is no finding", async () => {
  const step = (id: string, tokens: number): StepEvent =>
    hashed<StepEvent>({
      ...{ type: "step", run: "r1", source: "sdk", id, occurredAtMs: START_MS, contentHash: "" },
      ...{ kind: "model", status: "ok", completeness: "partial", attempt: 1, payer: "us" },
      ...{ role: "bill", provider: "openai", model: "gpt-5", tool: null, tier: "standard" },
      usage: usageOf([["output_text", quantityOfInteger(tokens)]]),
      ...{ labels: null, customer: "beta", agent: "support", parentRun: null, parentStep: null },
      ...{ callId: null, hold: null },
    });
  // The second unit has plain steps only: its balances wait, and nothing later writes them.
  await findsNothing([
    { kind: "ingest", events: [step("e1", 299)] },
    { kind: "ingest", events: [step("e2", 146)] },
    { kind: "neighbour fails" },
  ]);
});
