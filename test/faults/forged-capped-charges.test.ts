/**
 * What discounts and commitments are of beside a cap of runs, where the act of a close says that
 * its statement is of before: then what the cap takes off was of no charge.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { cardOf, each, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { findingsAfter } from "./altered-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-capped-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CARD = cardOf({ calls: [{ count: "steps" }, each("1")] }, "card", {
  runCap: "6",
  fees: [{ key: "base", amount: "26", prorate: false }],
  discounts: [
    { key: "tenth", percent: "10" },
    { key: "half", percent: "50", charges: ["calls"] },
  ],
});
const DAY_MS = 86_400_000;
const original = join(folder, "original");

/** Twelve calls, of which the cap leaves 6.00: 5.40 behind the first discount, 2.70 behind both. */
before(async () => {
  let nowMs = Date.UTC(2026, 10, 2);
  const store = openSqliteStore({ dataDir: original, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const least = { key: "least", kind: "minimum", per: "period", amount: "10" };
  const document = { commitments: [{ ...least, from: "2026-11-01" }] };
  const saved = await engine.commitments.save("w", { customer: "acme", document });
  assert.ok("commitments" in saved);
  const calls = Array.from({ length: 12 }, (_, at) => {
    return toolCall({ id: `c${at}`, customer: "acme", occurredAtMs: nowMs });
  });
  await engine.ingest("w", calls);
  nowMs += 30 * DAY_MS;
  const key = { customer: "acme", period: "2026-11-01" };
  const { statements } = await engine.closePeriod("w", { ...key, early: false });
  // 32 less 3.20 and 2.70, and 7.30 that are missing to 10.
  assert.equal(statements[0]?.total, "33.4");
  await store.settle("w");
  await store.close();
});

function found(from: string, to: string): string[] {
  const findings = findingsAfter(original, (copy) => {
    const sql =
      "UPDATE journal SET document = replace(document, ?, ?) WHERE kind = 'period.closed'";
    assert.equal(Number(copy.prepare(sql).run(from, to).changes), 1);
  });
  return findings.map(({ table, problem }) => `${table} ${problem}`);
}

test("discounts and commitments are of what the cap leaves, as the close says", () => {
  assert.deepEqual(found("", ""), []);
  const former = found('"lineForm":3', '"lineForm":2');
  assert.ok(
    former.some((one) => one.includes("discount half: is -2.7, and -5.495")),
    `${former}`,
  );
  assert.ok(
    former.some((one) => one.includes('usage of the commitment "least"')),
    `${former}`,
  );
});
