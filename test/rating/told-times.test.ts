/** Parts of a period that fees are for, as statements tell them and `verify` works them out. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-told-times-"));
after(() => rmSync(dataDir, { recursive: true }));

const document = JSON.stringify({
  ...{ key: "card", currency: "USD" },
  charges: [{ key: "c", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } }],
  fees: [{ key: "base", name: "Base fee", amount: "74.30" }],
});

/** When customers in Berlin start, and how October is told; the hour after 2 comes twice. */
const STARTS = {
  "2027-10-20T22:00:00Z": ["2027-10-21 00:00", "26.43"],
  "2027-10-20T22:00:05Z": ["2027-10-21 00:00:05", "26.43"],
  "2027-10-20T22:00:00.500Z": ["2027-10-21 00:00:00.5", "26.43"],
  "2027-10-31T00:30:00Z": ["2027-10-31 02:30+02:00", "2.24"],
  "2027-10-31T01:30:00Z": ["2027-10-31 02:30+01:00", "2.14"],
  "2027-10-31T02:30:00Z": ["2027-10-31 03:30", "2.04"],
};

test("a fee's part of a period is told by the customer's clock, and verify agrees", async () => {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => Date.UTC(2027, 10, 2) } });
  await store.createWorkspace("w");
  const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
  await engine.applyRateCard("w", card);
  const told: Record<string, string[]> = {};
  for (const [at, startedAt] of Object.keys(STARTS).entries()) {
    const settings = { timeZone: "Europe/Berlin", startedAtMs: Date.parse(startedAt) };
    const customer = `c${at}`;
    await engine.saveCustomer("w", { id: customer, settings });
    const close = { customer, period: "2027-10-01", early: false };
    const { statements } = await engine.closePeriod("w", close);
    const [line] = JSON.parse(statements[0]?.document ?? "{}").lines;
    const [, from = ""] = /^Base fee: (.*) to 2027-11-01 00:00 Europe\/Berlin$/.exec(
      line.description,
    ) ?? [""];
    told[startedAt] = [from, line.amountRounded];
  }
  await store.close();
  assert.deepEqual(told, STARTS);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});
