/** Which of an entry's dated, time-of-day periods holds at a moment. */
import type { DailyWindow, RatePeriod } from "./price-book.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Position of the period in force: the latest start among those that hold, a daily window before
 * an all-day one of the same start, then the one listed last. −1 where none holds.
 */
export function periodInForce(periods: readonly RatePeriod[], occurredAtMs: number): number {
  let found = -1;
  let best: RatePeriod | undefined;
  for (const [position, period] of periods.entries()) {
    if (!holds(period, occurredAtMs)) continue;
    if (best !== undefined && ranksBelow(period, best)) continue;
    best = period;
    found = position;
  }
  return found;
}

function holds({ effectiveFromMs, daily }: RatePeriod, occurredAtMs: number): boolean {
  if (effectiveFromMs !== null && occurredAtMs < effectiveFromMs) return false;
  return daily === null || isInWindow(daily, occurredAtMs);
}

/** From inclusive, to exclusive; a window whose end is before its start passes midnight. */
function isInWindow({ fromMinute, toMinute }: DailyWindow, occurredAtMs: number): boolean {
  const timeMs = ((occurredAtMs % DAY_MS) + DAY_MS) % DAY_MS;
  const isAfterStart = timeMs >= fromMinute * MINUTE_MS;
  const isBeforeEnd = timeMs < toMinute * MINUTE_MS;
  return fromMinute < toMinute ? isAfterStart && isBeforeEnd : isAfterStart || isBeforeEnd;
}

function ranksBelow(period: RatePeriod, best: RatePeriod): boolean {
  const start = period.effectiveFromMs ?? Number.NEGATIVE_INFINITY;
  const bestStart = best.effectiveFromMs ?? Number.NEGATIVE_INFINITY;
  if (start !== bestStart) return start < bestStart;
  return period.daily === null && best.daily !== null;
}
