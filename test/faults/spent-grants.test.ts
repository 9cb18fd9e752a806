/**
 * A grant that was paid back whole is forgotten by its wallet, and by `verify`: it had counted
 * among those that may pay a charge, so of two charges another one was served first than by the
 * wallet.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import {
  cardOf,
  each,
  opened,
  STEPS,
  toolCall,
} from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-spent-grants-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));

/** Calls of 1 and runs of nothing else: five of `b`, two of `a`. */
const where = (tool: string) => ({ ...STEPS, where: { tool: [tool] } });
const CARD = cardOf({ a: [where("a"), each("1")], b: [where("b"), each("1")] });

test("who was paid back whole is not asked again, by a wallet or by its oracle", async () => {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: Date.parse("2027-01-02T00:00:00Z") };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const who = { reason: "agreed", by: "anna", customer: "acme" };
  const give = (id: string, amount: string, charges: string[] | null) => {
    clock.now += 1_000;
    const terms = { currency: "USD", name: null, priority: 1, expiresAtMs: null, charges };
    const none = { cost: null, costCurrency: null, rollover: null };
    return engine.credits.grant("w", { ...who, ...terms, ...none, id, amount });
  };
  await give("b", "3", ["b"]);
  await give("all", "3", null);
  await give("back", "3", ["a"]);
  await engine.credits.refund("w", { ...who, id: "r", grant: "back", amount: "3" });
  await give("a", "1", ["a"]);
  const occurredAtMs = clock.now;
  const calls = ["a", "a", "b", "b", "b", "b", "b"].map((tool, at) =>
    toolCall({ id: `s${at}`, customer: "acme", tool, occurredAtMs }),
  );
  await engine.ingest("w", [opened({ customer: "acme" }), ...calls]);
  clock.now = Date.parse("2027-02-04T00:00:00Z");
  await engine.closePeriod("w", { customer: "acme", period: "2027-01", early: false });
  await store.settle("w");
  await store.close();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});
