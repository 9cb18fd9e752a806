/**
 * Where a target cannot be sent less than nothing, a line that was too much may be taken back
 * whole, for as long as the target lets us. The taking back is a line of its own with the value
 * below nothing; what is still owed is an ordinary line after it. So each request says one thing,
 * and a sum that is read back tells which of them arrived.
 */
import type { Capability } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { type AccountPeriod, type AccountPlan, placeIn } from "../../domain/export/plan-account.ts";

/** Whether a line takes another one back. */
export function isTakingBack(
  { value }: Pick<ExportLine, "value">,
  { values, numbers }: Pick<Capability, "values" | "numbers">,
): boolean {
  return value < 0n && values === "delta" && !numbers.negative;
}

/** Whether a line will not change any more. */
export function isDone({ state }: Pick<ExportLine, "state">): boolean {
  return state === "confirmed" || state === "superseded" || state === "voided";
}

/** What periods are owed in all; less than nothing: they were sent too much. */
export function owed(periods: readonly AccountPeriod[]): bigint {
  return periods.reduce((sum, { ledger, last }) => sum + ledger - (last?.periodTotal ?? 0n), 0n);
}

/** Plans to take back the last line of the newest period that has one; nothing where none can. */
export function takeBack(
  periods: readonly AccountPeriod[],
  from: {
    readonly before: readonly ExportLine[];
    readonly canTakeBack: (line: ExportLine) => boolean;
    /** What was sent too much, below nothing. */
    readonly carried: bigint;
  },
): AccountPlan & { readonly takesBack: ExportLine | null } {
  const { before, canTakeBack, carried } = from;
  for (const { period, ledger } of periods.toReversed()) {
    const last = before.find((line) => line.period === period.key);
    if (last === undefined || last.state !== "confirmed" || last.value <= 0n) continue;
    if (!canTakeBack(last)) continue;
    const { window, value } = last;
    const { revision, windowTotal } = placeIn(window, before);
    const place = { window, revision, windowTotal: windowTotal - value };
    const periodTotal = last.periodTotal - value;
    const lines = [{ period, ledger, ...place, value: -value, periodTotal }];
    return { lines, carried: carried + value, takesBack: last };
  }
  return { lines: [], carried, takesBack: null };
}
