/**
 * Notes that take credit notes back as the engine would never do, sealed as if it had: each is
 * named, and what it would leave to be given back once more is too.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { cardOf, each, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-voided-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const CARD = cardOf({
  tools: [{ count: "steps", where: { kind: "tool" } }, each("2")],
  all: [{ count: "steps" }, each("3")],
});
const NOVEMBER = Date.UTC(2026, 10, 12);
const DECEMBER = Date.UTC(2026, 11, 2);

interface Note {
  readonly id: string;
  readonly voids?: string;
  readonly billedTo?: string;
  readonly lines: readonly { readonly line: number; readonly amount: string }[];
  readonly total: string;
}

/** A note of two lines, of 2 and of 3. */
const given = (id: string): Note => ({
  id,
  lines: [
    { line: 1, amount: "2" },
    { line: 2, amount: "3" },
  ],
  total: "5",
});
/** What takes it back. */
const taken = (id: string, voids: string): Note => ({
  ...{ id, voids, total: "-5" },
  lines: [
    { line: 1, amount: "-2" },
    { line: 2, amount: "-3" },
  ],
});

/** What is found where these notes were recorded of the statements of "acme" and of "other". */
async function findingsOf(...notes: readonly (Note & { readonly of?: "other" })[]) {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: NOVEMBER };
  const nowMs = () => clock.now;
  const engine = composeEngine(store, { clock: { nowMs } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveWorkspace("w", { graceHours: 0 });
  const statements: Record<string, string> = {};
  for (const customer of ["acme", "other"]) {
    clock.now = NOVEMBER;
    await engine.saveCustomer("w", { id: customer, settings: {} });
    await engine.ingest("w", [toolCall({ run: customer, customer, occurredAtMs: NOVEMBER })]);
    clock.now = DECEMBER;
    const close = { customer, period: "2026-11-01", early: false };
    statements[customer] = (await engine.closePeriod("w", close)).statements[0]?.id ?? "";
  }
  await store.settle("w");
  const context = actContext(store, { nowMs });
  for (const { of = "acme", ...note } of notes) {
    await runAct(context, "w", async ({ journal }) => {
      journal("credit_note.issued", statements[of] ?? "", note);
    });
  }
  await store.close();
  return verifyDataFolder(dataDir).findings.map(({ table, problem }) => {
    return `${table}: ${problem.replace(statements.acme ?? "", "st")}`;
  });
}

const notOpposite = (of: string) => `journal: takes back ${of}, of which it is not the opposite`;
const tooMuch = (line: number) => `journal: credits more than line ${line} of st billed`;

test("a note that is taken back by its opposite is sound, and so is the next one", async () => {
  assert.deepEqual(await findingsOf(given("a"), taken("b", "a"), given("c")), []);
  const twice = [given("a"), taken("b", "a"), given("c"), taken("d", "c")];
  assert.deepEqual(await findingsOf(...twice), []);
});

for (const [what, change] of [
  ["more of a line", { lines: [{ line: 1, amount: "-2.5" }, taken("b", "a").lines[1]] }],
  ["less of a line", { lines: [{ line: 1, amount: "-1" }, taken("b", "a").lines[1]] }],
  ["one of its lines", { lines: [{ line: 1, amount: "-2" }] }],
  ["another line", { lines: [{ line: 7, amount: "-2" }, taken("b", "a").lines[1]] }],
  ["a line twice", { lines: [...taken("b", "a").lines, { line: 1, amount: "-2" }] }],
  ["another total", { total: "-4" }],
  ["what it gives", { lines: given("a").lines, total: "5" }],
] as [string, Partial<Note>][]) {
  test(`a note that takes back ${what} is found`, async () => {
    const found = await findingsOf(given("a"), { ...taken("b", "a"), ...change });
    assert.deepEqual(found, [notOpposite("a")]);
  });
}

test("a note that takes back what nobody issued, or itself, is found", async () => {
  assert.deepEqual(await findingsOf(given("a"), taken("b", "none")), [notOpposite("none")]);
  assert.deepEqual(await findingsOf(taken("b", "b")), [notOpposite("b")]);
});

test("a note that takes back one that is issued behind it is found", async () => {
  assert.deepEqual(await findingsOf(taken("b", "a"), given("a")), [notOpposite("a")]);
});

test("a note that is taken back twice is found, and what is given once more with it", async () => {
  const twice = [given("a"), taken("b", "a"), taken("c", "a")];
  assert.deepEqual(await findingsOf(...twice), [notOpposite("a")]);
  const found = await findingsOf(given("a"), taken("b", "a"), given("c"), given("d"));
  assert.deepEqual(found, [tooMuch(1), tooMuch(2)]);
});

test("a note that takes back one which takes one back is found", async () => {
  const back = { ...given("c"), voids: "b" };
  assert.deepEqual(await findingsOf(given("a"), taken("b", "a"), back), [notOpposite("b")]);
});

test("a note that goes to somebody who was not billed is found", async () => {
  assert.deepEqual(await findingsOf({ ...given("a"), billedTo: "other" }), [
    "journal: gives back to other, which was not billed for st or not told",
  ]);
});

test("a note that takes back one of another statement is found", async () => {
  const of = "other" as const;
  const [here, back] = [given("a"), taken("b", "a")];
  assert.deepEqual(await findingsOf(here, { ...back, of }), [notOpposite("a")]);
  assert.deepEqual(await findingsOf({ ...here, of }, back), [notOpposite("a")]);
});
