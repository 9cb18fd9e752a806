/** What `verify` holds of late usage is sums: a customer may have any number of adjustments. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StatementSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { PLAIN_CARD, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { openFile } from "./altered-copy.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-late-"));
const LATE_COUNT = 300;
const CLOSED = ["2026-11", "2026-12", "2027-01"];
const CUSTOMERS = ["acme", "beta"];

before(async () => {
  const store = openSqliteStore({ digest: nodeDigest, dataDir });
  let nowMs = Date.UTC(2026, 10, 20);
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...PLAIN_CARD, effectiveFromMs: 0 });
  const call = (customer: string, id: string) => {
    const contentHash = `${customer} ${id}`;
    const occurredAtMs = Date.UTC(2026, 10, 19);
    return toolCall({ run: customer, customer, id, occurredAtMs, contentHash });
  };
  await engine.ingest(
    "w",
    CUSTOMERS.map((customer) => call(customer, "in time")),
  );
  for (const [at, period] of CLOSED.entries()) {
    nowMs = Date.UTC(2026, 11 + at, 3);
    await engine.closePeriod("w", { customer: null, period, early: false });
    const late = Array.from({ length: LATE_COUNT / CLOSED.length }, (_, no) => `${period} ${no}`);
    for (const customer of CUSTOMERS)
      await engine.ingest(
        "w",
        late.map((id) => call(customer, id)),
      );
  }
  await store.close();
});

after(() => rmSync(dataDir, { recursive: true }));

test("late usage is read one row at a time, once for all bills of a customer", (context) => {
  const all = context.mock.method(StatementSync.prototype, "all");
  const { iterate } = StatementSync.prototype;
  const read: string[] = [];
  function noted(this: StatementSync, ...values: Parameters<typeof iterate>) {
    read.push(this.sourceSQL);
    return iterate.apply(this, values);
  }
  context.mock.method(StatementSync.prototype, "iterate", noted);
  const { checked, findings } = verifyDataFolder(dataDir);
  assert.deepEqual(findings, []);
  assert.equal(checked.statements, CUSTOMERS.length * CLOSED.length);
  assert.ok((checked.adjustments ?? 0) >= CUSTOMERS.length * LATE_COUNT);
  const most = Math.max(...all.mock.calls.map(({ result }) => result?.length ?? 0));
  assert.ok(most < LATE_COUNT / CLOSED.length, `${most} rows at once`);
  const ofCustomers = read.filter((sql) =>
    /FROM adjustments INDEXED BY adjustments_by_period\s+WHERE ws = \? AND customer/.test(sql),
  );
  assert.equal(ofCustomers.length, CUSTOMERS.length);
});

test("a late row that cannot be read is named alone", () => {
  const db = openFile(dataDir);
  try {
    const { seq } = db.prepare("SELECT max(seq) AS seq FROM adjustments").get() ?? {};
    db.prepare("UPDATE adjustments SET amount = 'x' WHERE seq = ?").run(seq as number);
    const found = verifyDataFolder(dataDir).findings.filter(({ table }) => table === "adjustments");
    assert.ok(found.some(({ key, problem }) => key === `w/${seq}` && /be read/.test(problem)));
  } finally {
    db.close();
  }
});
