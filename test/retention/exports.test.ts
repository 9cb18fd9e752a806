/**
 * What was billed of steps that are gone goes on: lines that were not sent yet, lost or to be put
 * right leave as they would have, are read back, and verify.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { composeEngine, DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { FakeObjectStore } from "../../src/connectors/file/fake-object-store-contract.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { TollgateError } from "../../src/domain/errors.ts";
import type { ExportMode } from "../../src/domain/export/capability.ts";
import { countedValue, LINE_STATES } from "../../src/domain/export/export-line.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { OutgoingHttp } from "../../src/engine/export/connector-port.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { makeVariedHistory } from "../faults/varied-history.ts";
import { closeAll, openAt, retainAt, withEngine } from "./retaining.ts";

const WHO = { reason: "our warehouse", by: "anna" };
const BEFORE_MS = Date.UTC(2028, 0, 15);
const AFTER_MS = Date.UTC(2028, 1, 20);
const folder = mkdtempSync(join(tmpdir(), "tollgate-retained-exports-"));
const original = join(folder, "original");

before(async () => {
  await makeVariedHistory(original);
  await withEngine({ dataDir: original }, BEFORE_MS, (engine) =>
    closeAll(engine, DEFAULT_WORKSPACE),
  );
});
after(() => rmSync(folder, { recursive: true }));

/** The files that a company's other system reads, and a network to them. */
class Files {
  nowMs = BEFORE_MS;
  losesAnswers = false;
  readonly fake = new FakeObjectStore({ nowMs: () => this.nowMs, chance: () => 0.5 }, null);
  readonly http: OutgoingHttp = {
    send: async (request) => {
      const answer = this.fake.answer(request);
      if (this.losesAnswers && request.method === "PUT")
        return { kind: "unclear", reason: "the answer was lost" };
      return { kind: "answered", answer };
    },
  };
}

/** Works with an engine that sends to these files. */
async function sending(
  dataDir: string,
  files: Files,
  work: (engine: Engine) => Promise<void>,
): Promise<void> {
  const store = await openAt({ dataDir });
  const exporting = { http: files.http, secrets: secretBox([randomBytes(32)]) };
  const engine = composeEngine(store, { clock: { nowMs: () => files.nowMs }, exporting });
  for (const workspace of await store.workspaces()) await engine.recover(workspace);
  await work(engine);
  await store.close();
}

const run = (engine: Engine, customer: string | null) =>
  engine.exports.run(DEFAULT_WORKSPACE, "files", { customer });

async function linesOf(engine: Engine) {
  const query = { target: "files", customer: null, after: null, states: LINE_STATES };
  return (await engine.exports.status(DEFAULT_WORKSPACE, query)).lines;
}

/** One customer's lines are written, the other's get lost, and the rest comes later. */
async function exported(dataDir: string, mode: ExportMode, isRetained: boolean) {
  const files = new Files();
  await sending(dataDir, files, async (engine) => {
    const document = {
      ...{ connector: "file", account: "live", mode, since: "2026-10-01" },
      ...{ window: mode === "usage" ? "day" : "period", settings: { format: "ndjson" } },
    };
    await engine.exports.saveTarget(DEFAULT_WORKSPACE, { id: "files", document, ...WHO });
    await run(engine, "beta");
    files.losesAnswers = true;
    await run(engine, "acme");
  });
  const { steps } = isRetained ? await retainAt({ dataDir }, BEFORE_MS) : { steps: 0 };
  files.losesAnswers = false;
  files.nowMs = AFTER_MS;
  const totals = new Map<string, bigint>();
  await sending(dataDir, files, async (engine) => {
    assert.ok((await linesOf(engine)).some(({ state }) => state !== "confirmed"));
    await creditOldBill(engine);
    await run(engine, null);
    const { drifts } = await engine.exports.reconcile(DEFAULT_WORKSPACE, {
      ...{ target: "files", customer: null },
    });
    assert.deepEqual(drifts, []);
    const lines = await linesOf(engine);
    assert.deepEqual(new Set(lines.map(({ state }) => state)), new Set(["confirmed"]));
    for (const line of lines) {
      const place = `${line.customer} ${line.item}`;
      totals.set(place, (totals.get(place) ?? 0n) + countedValue(line));
      const own = lines.filter((one) => one.customer === line.customer && one.item === line.item);
      const sent = own.reduce((sum, one) => sum + countedValue(one), 0n);
      assert.equal(files.fake.total(line.customer, line.item), sent, place);
    }
  });
  assert.deepEqual(files.fake.complaints, []);
  return { steps, totals, verified: verifyDataFolder(dataDir) };
}

/** A credit note on a bill that stands, whose steps may be gone. */
async function creditOldBill(engine: Engine): Promise<void> {
  for (const { id, document } of await engine.store.listStatements(DEFAULT_WORKSPACE)) {
    const { lines } = JSON.parse(document) as { lines: { amountRounded: string }[] };
    const line = 1 + lines.findIndex(({ amountRounded }) => Number(amountRounded) >= 0.1);
    if (line === 0) continue;
    try {
      const note = { ...WHO, id: null, statement: id, lines: [{ line, amount: "0.05" }] };
      await engine.issueCreditNote(DEFAULT_WORKSPACE, note);
      return;
    } catch (error) {
      if (!(error instanceof TollgateError) || error.code !== "statement.voided") throw error;
    }
  }
  assert.fail("there is a bill to put right");
}

for (const mode of ["usage", "rated", "statement"] as const) {
  test(`lines of removed steps leave, are read back and verify: ${mode}`, async () => {
    const [whole, retained] = [join(folder, `${mode} whole`), join(folder, `${mode} retained`)];
    for (const dataDir of [whole, retained]) cpSync(original, dataDir, { recursive: true });
    const kept = await exported(whole, mode, false);
    const gone = await exported(retained, mode, true);
    assert.ok(gone.steps > 0, "steps were removed");
    assert.equal(gone.verified.removed.steps, gone.steps);
    assert.deepEqual(gone.verified.findings, []);
    assert.deepEqual(gone.totals, kept.totals);
    assert.ok(gone.totals.size > 1);
  });
}
