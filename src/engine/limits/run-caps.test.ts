/** A cap of a run that is at work already. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../store/verify/verify-data-folder.ts";
import { NOW_MS, step, usage } from "../commit/engine-world.test.ts";
import { budgetsOf, openAndHold } from "./holds-world.test.ts";

test("what a run used before it asked for its cap is on record as above it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-caps-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await store.createWorkspace("w");
  const caps = [{ measure: "tokens", limit: 2n * ONE_UNIT }];
  for (const run of ["r1", "r2"]) {
    const used = step({
      run,
      id: `used ${run}`,
      customer: "acme",
      usage: usage({ output_text: 9 }),
    });
    await engine.ingest("w", [used]);
  }
  // Both in one unit of work: the first makes the budget.
  await Promise.all(["r1", "r2"].map((run) => openAndHold(engine, { run, caps })));
  assert.deepEqual(await budgetsOf(engine, "r1"), ["run.tokens(r1) 9 + 0 of 2 tokens"]);
  await engine.ingest(
    "w",
    ["r1", "r2"].map((run) => step({ run, id: `more ${run}` })),
  );
  await engine.drain();
  await store.close();
  const { findings } = verifyDataFolder(dataDir);
  assert.deepEqual(findings, []);
  rmSync(dataDir, { recursive: true });
});
