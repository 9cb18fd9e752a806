/**
 * Versions of runs and outcomes: one follows the other without a gap, from the unit of work that
 * made the row to the present, and each begins with a unit. What is missing among them leaves the
 * gap that it filled; what is missing before them, what is older than the first.
 */
import type { OutcomeRecorded } from "../../domain/event/event.ts";
import { decodeJournal, type Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { eventsOf } from "./run-entries.ts";

/** A row whose versions are checked. */
interface Versioned {
  readonly table: "runs" | "outcomes";
  readonly former: "former_runs" | "former_outcomes";
  readonly ws: number;
  /** Its key behind the workspace. */
  readonly parts: readonly string[];
  /** First seq since which it is as it is. */
  readonly sinceSeq: number;
  readonly versions: readonly Row[];
  /** Whether anything of it is older than a seq. */
  readonly isOlder: (seq: number) => boolean;
}

/** Checks that no version is missing. */
export function checkFormerRows(file: DataFile): void {
  for (const row of file.each("SELECT ws, run_no, id, since_seq FROM runs")) {
    checkVersions(file, versionsOfRun(file, row));
  }
  for (const row of file.each("SELECT ws, run, key, since_seq FROM outcomes")) {
    checkVersions(file, versionsOfOutcome(file, row));
  }
  checkOrphans(file, "former_runs", "SELECT 1 FROM runs r WHERE r.ws = f.ws AND r.id = f.run");
  const outcome = "SELECT 1 FROM outcomes o WHERE o.ws = f.ws AND o.run = f.run AND o.key = f.key";
  checkOrphans(file, "former_outcomes", outcome);
}

const OLDER_THAN = `SELECT 1 FROM steps WHERE run_no = ?1 AND seq < ?2
  UNION ALL SELECT 1 FROM former_steps WHERE run_no = ?1 AND seq < ?2
  UNION ALL SELECT 1 FROM journal INDEXED BY journal_by_identity
    WHERE ws = ?3 AND run = ?4 AND run <> '' AND seq < ?2 LIMIT 1`;

function versionsOfRun(file: DataFile, row: Row): Versioned {
  const [ws, id, runNo] = [row.ws as number, row.id as string, row.run_no as number];
  const sql = "SELECT * FROM former_runs WHERE ws = ? AND run = ? ORDER BY until_seq";
  return {
    ...{ table: "runs", former: "former_runs", ws, parts: [id] },
    sinceSeq: row.since_seq as number,
    versions: file.all(sql, ws, id),
    isOlder: (seq) => file.first(OLDER_THAN, runNo, seq, ws, id) !== undefined,
  };
}

function versionsOfOutcome(file: DataFile, row: Row): Versioned {
  const [ws, run, key] = [row.ws as number, row.run as string, row.key as string];
  const sql = `SELECT * FROM former_outcomes
    WHERE ws = ? AND run = ? AND key = ? ORDER BY until_seq`;
  return {
    ...{ table: "outcomes", former: "former_outcomes", ws, parts: [run, key] },
    sinceSeq: row.since_seq as number,
    versions: file.all(sql, ws, run, key),
    isOlder: (seq) => recordedSeq(file, { ws, run, key }) < seq,
  };
}

const RECORDINGS = `SELECT * FROM journal INDEXED BY journal_by_identity
  WHERE ws = ? AND run = ? AND run <> '' AND kind = 'outcome.recorded' ORDER BY seq`;

/** When an outcome was first recorded: its own seq is that of its becoming final. */
function recordedSeq(
  file: DataFile,
  { ws, run, key }: { readonly ws: number; readonly run: string; readonly key: string },
): number {
  const entries = file.all(RECORDINGS, ws, run).map(decodeJournal);
  const recordings = eventsOf<OutcomeRecorded>(entries, "outcome.recorded");
  const first = recordings.find(({ event }) => event.key === key);
  // An outcome that nothing recorded is a finding of its own.
  return first?.entry.seq ?? Number.POSITIVE_INFINITY;
}

function checkVersions(file: DataFile, of: Versioned): void {
  const { table, former, ws, parts, sinceSeq, versions, isOlder } = of;
  const { findings } = file;
  const workspace = file.workspace(ws);
  const keyAt = (untilSeq: number) => keyText(workspace, ...parts, untilSeq);
  const starts = [...versions.map((row) => row.since_seq as number), sinceSeq];
  for (const [index, row] of versions.entries()) {
    const until = row.until_seq as number;
    const next = starts[index + 1] ?? sinceSeq;
    const isFollowed = next === until + 1;
    findings.expect(isFollowed, [former, keyAt(next - 1), "is missing among its versions"]);
    const ends = `ends at seq ${until}, and the next version begins at ${next}`;
    findings.expect(isFollowed, [former, keyAt(until), ends]);
    const begins = `begins at seq ${row.since_seq}, where no unit of work does`;
    findings.expect(isUnitStart(file, ws, row.since_seq as number), [former, keyAt(until), begins]);
  }
  const [first = sinceSeq] = starts;
  const key = keyText(workspace, ...parts);
  const unit = `since_seq is ${sinceSeq}, where no unit of work begins`;
  findings.expect(isUnitStart(file, ws, sinceSeq), [table, key, unit]);
  if (!isOlder(first)) return;
  findings.add(former, keyAt(first - 1), `is missing: what is older than seq ${first} is of it`);
}

/** Rows that are older than versions are begin with 0. */
function isUnitStart(file: DataFile, ws: number, seq: number): boolean {
  const sql = "SELECT 1 FROM chain WHERE ws = ? AND first_seq = ?";
  return seq === 0 || file.first(sql, ws, seq) !== undefined;
}

function checkOrphans(file: DataFile, table: Versioned["former"], current: string): void {
  for (const row of file.each(`SELECT * FROM ${table} f WHERE NOT EXISTS (${current})`)) {
    const parts = [row.run, row.key, row.until_seq].filter((part) => part !== undefined);
    const key = keyText(file.workspace(row.ws as number), ...(parts as (string | number)[]));
    file.findings.add(table, key, "is a version of what is not there");
  }
}
