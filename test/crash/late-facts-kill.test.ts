/**
 * `kill -9` while what an event states late reaches many steps, part by part: the event is on disk
 * with all parts that were done, every total is the sum of its steps, and the rest is done once.
 * Steps that were shadows until then are in no total, and the same parts bring them there.
 * So it is where a customer is named of a tree of thousands of runs, which is bound as a whole.
 * 2 kills each, 20 with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import { LATE_CARD, LATE_FACTS, LateRun, STEPS_BEFORE } from "./late-facts.ts";
import { LateTree, STEPS_OF_TREE } from "./late-tree.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 2 : 20;
const WAIT_MAX_MS = 200;

for (const [name, fact] of Object.entries(LATE_FACTS)) {
  test(`${KILLS} kills amid a late ${name} leave every step counted once`, async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-late-facts-"));
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
        const run = new LateRun(fact, `r${kill}`);
        const before = connect();
        await run.work(before);
        const stated = run.state(before);
        await run.amid(before, (kill * WAIT_MAX_MS) / KILLS);
        await child.end("SIGKILL");
        const wasAnswered = (await stated) !== null;
        assert.deepEqual(verifyDataFolder(dataDir).findings, []);
        child = await startChild({ dataDir });
        const after = connect();
        const followed = await run.assertWhole(after);
        if (wasAnswered) assert.equal(followed, STEPS_BEFORE, "answered at the end, not before");
        parts.push(followed);
        await run.assertFinishes(after);
      }
      await child.end("SIGTERM");
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
    } finally {
      for (const client of clients) client.close();
      await child.end("SIGKILL");
      rmSync(dataDir, { recursive: true, force: true });
    }
    t.diagnostic(`followed when it was killed: ${parts.join(", ")}`);
  });
}

test(`${KILLS} kills amid a tree's late customer bind all of it or nothing`, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-late-tree-"));
  let child = await startChild({ dataDir });
  const key = child.adminKey ?? "";
  let client = new HttpClient(child.url, key);
  const parts: string[] = [];
  try {
    await client.post("/v1/rate-cards", LATE_CARD);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const tree = new LateTree(`t${kill}`);
      await tree.work(client);
      const named = tree.name(client);
      await tree.amid(client, kill % 2 === 0 ? "binding" : "counting", kill / KILLS);
      await child.end("SIGKILL");
      const wasAnswered = (await named) !== null;
      client.close();
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
      child = await startChild({ dataDir });
      client = new HttpClient(child.url, key);
      const { isBound, counted } = await tree.assertWhole(client);
      if (wasAnswered) assert.equal(counted, STEPS_OF_TREE, "answered at the end, not before");
      parts.push(isBound ? `${counted}` : "nothing");
      await tree.assertFinishes(client, isBound);
    }
    await child.end("SIGTERM");
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    client.close();
    await child.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
  t.diagnostic(`bound or counted when it was killed: ${parts.join(", ")}`);
});
