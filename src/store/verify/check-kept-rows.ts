/** Rows with a checksum of their own, and what they refer to. */
import { type Bound, decodeCall, type Row, rowText } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import { checksumOf } from "./digests.ts";
import { keyText } from "./findings.ts";
import { findStep } from "./step-row.ts";

const CHECKSUMMED = [
  { table: "witnesses", key: ["run", "source", "id"] },
  { table: "suspended", key: ["run", "source", "id"] },
  { table: "conflicts", key: ["seq"] },
  { table: "adjustments", key: ["seq"] },
  { table: "former_runs", key: ["run", "until_seq"] },
  { table: "former_outcomes", key: ["run", "key", "until_seq"] },
  { table: "credit_books", key: ["customer"] },
  { table: "api_keys", key: ["id"] },
  { table: "alert_cursors", key: [] },
  { table: "alert_deliveries", key: ["id"] },
  { table: "holds", key: ["run", "source", "id"] },
  { table: "overruns", key: ["budget_id", "scope", "window_key"] },
] as const;

/** Checks rows that are kept beside what counts, by their checksums. */
export function checkKeptRows(file: DataFile): void {
  for (const { table, key } of CHECKSUMMED) {
    for (const row of file.rowsOf(table, [...key, "1"].join(", "))) {
      const values = Object.entries(row).filter(([name]) => name !== "checksum");
      const text = rowText(values.map(([, value]) => value as Bound));
      const at = keptKey(file, row, key);
      const isIntact = checksumOf(text) === row.checksum;
      file.findings.expect(isIntact, [table, at, "does not match its checksum"]);
      if (table === "api_keys" && isIntact) checkWorkspaceOfKey(file, row);
      if (table === "suspended") checkWaiting(file, row, at);
    }
  }
  checkSigningKeys(file);
  checkCalls(file);
}

/** Keys of the installation: they belong to no workspace. */
function checkSigningKeys(file: DataFile): void {
  for (const { checksum, ...row } of file.rowsOf("signing_keys", "id")) {
    const isIntact = checksumOf(rowText(Object.values(row) as Bound[])) === checksum;
    file.findings.expect(isIntact, ["signing_keys", String(row.id), "does not match its checksum"]);
  }
}

function keptKey(file: DataFile, row: Row, columns: readonly string[]): string {
  const parts = columns.map((name) => row[name] as string | number);
  const workspace = typeof row.ws === "number" ? file.workspace(row.ws) : (row.workspace as string);
  return keyText(workspace, ...parts);
}

function checkWorkspaceOfKey(file: DataFile, row: Row): void {
  const workspace = row.workspace as string;
  const isKnown = [...file.workspaces.values()].includes(workspace);
  const problem = `is missing: API key ${row.id} opens it`;
  file.findings.expect(isKnown, ["workspaces", workspace, problem]);
}

/**
 * Events wait only for runs that exist. Once a run's customer is known they are counted part by
 * part, and the run tells how many still wait.
 */
function checkWaiting(file: DataFile, row: Row, key: string): void {
  const sql = "SELECT suspended FROM runs WHERE ws = ? AND id = ?";
  const run = file.first(sql, row.ws as number, row.run as string);
  const waits = run !== undefined && (run.suspended as number) > 0;
  file.findings.expect(waits, [
    "suspended",
    key,
    "waits for a run that counts none, or is not there",
  ]);
}

function checkCalls(file: DataFile): void {
  for (const row of file.rowsOf("calls", "ws, call_id, customer")) {
    const ws = row.ws as number;
    const { callId, customer, run, source, id } = decodeCall(row);
    const key = keyText(file.workspace(ws), callId, customer);
    const step = findStep(file, ws, { run, source, id })?.step;
    // What a step billed can no longer be worked out once it is removed.
    if (step === undefined && file.removed.had(ws, run, { source, id })) continue;
    const bills = step?.role === "bill" && !step.voided;
    const isIts = bills && step.callId === callId && step.customer === customer;
    const problem = `points to the step ${keyText(run, source, id)}, which does not bill it`;
    file.findings.expect(isIts, ["calls", key, problem]);
  }
}
