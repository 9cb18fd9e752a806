/**
 * `kill -9` while a run's late opening restates its steps by parts: the opening is on disk with
 * all parts that were done, every total is the sum of its steps, and the rest is done once.
 * 2 kills, 20 with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import {
  amidRestating,
  assertFinishes,
  assertWhole,
  isRestating,
  LATE_CARD,
  openLate,
  workUnopened,
} from "./late-opening.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 2 : 20;
const WAIT_MAX_MS = 200;

test(`${KILLS} kills amid a late opening leave every step counted once`, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-late-opening-"));
  let child = await startChild({ dataDir });
  const key = child.adminKey ?? "";
  const clients: HttpClient[] = [];
  const connect = (): HttpClient => {
    const client = new HttpClient(child.url, key);
    clients.push(client);
    return client;
  };
  const parts: number[] = [];
  try {
    await connect().post("/v1/rate-cards", LATE_CARD);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const run = `r${kill}`;
      const before = connect();
      await workUnopened(before, run);
      const opened = openLate(before, run);
      await amidRestating(before, run, (kill * WAIT_MAX_MS) / KILLS);
      await child.end("SIGKILL");
      const wasAnswered = (await opened) !== null;
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
      child = await startChild({ dataDir });
      const after = connect();
      const done = await assertWhole(after, run);
      assert.equal(await isRestating(after, run), !wasAnswered, "answered at the end, not before");
      parts.push(done);
      await assertFinishes(after, run);
    }
    await child.end("SIGTERM");
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    for (const client of clients) client.close();
    await child.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
  t.diagnostic(`restated when it was killed: ${parts.join(", ")}`);
});
