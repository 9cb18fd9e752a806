/** A billing period by its days, as its customer's calendar has them. */

/** What answers tell of a period: its key is the date of its first day where the customer lives. */
export interface PeriodView {
  readonly period: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

const DAY_MS = 86_400_000;

/**
 * First and last day, both in it: "2027-01-31 through 2027-02-27". Instants alone are told, so the
 * last day is found by how far the customer's midnight was from UTC at the start; clocks that are
 * changed meanwhile move the end by less than half a day.
 */
export function periodText({ period, startsAt, endsAt }: PeriodView): string {
  const aheadMs = Date.parse(`${period}T00:00:00Z`) - Date.parse(startsAt);
  const days = Math.round((Date.parse(endsAt) + aheadMs) / DAY_MS);
  const lastDay = new Date((days - 1) * DAY_MS).toISOString().slice(0, "2027-02-27".length);
  return `${period} through ${lastDay}`;
}
