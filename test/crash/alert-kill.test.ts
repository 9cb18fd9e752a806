/**
 * `kill -9` right behind the answer to the step that uses something up: the alert is on disk with
 * the step. The data folder is read by a store alone, so that nobody has looked for alerts since.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";

const WS = "default";
const WHO = { reason: "test", by: "test" };
const PRICE = { model: "per_unit", unit: "1" };
const CARD = {
  ...{ key: "calls", currency: "USD" },
  charges: [{ key: "calls", meter: { count: "steps" }, price: PRICE }],
};
const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;

const step = (id: string) => ({
  ...{ run: "r1", source: "sdk", id, kind: "tool", tool: "search", customer: "acme", agent: "a" },
  occurredAt: new Date().toISOString(),
});

test("an alert of what follows from totals outlives a kill right behind its step", async () => {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-alert-kill-"));
    try {
      const child = await startChild({ dataDir });
      const client = new HttpClient(child.url, child.adminKey ?? "");
      const ok = async (path: string, body: object): Promise<void> => {
        const { status } = await client.post(path, body);
        assert.ok(status < 300, `${path}: ${status}`);
      };
      await ok("/v1/rate-cards", CARD);
      await ok("/v1/events", [step("first")]);
      await ok("/v1/credits/grants", { id: "g", customer: "acme", amount: "3", ...WHO });
      await ok("/v1/events", [step("second"), step("third"), step("last")]);
      await child.end("SIGKILL");
      client.close();
      const store = openSqliteStore({ dataDir, digest: nodeDigest });
      const query = { type: null, customer: "acme", beforeSeq: null, limit: 10 };
      const { alerts } = await composeEngine(store).alerts.list(WS, query);
      await store.close();
      assert.deepEqual(
        alerts.map(({ type, data }) => [type, data.balance]),
        [["credit.empty", "0"]],
      );
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
});
