/** The key of the window that an instant lies in, worked out again. */
import { isTimeZone, periodAt } from "../../domain/period/billing-period.ts";

interface Calendar {
  readonly timeZone: string;
  readonly anchorDay: number;
}

const WEEK_DAYS = 7;
const MONTH_DAYS = 31;

/** A calendar that was altered so that there are no periods in it is a finding of its customer. */
export function usable({ timeZone, anchorDay }: Calendar): Calendar {
  const isDay = anchorDay >= 1 && anchorDay <= MONTH_DAYS;
  return { timeZone: isTimeZone(timeZone) ? timeZone : "UTC", anchorDay: isDay ? anchorDay : 1 };
}

/** `""` for a lifetime, else the local start. `customer`: whose billing periods are meant. */
export function windowAgain(
  { per, ...own }: Calendar & { readonly per: string },
  atMs: number,
  customer: Calendar | null,
): string {
  if (per === "lifetime") return "";
  if (per === "month") return periodAt(atMs, own).key;
  if (per === "billing_period") {
    return periodAt(atMs, usable(customer ?? own)).key;
  }
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(own.timeZone);
  const date = local.toPlainDate();
  if (per === "day") return date.toString();
  if (per === "hour") return `${date}T${String(local.hour).padStart(2, "0")}:00${local.offset}`;
  const since = (local.dayOfWeek + WEEK_DAYS - own.anchorDay) % WEEK_DAYS;
  return date.subtract({ days: since }).toString();
}
