/** What was accepted for a run, read back from its journal entries. */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import { isTimeZone, periodAt } from "../../domain/period/billing-period.ts";
import type { Run } from "../../domain/run/run.ts";
import type { DataFile } from "./data-file.ts";

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
const DAYS_MAX_COUNT = 31;

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

/** Something that was charged in a period. */
export interface Booked {
  readonly customer: string | null;
  readonly period: string;
  readonly shares: readonly unknown[];
  readonly atMs: number;
}

/**
 * Whether an instant lies in the period that it was booked in. A customer's calendar is fixed from
 * the first charge on; without one it may have changed since, and any month will do.
 */
export function isInItsPeriod(file: DataFile, ws: number, booked: Booked): boolean {
  const { customer, period, shares, atMs } = booked;
  const startMs = Date.parse(`${period}T00:00:00Z`);
  const canHold = startMs <= atMs + DAY_MS && atMs < startMs + (PERIOD_MAX_DAYS + 1) * DAY_MS;
  if (!canHold || customer === null || shares.length === 0) return canHold;
  const row = file.first("SELECT * FROM customers WHERE ws = ? AND id = ?", ws, customer);
  // Nothing else of the row is read: another column that cannot be is a finding of its own.
  const calendar = row && {
    timeZone: row.time_zone as string,
    anchorDay: row.anchor_day as number,
  };
  // A calendar that cannot be used is not what the journal recorded: that is another finding.
  if (calendar === undefined || !isTimeZone(calendar.timeZone)) return true;
  if (calendar.anchorDay < 1 || calendar.anchorDay > DAYS_MAX_COUNT) return true;
  return periodAt(atMs, calendar).key === period;
}
