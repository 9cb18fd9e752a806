/**
 * Windows that lines are of. The end of a window follows from its start alone, so that no two
 * senders ever see different windows. Hours and days are cut to their period: no line is of two.
 */
import type { BillingPeriod } from "../period/billing-period.ts";

/** How finely usage is told apart. */
export const WINDOW_KINDS = ["hour", "day", "period"] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** From an instant up to the next window's. */
export interface ExportWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** How windows are cut. */
export interface WindowCut {
  readonly kind: WindowKind;
  /** IANA time zone in which days and hours begin. */
  readonly timeZone: string;
}

/** The window of a period that an instant of it lies in. */
export function windowAt(instantMs: number, period: BillingPeriod, cut: WindowCut): ExportWindow {
  if (cut.kind === "period") return { startMs: period.startMs, endMs: period.endMs };
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(cut.timeZone);
  const [startMs, endMs] = cut.kind === "day" ? dayOf(local) : hourOf(local);
  return { startMs: Math.max(startMs, period.startMs), endMs: Math.min(endMs, period.endMs) };
}

/** A day of 23 or 25 hours is one day. */
function dayOf(local: Temporal.ZonedDateTime): [number, number] {
  const start = local.startOfDay();
  return [start.epochMilliseconds, start.add({ days: 1 }).startOfDay().epochMilliseconds];
}

const HOUR_MS = 3_600_000;
const NS_PER_MS = 1_000_000;

/** Hours begin on the wall clock's: in zones of half an hour, at half past the hour of UTC. */
function hourOf(local: Temporal.ZonedDateTime): [number, number] {
  const shiftMs = Math.floor(local.offsetNanoseconds / NS_PER_MS) % HOUR_MS;
  const shifted = local.epochMilliseconds + shiftMs;
  const startMs = Math.floor(shifted / HOUR_MS) * HOUR_MS - shiftMs;
  return [startMs, startMs + HOUR_MS];
}

/** The last window of a period that has ended by an instant; null: the first one is under way. */
export function lastEndedWindow(
  atMs: number,
  period: BillingPeriod,
  cut: WindowCut,
): ExportWindow | null {
  if (atMs >= period.endMs) return windowAt(period.endMs - 1, period, cut);
  if (atMs < period.startMs) return null;
  const { startMs } = windowAt(atMs, period, cut);
  return startMs <= period.startMs ? null : windowAt(startMs - 1, period, cut);
}
