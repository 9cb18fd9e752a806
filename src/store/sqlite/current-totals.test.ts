import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import type { StepEvent } from "../../domain/event/event.ts";
import { LOOKS_A_UNIT } from "../../engine/alerts/due-looks.ts";
import { hashed, START_MS } from "../event-sequences-contract.ts";
import { engineOver } from "../play-contract.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";
import { UNSUMMED_STEPS } from "./unsummed-steps.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-totals-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function open(name: string) {
  const store = openSqliteStore({ dataDir: join(folder, name), digest: nodeDigest });
  // A stage that is reached is told at once, and all totals with it: here they must wait.
  const { engine } = await engineOver(store, "a", { budgets: [] });
  await engineOver(store, "b", { budgets: [] });
  return { store, engine };
}

const stepOf = (id: string): StepEvent =>
  hashed({
    type: "step",
    run: "r1",
    source: "sdk",
    id,
    occurredAtMs: START_MS,
    contentHash: "",
    kind: "tool",
    status: "ok",
    completeness: "exact",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: null,
    model: null,
    tool: "search",
    tier: "standard",
    usage: new Map(),
    labels: null,
    customer: "acme",
    agent: "support",
    parentRun: null,
    parentStep: null,
    callId: null,
    hold: null,
  });

const SEVERAL = Array.from({ length: 40 }, (_, index) => index + 1);

test("a read while another workspace's unit runs sees what was acknowledged", async () => {
  const { store, engine } = await open("beside");
  for (const count of SEVERAL) {
    const mine = engine.ingest("a", [stepOf(`e${count}`)]);
    // Its unit of work begins when the first is done, while the answers to that are awaited.
    const others = engine.ingest("b", [stepOf(`e${count}`)]);
    await mine;
    for (let turn = 0; turn < count; turn += 1) await null;
    assert.equal((await store.run("a", "r1"))?.own.steps, count);
    const rows = await store.rollups("a", {});
    assert.equal(rows.find((row) => row.kind === "tool")?.steps, count);
    await others;
  }
  await store.close();
});

/** Makes every write to the file fail, as a full disk would, until it is undone. */
function refuseWrites(name: string): () => void {
  const other = new DatabaseSync(join(folder, name, DATABASE_FILE));
  other.exec("BEGIN IMMEDIATE");
  return () => other.close();
}

test("a unit that the file refuses loses no acknowledged total", async () => {
  const { store, engine } = await open("refused");
  await engine.ingest("a", [stepOf("e1")]);
  const undo = refuseWrites("refused");
  await assert.rejects(engine.ingest("a", [stepOf("e2")]), { code: "store.unknown" });
  await assert.rejects(async () => store.run("a", "r1"), { code: "store.unknown" });
  undo();
  await engine.ingest("a", [stepOf("e2")]);
  assert.equal((await store.run("a", "r1"))?.own.steps, 2);
  await store.close();
});

test("steps summed again stay in memory until they go to the file with others", async () => {
  const { store, engine } = await open("again");
  await engine.ingest("a", [stepOf("e1")]);
  const failed = store.transact("a", () => {
    throw new RangeError("on purpose");
  });
  await assert.rejects(failed, RangeError);
  assert.throws(() => store.run("a", "r1"), { code: "store.unknown" });
  await engine.recover("a");
  await engine.recover("a");
  await engine.ingest("a", [stepOf("e2")]);
  assert.equal((await store.run("a", "r1"))?.own.steps, 2, "summed once");
  assert.deepEqual(store.unsummedSteps("a"), []);
  await store.close();
  const reopened = openSqliteStore({ dataDir: join(folder, "again"), digest: nodeDigest });
  await composeEngine(reopened).recover("a");
  assert.equal((await reopened.run("a", "r1"))?.own.steps, 2);
  await reopened.close();
});

test("looks that a unit leaves, and those at them, bring no totals to the file", async () => {
  const { store, engine } = await open("looks");
  await store.settle("a");
  const db = new DatabaseSync(join(folder, "looks", DATABASE_FILE), { readOnly: true });
  const [summed, acts] = [
    db.prepare("SELECT summed_step_no AS n FROM workspaces WHERE id = 'a'"),
    db.prepare("SELECT kind FROM journal WHERE kind LIKE 'alert.%' ORDER BY seq"),
  ];
  const customers = Array.from({ length: 2 * LOOKS_A_UNIT }, (_, at) => `customer-${at}`);
  const steps = customers.map((customer) => ({ ...stepOf(customer), run: customer, customer }));
  await engine.ingest("a", steps);
  const summedNo = summed.get()?.n;
  while ((await engine.alerts.look("a", 100)) > 0);
  assert.deepEqual(
    acts.all().map(({ kind }) => kind),
    ["alert.look_due", "alert.looked", "alert.looked"],
  );
  assert.equal(summed.get()?.n, summedNo);
  assert.equal(summedNo, 0, "they wait");
  assert.equal((await store.run("a", "customer-39"))?.own.steps, 1);
  assert.equal(summed.get()?.n, 40, "they were read");
  db.close();
  await store.close();
});

test("steps that wait to be summed are found without going through those that do not", async () => {
  const { store } = await open("planned");
  await store.close();
  const db = new DatabaseSync(join(folder, "planned", DATABASE_FILE), { readOnly: true });
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${UNSUMMED_STEPS}`).all(1);
  db.close();
  assert.match(String(plan[0]?.detail), /^SEARCH s USING INTEGER PRIMARY KEY \(rowid>\?\)$/);
});
