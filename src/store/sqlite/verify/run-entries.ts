/** What was accepted for a run, read back from its journal entries. */
import { decodeEvent } from "../../../domain/event/codec.ts";
import type { JournalEntry } from "../../../domain/event/journal.ts";
import { FUTURE_TOLERANCE_MS } from "../../../domain/limits.ts";
import type { Run } from "../../../domain/run/run.ts";

/** A run with what the checks of it share. */
export interface RunAt {
  readonly ws: number;
  readonly key: string;
  readonly run: Run;
  /** What was accepted for the run, by seq. */
  readonly entries: readonly JournalEntry[];
}

const DAY_MS = 86_400_000;
const PERIOD_MAX_DAYS = 32;

/** Entries of a kind with their events; one that cannot be read fails its checksum elsewhere. */
export function eventsOf<T>(
  entries: readonly JournalEntry[],
  kind: JournalEntry["kind"],
): { readonly entry: JournalEntry; readonly event: T }[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== kind) return [];
    try {
      return [{ entry, event: decodeEvent(entry.document) as T }];
    } catch {
      return [];
    }
  });
}

/** When an event counts: at its own time, or at its receipt where it is dated too far ahead. */
export function countedAtMs(occurredAtMs: number, receivedAtMs: number): number {
  return occurredAtMs > receivedAtMs + FUTURE_TOLERANCE_MS ? receivedAtMs : occurredAtMs;
}

/** Whether an instant can lie in a period that starts on a date of any calendar. */
export function holds(period: string, atMs: number): boolean {
  const startMs = Date.parse(`${period}T00:00:00Z`);
  return startMs <= atMs + DAY_MS && atMs < startMs + (PERIOD_MAX_DAYS + 1) * DAY_MS;
}
