/** Reads acts of the journal: entries of no run. */
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { ActFilter } from "../../engine/ports.ts";
import { decodeJournal } from "../stored-rows.ts";
import type { ReadParts } from "./read-steps.ts";

/** Acts of a kind: oldest first, or newest first those before a seq. */
export function actsOf({ reads, ws }: ReadParts, filter: ActFilter): JournalEntry[] {
  const { kind, subject, afterSeq = 0, beforeSeq, limit } = filter;
  const ofSubject = subject === undefined ? "" : "AND id = ?";
  const order = beforeSeq === undefined ? "ORDER BY seq" : "AND seq < ? ORDER BY seq DESC";
  const index = subject === undefined ? "journal_by_kind" : "journal_by_act";
  const sql = `SELECT * FROM journal INDEXED BY ${index}
    WHERE ws = ? AND run = '' AND source = ? AND seq > ? ${ofSubject} ${order} LIMIT ?`;
  const values = [subject ?? [], beforeSeq ?? [], limit].flat();
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
  const sql = `SELECT * FROM journal INDEXED BY journal_by_act
    WHERE ws = ? AND run = '' AND source = ? AND id = ?
    ORDER BY seq DESC LIMIT 1`;
  return reads.of(sql).all(ws, kind, subject).map(decodeJournal)[0];
}
