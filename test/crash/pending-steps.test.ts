/**
 * Totals of thousands of steps are in memory only when the process is killed right after a burst.
 * The next start sums them before it serves.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { applyCrashCard } from "./card.ts";
import { startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import { resend, send } from "./load.ts";
import { assertTotalsAreTheSums, assertUsageIsWhatWasSent, recountTrees } from "./recount.ts";
import { type SentEvent, World } from "./world.ts";

const EVENTS = process.env.TOLLGATE_TEST_FULL === undefined ? 8_000 : 38_000;
const BATCH = 900;
const START_MAX_MS = 15_000;

/** Steps in the file that the totals in the file do not include. */
function unsummedInFile(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, "tollgate.db"), { readOnly: true });
  try {
    const row = db
      .prepare(
        "SELECT count(*) AS n FROM steps WHERE step_no > (SELECT summed_step_no FROM workspaces)",
      )
      .get();
    return Number(row?.n);
  } finally {
    db.close();
  }
}

/** The first request has a tool without a price: that is told, and takes its totals to the file. */
async function burst(client: HttpClient, world: World): Promise<void> {
  while (world.events.length < BATCH + EVENTS) {
    const batch: SentEvent[] = [];
    while (batch.length < BATCH) batch.push(...world.request());
    assert.equal((await send(client, batch)).status, 200);
  }
}

test(`a kill after ${EVENTS} plain steps: the next start sums them`, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-pending-"));
  let server = await startChild({ dataDir });
  try {
    const key = server.adminKey ?? "";
    await applyCrashCard(server.url, key);
    const world = new World(3, { plainShare: 1 });
    const client = new HttpClient(server.url, key);
    await burst(client, world);
    await server.end("SIGKILL");
    client.close();
    const pending = unsummedInFile(dataDir);
    assert.ok(pending >= EVENTS, `${pending} steps were pending`);
    server = await startChild({ dataDir });
    t.diagnostic(`${pending} steps summed; ready after ${server.startMs.toFixed(0)} ms`);
    assert.ok(server.startMs < START_MAX_MS);
    const reader = new HttpClient(server.url, key);
    const recount = await recountTrees(reader);
    await assertUsageIsWhatWasSent(reader, world);
    await assertTotalsAreTheSums(reader, recount, dataDir);
    await resend(reader, world, 1_000);
    await assertUsageIsWhatWasSent(reader, world);
    reader.close();
    await server.end("SIGTERM");
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    await server.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
});
