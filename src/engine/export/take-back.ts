/**
 * Where a target cannot be sent less than nothing, a line that was too much may be taken back
 * whole, for as long as the target lets us. The taking back is a line of its own with the value
 * below nothing; what is still owed is an ordinary line after it. So each request says one thing,
 * and a sum that is read back tells which of them arrived.
 */
import type { Capability } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import {
  type AccountPeriod,
  type AccountPlan,
  type AccountTerms,
  placeIn,
  planAccount,
} from "../../domain/export/plan-account.ts";

/** Whether a line takes another one back. */
export function isTakingBack(
  { value }: Pick<ExportLine, "value">,
  { values, numbers }: Pick<Capability, "values" | "numbers">,
): boolean {
  return value < 0n && values === "delta" && !numbers.negative;
}

const UNDONE: ReadonlySet<ExportLine["state"]> = new Set([
  "ready",
  "rejected",
  "superseded",
  "voided",
]);

/**
 * Whether a line has been taken back, or may have been, by what stands in its window: the line of
 * its period that is next after it says so. Then they need not have it any more.
 */
export function isTakenBack(
  { key, period, value }: Pick<ExportLine, "key" | "period" | "value">,
  ofWindow: readonly ExportLine[],
  capability: Pick<Capability, "values" | "numbers">,
): boolean {
  const own = ofWindow.filter((line) => line.period === period).sort((a, b) => a.no - b.no);
  const next = own[own.findIndex((line) => line.key === key) + 1];
  if (next === undefined || next.value !== -value || UNDONE.has(next.state)) return false;
  return isTakingBack(next, capability);
}

/** Whether a line will not change any more. */
export function isDone({ state }: Pick<ExportLine, "state">): boolean {
  return state === "confirmed" || state === "superseded" || state === "voided";
}

/** What periods are owed in all; less than nothing: they were sent too much. */
export function owed(periods: readonly AccountPeriod[]): bigint {
  return periods.reduce((sum, { ledger, last }) => sum + ledger - (last?.periodTotal ?? 0n), 0n);
}

/**
 * Plans to take back the last line of the newest period that has one; nothing where none can, or
 * where as much would be sent again, because each period rounds for itself.
 */
export function takeBack(
  periods: readonly AccountPeriod[],
  from: {
    readonly before: readonly ExportLine[];
    readonly canTakeBack: (line: ExportLine) => boolean;
    readonly terms: AccountTerms;
  },
): (AccountPlan & { readonly takesBack: ExportLine }) | null {
  const { before, canTakeBack, terms } = from;
  for (const account of periods.toReversed()) {
    const { period, ledger } = account;
    const last = before.findLast((line) => line.period === period.key);
    if (
      last === undefined ||
      account.last === null ||
      last.state !== "confirmed" ||
      last.value <= 0n
    )
      continue;
    if (!canTakeBack(last)) continue;
    const { window, value } = last;
    const { revision, windowTotal } = placeIn(window, before);
    const place = { window, revision, windowTotal: windowTotal - value };
    const taken = { ...place, periodTotal: account.last.periodTotal - value };
    const after = periods.map((one) => (one === account ? { ...one, last: taken } : one));
    const again = planAccount(after, terms).lines.reduce((sum, line) => sum + line.value, 0n);
    if (again >= value) continue;
    const lines = [{ ...taken, period, ledger, value: -value }];
    return { lines, carried: owed(after), takesBack: last };
  }
  return null;
}
