/**
 * What an opening of a volume charge takes off, and what the close corrects of that, altered in its
 * act or in the statement; and acts of before, which told neither.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { cardOf, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { findingsAfter, openFile } from "./altered-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-opening-counts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const TIERS = [{ upTo: "10", unit: "10" }, { unit: "5" }];
const VOLUME = { model: "volume", tiers: TIERS };
const CARD = cardOf(
  {
    calls: [{ count: "steps" }, VOLUME],
    pages: [{ count: "steps" }, VOLUME, { in: "credits" }],
  },
  "card",
  { credit: { name: "AI credits", price: "0.25" } },
);
const DAY_MS = 86_400_000;
const original = join(folder, "original");

/** Of each charge 10 were counted elsewhere, then 2 more: 12, which were billed at 5 each. */
before(async () => {
  let nowMs = Date.UTC(2026, 10, 12);
  const store = openSqliteStore({ dataDir: original, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  for (const quantity of ["10", "2"]) {
    const counters = ["calls", "pages"].map((charge) => ({ charge, cell: "", quantity }));
    const about = { id: `op${quantity}`, customer: "acme", amount: null, reason: "moved" };
    await engine.setOpening("w", { ...about, counters, by: "ben" });
  }
  await engine.ingest("w", [toolCall({ customer: "acme", occurredAtMs: nowMs })]);
  nowMs += 30 * DAY_MS;
  const closed = await engine.closePeriod("w", {
    ...{ customer: "acme", period: "2026-11-01", early: false },
  });
  // 13 at 5 less 12 at 5, in each charge; a credit is 0.25.
  assert.equal(closed.statements[0]?.total, "6.25");
  await store.settle("w");
  await store.close();
});

/** Findings but those of the chain, where acts of a kind are altered. */
function found(kind: string, ...changes: readonly (readonly [string, string])[]): string[] {
  const findings = findingsAfter(original, (copy) => {
    for (const [from, to] of changes) {
      const sql = "UPDATE journal SET document = replace(document, ?, ?) WHERE kind = ?";
      const { changes: count } = copy.prepare(sql).run(from, to, kind);
      assert.ok(Number(count) > 0);
    }
  });
  return findings.map(({ table, problem }) => `${table} ${problem}`);
}

test("openings are what their acts and their card say", () => {
  const db = openFile(original);
  const sql = "SELECT document FROM journal WHERE kind = 'opening.set' ORDER BY seq";
  const acts = db
    .prepare(sql)
    .all()
    .map(({ document }) => JSON.parse(String(document)));
  db.close();
  const told = acts
    .filter(({ counter }) => counter !== null)
    .map(({ amount, correction, credits, correctionCredits, counter }) => [
      amount,
      correction,
      credits,
      correctionCredits,
      counter.elsewhere,
    ]);
  assert.deepEqual(told, [
    ["-100", undefined, undefined, undefined, "10"],
    ["-25", undefined, "-100", undefined, "10"],
    ["-10", "50", undefined, undefined, "12"],
    ["-2.5", "12.5", "-10", "50", "12"],
  ]);
  assert.deepEqual(found("opening.set"), []);
});

describe("an opening is named", () => {
  for (const [what, from, to, problem] of [
    ["another amount", '"amount":"-10"', '"amount":"-50"', "takes off another amount"],
    ["other credits", '"credits":"-10"', '"credits":"-50"', "takes off other credits"],
    ["another correction", '"correction":"50"', '"correction":"60"', "corrects another amount"],
    ["no correction", '"correction":"50",', "", "corrects another amount"],
    ["other credits", 'Credits":"50"', 'Credits":"5"', "corrects other credits"],
    ["another count", '"elsewhere":"12"', '"elsewhere":"13"', "tells another count"],
    ["a correction of before", ',"elsewhere":"12"', "", "takes off another amount"],
  ] as const) {
    test(`where its act says ${what}`, () => {
      const all = found("opening.set", [from, to]);
      assert.ok(
        all.some((one) => one.startsWith(`journal ${problem}`)),
        String(all),
      );
    });
  }

  test("where the close says that its line is of before", () => {
    const all = found("period.closed", ['"lineForm":3', '"lineForm":2']);
    assert.ok(
      all.some((one) => one.includes("opening (op2#1)")),
      String(all),
    );
  });
});
