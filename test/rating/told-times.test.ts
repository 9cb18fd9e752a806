/** Parts of a period as statements tell them, of fees and minimums, and `verify` works them out. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-told-times-"));
after(() => rmSync(folder, { recursive: true }));

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
  const dataDir = join(folder, "fees");
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

const charge = { key: "c", name: "Calls", meter: { count: "steps" } };
const priced = { ...charge, price: { model: "per_unit", unit: "1" } };
const least = (key: string, minimum: string, own: object) =>
  JSON.stringify({ key, currency: "EUR", minimum, charges: [{ ...priced, ...own }] });

/** March of 743 hours, since clocks go forward, by one card and then by another. */
const CHANGED = [
  "Calls: minimum of 15.02 for 2026-03-01 00:00 to 2026-03-16 00:00 Europe/Berlin = 15.02",
  "Minimum of 150.20 for 2026-03-01 00:00 to 2026-03-16 00:00, " +
    "319.60 for 2026-03-16 00:00 to 2026-04-01 00:00 Europe/Berlin = 454.78",
];

test("a minimum says what it comes to for which parts of a period, and verify agrees", async () => {
  const dataDir = join(folder, "minimums");
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  let nowMs = Date.parse("2026-02-28T23:00:00Z");
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
  await store.createWorkspace("w");
  for (const document of [least("first", "310", { minimum: "31" }), least("second", "620", {})]) {
    const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
    await engine.applyRateCard("w", card);
  }
  const settings = { timeZone: "Europe/Berlin", cardKey: "first" };
  await engine.saveCustomer("w", { id: "whole", settings });
  await engine.saveCustomer("w", { id: "changed", settings });
  nowMs = Date.parse("2026-03-15T23:00:00Z");
  await engine.saveCustomer("w", {
    id: "changed",
    settings: { cardKey: "second", cardFromMs: nowMs },
  });
  nowMs = Date.parse("2026-04-02T00:00:00Z");
  const told = async (customer: string): Promise<string[]> => {
    const close = { customer, period: "2026-03-01", early: false };
    const { statements } = await engine.closePeriod("w", close);
    const lines = JSON.parse(statements[0]?.document ?? "{}").lines as Record<string, string>[];
    return lines.map(({ description, amountExact }) => `${description} = ${amountExact}`);
  };
  const whole = await told("whole");
  const changed = await told("changed");
  await store.close();
  assert.deepEqual(whole, ["Calls: minimum of the period = 31", "Minimum of the period = 279"]);
  assert.deepEqual(changed, CHANGED);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});
