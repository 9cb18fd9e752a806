/**
 * One pass over everything that took a seq, in seq order: checksums of steps and journal entries,
 * the hash chain link by link, and what every step adds to the totals.
 */
import { journalText } from "../../domain/event/codec.ts";
import type { Step } from "../../domain/event/step.ts";
import { decodeJournal } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import type { Books } from "./books.ts";
import { ChainWalk, type OnRest, type PassingRow, type Removal } from "./chain-walk.ts";
import { Roles } from "./check-roles.ts";
import type { DataFile } from "./data-file.ts";
import { checksumOf } from "./digests.ts";
import { keyText } from "./findings.ts";
import { type ReadStep, readStep } from "./step-row.ts";
import { Suspects } from "./suspects.ts";

/** SQLite sorts these few numbers on disk where they are many; rows are read one at a time. */
const SEALED_IN_ORDER = `
  SELECT r.ws AS ws, s.seq AS seq, 'steps' AS tab, s.step_no AS no
    FROM steps s LEFT JOIN runs r USING (run_no)
  UNION ALL SELECT r.ws, s.seq, 'former_steps', s.former_no
    FROM former_steps s LEFT JOIN runs r USING (run_no)
  UNION ALL SELECT ws, seq, 'journal', seq FROM journal
  UNION ALL SELECT ws, seq, 'witnesses', 0 FROM witnesses
  UNION ALL SELECT ws, seq, 'suspended', 0 FROM suspended
  UNION ALL SELECT ws, seq, 'conflicts', 0 FROM conflicts
  UNION ALL SELECT ws, seq, 'adjustments', 0 FROM adjustments
  UNION ALL SELECT ws, seq, 'overruns', 0 FROM overruns
  ORDER BY ws, seq`;

/** What the pass over sealed rows hands on. */
export interface SealedRowsParts {
  readonly books: Books;
  readonly acts: Acts;
  /** Prepares a removal: what is removed is booked, and nothing else. (Default: null, none.) */
  readonly onRest?: OnRest | null;
}

/** Checks checksums and the hash chain in one pass. */
export function checkSealedRows(file: DataFile, parts: SealedRowsParts): void {
  const suspects = new Suspects(file);
  const roles = new Roles(file);
  const walks = new Map<number, ChainWalk>();
  const walkOf = (ws: number): ChainWalk => {
    const walk = walks.get(ws) ?? new ChainWalk(file, ws, parts.onRest ?? null);
    walks.set(ws, walk);
    return walk;
  };
  for (const ws of file.workspaces.keys()) walkOf(ws);
  for (const row of file.each(SEALED_IN_ORDER)) {
    const { ws, seq, tab, no } = row as { ws: number | null; seq: number; tab: string; no: number };
    const sealed = readSealed(file, { ...parts, suspects, roles, ws, table: tab, no });
    if (ws !== null) walkOf(ws).pass({ table: tab, seq, ...sealed });
  }
  for (const walk of walks.values()) walk.end();
  checkOrphanLinks(file, walks);
  suspects.report();
  checkNames(file);
}

interface SealedRow extends SealedRowsParts {
  readonly suspects: Suspects;
  readonly roles: Roles;
  readonly ws: number | null;
  readonly table: string;
  readonly no: number;
}

type Sealed = Pick<PassingRow, "text" | "removal">;

const kept = (text: string | null): Sealed => ({ text, removal: "none" });

/** The text that the chain covers of a row; null for rows that stand outside it. */
function readSealed(file: DataFile, row: SealedRow): Sealed {
  const { table, ws, no } = row;
  if (table === "journal") return kept(ws === null ? null : readEntry(file, row, ws));
  if (table !== "steps" && table !== "former_steps") return kept(null);
  file.count(table);
  const read = readStep(file, table, no);
  if (read === null) return kept(null);
  if (!read.isIntact) row.suspects.note(read);
  if (table === "steps") checkCurrent(file, row, read);
  else checkFormer(file, row, read);
  return { text: read.text ?? "", removal: removalOf(file, read) };
}

function readEntry(file: DataFile, { acts, no }: SealedRow, ws: number): string {
  file.count("journal");
  const row = file.first("SELECT * FROM journal WHERE ws = ? AND seq = ?", ws, no) ?? {};
  const entry = decodeJournal(row);
  const text = journalText(entry);
  const key = keyText(file.workspace(ws), entry.seq);
  const isIntact = checksumOf(text) === row.checksum;
  file.findings.expect(isIntact, ["journal", key, "does not match its checksum"]);
  if (entry.run === "") {
    acts.add(ws, entry);
    return text;
  }
  const run = file.first("SELECT 1 FROM runs WHERE ws = ? AND id = ?", ws, entry.run);
  const runKey = keyText(file.workspace(ws), entry.run);
  const problem = `is missing: journal entry ${entry.seq} (${entry.kind}) is about it`;
  file.findings.expect(run !== undefined, ["runs", runKey, problem]);
  return text;
}

const IDENTITY = "run_no = ? AND source_no = ? AND id = ?";

function checkCurrent(file: DataFile, row: SealedRow, read: ReadStep): void {
  const { books, no } = row;
  const { ws, step, key, identity } = read;
  if (step === undefined) return;
  // Totals of the last steps may wait in the server's memory; a restart adds them up.
  const isCounted = isBooked(file, row, read);
  if (isCounted && no <= file.summedStepNo(ws)) books.addStep(ws, step);
  if (step.revision > 1) {
    const sql = `SELECT count(*) AS n FROM former_steps WHERE ${IDENTITY}`;
    const former = file.first(sql, ...identity)?.n as number;
    const problem = `holds ${former} former revisions of a step that is at ${step.revision}`;
    file.findings.expect(former === step.revision - 1, ["former_steps", key, problem]);
  }
  row.roles.check(read, step);
  if (step.callId !== null && !step.voided && step.role === "bill") checkCall(file, read, step);
}

/** Steps of a covered run count by what was recorded of them; that is booked while it is made. */
function isBooked(file: DataFile, { onRest = null }: SealedRow, read: ReadStep): boolean {
  return onRest === null ? !isCovered(file, read) : file.removed.isChosen(read.ws, read.run);
}

function isCovered(file: DataFile, { ws, run }: ReadStep): boolean {
  return file.removed.isCovered(ws, run);
}

function removalOf(file: DataFile, { ws, run }: ReadStep): Removal {
  if (file.removed.isChosen(ws, run)) return "prepared";
  return file.removed.isCovered(ws, run) ? "recorded" : "none";
}

/** A step that bills a call holds it, so that no other record of the call counts. */
function checkCall(file: DataFile, { ws, key }: ReadStep, step: Step): void {
  const sql = "SELECT * FROM calls WHERE ws = ? AND call_id = ? AND customer = ?";
  const call = file.first(sql, ws, step.callId, step.customer);
  const isHeld = call?.run === step.run && call.source === step.source && call.id === step.id;
  const callKey = keyText(file.workspace(ws), step.callId, step.customer);
  const problem = `does not point to the step ${key}, which bills this call`;
  file.findings.expect(isHeld, ["calls", callKey, problem]);
}

const NEXT_REVISION = `SELECT min(seq) AS seq FROM (
  SELECT seq FROM steps WHERE ${IDENTITY} UNION ALL SELECT seq FROM former_steps WHERE ${IDENTITY})
  WHERE seq > ?`;

function checkFormer(file: DataFile, row: SealedRow, read: ReadStep): void {
  const { ws, key, identity, step } = read;
  const current = file.first(`SELECT 1 FROM steps WHERE ${IDENTITY}`, ...identity);
  const problem = `is missing: its revision ${step?.revision} is kept`;
  file.findings.expect(current !== undefined, ["steps", key, problem]);
  if (step === undefined || !isBooked(file, row, read)) return;
  row.books.addFormerStep(ws, step, () => {
    const next = file.first(NEXT_REVISION, ...identity, ...identity, step.seq)?.seq;
    return (next as number | null | undefined) ?? step.seq;
  });
}

function checkOrphanLinks(file: DataFile, walks: ReadonlyMap<number, ChainWalk>): void {
  for (const row of file.each("SELECT DISTINCT ws FROM chain")) {
    if (!walks.has(row.ws as number)) file.workspace(row.ws as number);
  }
}

function checkNames(file: DataFile): void {
  for (const row of file.rowsOf("names", "name_no")) {
    const number = row.name_no as number;
    const isUsed = file.isNameUsed(number);
    file.findings.expect(isUsed, ["names", String(number), "no step uses it"]);
  }
}
