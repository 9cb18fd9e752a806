/** Reads acts of the journal: entries of no run. */
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { ActFilter } from "../../engine/ports.ts";
import { decodeJournal } from "../stored-rows.ts";
import type { ReadParts } from "./read-steps.ts";

/** Acts of a kind, oldest first. */
export function actsOf({ reads, ws }: ReadParts, filter: ActFilter): JournalEntry[] {
  const { kind, subject, afterSeq = 0, limit } = filter;
  const ofSubject = subject === undefined ? "" : "AND id = ?";
  const sql = `SELECT * FROM journal WHERE ws = ? AND run = '' AND source = ? AND seq > ?
    ${ofSubject} ORDER BY seq LIMIT ?`;
  const values = subject === undefined ? [limit] : [subject, limit];
  return reads
    .of(sql)
    .all(ws, kind, afterSeq, ...values)
    .map(decodeJournal);
}

/** The newest act of a kind on a subject. */
export function lastActOf(
  { reads, ws }: ReadParts,
  { kind, subject }: { readonly kind: ActFilter["kind"]; readonly subject: string },
): JournalEntry | undefined {
  const sql = `SELECT * FROM journal WHERE ws = ? AND run = '' AND source = ? AND id = ?
    ORDER BY seq DESC LIMIT 1`;
  return reads.of(sql).all(ws, kind, subject).map(decodeJournal)[0];
}
