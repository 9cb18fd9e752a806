/** Runs that turn out to have opened in another period, under tiers that others have moved. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { sumAmounts } from "../../domain/credit/charged.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../store/verify/verify-data-folder.ts";
import {
  afterFirst,
  cardOf,
  DAY_MS,
  money,
  NOW_MS,
  opened,
  RUNS,
} from "../commit/engine-world.test.ts";

const EARLIER_MS = NOW_MS - 40 * DAY_MS;
const [OCTOBER, NOVEMBER] = ["2026-10-01", "2026-11-01"] as const;
const openedAt = (run: string, occurredAtMs: number, id = "open") =>
  opened({ run, id, occurredAtMs, customer: "acme" });

test("what a run leaves between the tiers of a period stays in that period", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-moved-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: NOW_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", {
    ...cardOf({ runs: [RUNS, afterFirst("1")] }),
    effectiveFromMs: 0,
  });
  await engine.ingest("w", [openedAt("r1", NOW_MS), openedAt("r2", NOW_MS)]);
  // The first was free; the second takes its place between the tiers when it goes.
  await engine.ingest("w", [openedAt("r1", EARLIER_MS, "was opened")]);
  const chargedIn = async (id: string) => {
    const run = await store.run("w", id);
    return run?.chargedIn.map(({ period, charge }) => `${period} ${money(charge)}`);
  };
  assert.deepEqual(await chargedIn("r1"), [`${NOVEMBER} -1`]);
  assert.deepEqual(await chargedIn("r2"), [`${NOVEMBER} 1`]);
  const amountIn = async (period: string) => {
    const rows = await store.rollups("w", { customer: "acme", period });
    return money(sumAmounts(rows.map(({ charge }) => charge)));
  };
  assert.deepEqual([await amountIn(OCTOBER), await amountIn(NOVEMBER)], ["0", "0"]);
  await store.settle("w");
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  await store.close();
  rmSync(dataDir, { recursive: true });
});
