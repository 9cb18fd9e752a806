/**
 * An item has an entry in every period from its first one on, also where nothing was counted: what
 * comes too late for its own window is told in the newest one, and that needs a period which is
 * not over for long.
 */
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { LedgerEntry } from "./export-ports.ts";

/** Entries, and those of nothing between them and after them; periods in order of time. */
export function filledEntries(
  entries: readonly LedgerEntry[],
  periods: readonly BillingPeriod[],
): LedgerEntry[] {
  const byItem = Map.groupBy(entries, ({ item }) => item);
  return [...byItem.values()].flatMap((own) => {
    const known = new Map(own.map((entry) => [entry.period.key, entry]));
    const first = periods.findIndex(({ key }) => known.has(key));
    if (first === -1) return own;
    return periods.slice(first).map((period) => known.get(period.key) ?? emptyEntry(own, period));
  });
}

function emptyEntry(own: readonly LedgerEntry[], period: BillingPeriod): LedgerEntry {
  const [entry] = own;
  const { item = "", unit = "", description = "" } = entry ?? {};
  return { item, unit, description, period, value: 0n, parts: [], source: "nothing counted" };
}
