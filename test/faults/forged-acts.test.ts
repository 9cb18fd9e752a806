/**
 * Acts that the engine would never make, sealed as if it had: `tollgate verify` reads what they
 * say, and does not take a sound seal for a sound act.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeDigest } from "../../src/compose.ts";
import type { JournalKind } from "../../src/domain/event/journal.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

type Forged = readonly [kind: JournalKind, subject: string, document: object];

/** What verification finds where these acts, and nothing else, were recorded. */
async function findingsOf(...acts: readonly Forged[]): Promise<string[]> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { nowMs: () => Date.UTC(2026, 10, 23) };
  const context = actContext(store, clock);
  await store.createWorkspace("w");
  for (const [kind, subject, document] of acts) {
    await runAct(context, "w", async ({ journal }) => journal(kind, subject, document));
  }
  await store.close();
  return verifyDataFolder(dataDir).findings.map((found) => `${found.key}: ${found.problem}`);
}

const settings = (kind: string): Forged => [
  "workspace.saved",
  "workspace",
  { kind, graceHours: 0 },
];
const clockAt = (nowMs: number): Forged => ["clock.advanced", "workspace", { nowMs }];

test("a clock that runs forward in a sandbox is sound", async () => {
  assert.deepEqual(await findingsOf(settings("sandbox"), clockAt(1), clockAt(1), clockAt(2)), []);
});

test("a clock that runs back is found", async () => {
  const found = await findingsOf(settings("sandbox"), clockAt(2), clockAt(1));
  assert.deepEqual(found, ["w/3: moves the clock back"]);
});

test("a clock that is moved in production is found", async () => {
  const problem = "moves the clock of a production workspace";
  assert.deepEqual(await findingsOf(clockAt(1)), [`w/1: ${problem}`]);
  assert.deepEqual(await findingsOf(settings("production"), clockAt(1)), [`w/2: ${problem}`]);
});

test("a workspace that becomes another kind is found", async () => {
  const found = await findingsOf(settings("sandbox"), settings("production"));
  assert.deepEqual(found, ["w/2: makes the workspace another kind"]);
});

const GIVEN = { customer: "acme", period: "2026-11-01", amount: "5" };

test("a goodwill that booked no row, or is given twice, is found", async () => {
  const found = await findingsOf(["goodwill.given", "gw", GIVEN], ["goodwill.given", "gw", GIVEN]);
  const rows = 'holds 0 rows of goodwill.given "gw", not 1';
  const twice = 'repeats an act on "gw"';
  assert.deepEqual(found, [`w/1: ${twice}`, `w/1: ${rows}`, `w/2: ${twice}`, `w/2: ${rows}`]);
});

test("a dispute that nobody opened is not decided", async () => {
  const found = await findingsOf(["dispute.resolved", "dp", { favor: "customer" }]);
  assert.deepEqual(found, ["w/1: decides a dispute that nobody opened"]);
});

test("a credit note of what was never billed, or that does not add up, is found", async () => {
  const note = { lines: [{ line: 1, amount: "2" }], total: "3" };
  const found = await findingsOf(["credit_note.issued", "st_no", note]);
  const total = "credits a total that is not the sum of its lines";
  assert.deepEqual(found, ["w/1: credits more than line 1 of st_no billed", `w/1: ${total}`]);
});

test("a statement that is voided without another one in its place is found", async () => {
  const found = await findingsOf(["statement.voided", "st_no", { replacedBy: "st_none" }]);
  const missing = "is missing: journal entry 1 voided it, and it stays readable";
  assert.deepEqual(found, ["w/1: voids a statement that nothing replaces", `w/st_no: ${missing}`]);
});

test("an opening count that takes off another amount than it comes to is found", async () => {
  const count = { card: "c", cardVersion: 1, charge: "x", cell: "", quantity: "3", share: "0" };
  const about = { customer: "acme", period: "2026-11-01", amount: "-1", counter: count };
  const found = await findingsOf(["opening.set", "op#1", about]);
  assert.ok(found.includes("w/1: takes off another amount than its count comes to"), `${found}`);
});

test("a true-up that is not what its invoice bills is found", async () => {
  const place = { provider: "p", model: "m", day: "2026-11-01" };
  const invoice: Forged = [
    "invoice.imported",
    "INV",
    { rows: [{ ...place, amount: "3" }], total: "3" },
  ];
  const trueUp = (invoiced: string, difference: string): Forged => {
    const row = { ...place, recorded: "1", invoiced, difference };
    return ["cost.trued_up", "INV", { rows: [row], total: "2" }];
  };
  assert.deepEqual(await findingsOf(invoice, trueUp("3", "2")), []);
  assert.deepEqual(await findingsOf(invoice, trueUp("4", "2")), [
    "w/2: m of 2026-11-01 is not what the invoice bills",
    "w/2: m of 2026-11-01 books another difference",
  ]);
  assert.deepEqual(await findingsOf(invoice, trueUp("3", "1")), [
    "w/2: m of 2026-11-01 books another difference",
    "w/2: total is not that of its rows",
  ]);
  const nobody = await findingsOf(trueUp("3", "2"));
  assert.deepEqual(nobody, ["w/1: trues up an invoice that nobody imported"]);
});

test("a look after what was not due, or that passes over what was, is found", async () => {
  const due: Forged = ["alert.look_due", "", { customers: ["a", "b"] }];
  const looked = (seq: number, after: string | null): Forged => {
    return ["alert.looked", "", { due: seq, after }];
  };
  const problem = "looks after what was not due next";
  assert.deepEqual(
    await findingsOf(due, due, looked(1, "a"), looked(1, null), looked(2, null)),
    [],
  );
  assert.deepEqual(await findingsOf(looked(1, null)), [`w/1: ${problem}`]);
  assert.deepEqual(await findingsOf(due, due, looked(2, null)), [`w/3: ${problem}`]);
  const again = await findingsOf(due, due, looked(1, "a"), looked(2, null));
  assert.deepEqual(again, [`w/4: ${problem}`]);
});
