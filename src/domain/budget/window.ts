/**
 * The window of time that a balance covers. Windows tile time in the budget's time zone: an hour is
 * a clock hour there, a day may have 23 or 25, a month starts on the anchor day.
 */
import { PERIODS_REMEMBERED_MAX_COUNT } from "../limits.ts";
import { type BillingCalendar, rememberedPeriods } from "../period/billing-period.ts";
import type { Budget } from "./budget.ts";

/** A window. `endMs` null: it has no end. */
export interface BudgetWindow {
  /** "" for a lifetime; else the local start, `2026-11-26T14+01:00`, `2026-11-26`. */
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number | null;
}

const LIFETIME: BudgetWindow = { key: "", startMs: 0, endMs: null };

type Dated = Pick<Budget, "per" | "timeZone" | "anchorDay">;

/** Finds windows. The customer's calendar is asked only by budgets per billing period. */
export type WindowOf = (
  budget: Dated,
  atMs: number,
  customer: BillingCalendar | null,
) => BudgetWindow;

/** Finds windows and remembers them: most holds lie in the window of the one before. */
export function rememberedWindows(): WindowOf {
  const months = rememberedPeriods();
  const known = new Map<string, BudgetWindow[]>();
  let count = 0;
  const remembered = (budget: Dated, atMs: number): BudgetWindow => {
    const key = `${budget.per} ${budget.anchorDay} ${budget.timeZone}`;
    const windows = known.get(key) ?? [];
    const found = windows.find(({ startMs, endMs }) => startMs <= atMs && atMs < (endMs ?? 0));
    if (found !== undefined) return found;
    if (count >= PERIODS_REMEMBERED_MAX_COUNT) {
      known.clear();
      count = 0;
    }
    const window = localWindow(budget, atMs);
    known.set(key, [window, ...windows]);
    count += 1;
    return window;
  };
  return (budget, atMs, customer) => {
    switch (budget.per) {
      case "lifetime":
        return LIFETIME;
      case "month":
        return months(atMs, budget);
      case "billing_period":
        return months(atMs, customer ?? budget);
      default:
        return remembered(budget, atMs);
    }
  };
}

/** The first instant of the window of a key. */
export function windowStartMs({ timeZone }: Pick<Dated, "timeZone">, key: string): number {
  if (key === "") return 0;
  if (key.includes("T")) return Temporal.Instant.from(key).epochMilliseconds;
  return Temporal.PlainDate.from(key).toZonedDateTime(timeZone).epochMilliseconds;
}

function localWindow({ per, timeZone, anchorDay }: Dated, atMs: number): BudgetWindow {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  if (per === "hour") {
    const start = local.round({ smallestUnit: "hour", roundingMode: "floor" });
    const end = start.add({ hours: 1 });
    // An hour that the clock repeats is another hour: the offset tells them apart.
    const key = `${start.toPlainDateTime().toString({ smallestUnit: "minute" })}${start.offset}`;
    return { key, startMs: start.epochMilliseconds, endMs: end.epochMilliseconds };
  }
  const daysSinceStart = per === "week" ? (local.dayOfWeek - anchorDay + 7) % 7 : 0;
  const date = local.toPlainDate().subtract({ days: daysSinceStart });
  const end = date.add({ days: per === "week" ? 7 : 1 });
  const startMs = date.toZonedDateTime(timeZone).epochMilliseconds;
  return { key: date.toString(), startMs, endMs: end.toZonedDateTime(timeZone).epochMilliseconds };
}
