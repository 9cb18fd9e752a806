/** What a run was charged by period and what its bounds come to, as texts of its row. */
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import type { PeriodCharge, Run, RunCorrection } from "../domain/run/run.ts";
import { amountOf } from "./stored-decimal.ts";

/** Nearly every run is charged in one period: its name says all. Null: nothing is charged. */
export function encodeCharges({ chargedIn, tree }: Run): string | null {
  const [first] = chargedIn;
  if (first === undefined) return null;
  if (chargedIn.length === 1 && first.charge === tree.charge) return first.period;
  return chargedIn.map(({ period, charge }) => `${period}=${formatAmount(charge)}`).join(",");
}

/** Charges by period as `encodeCharges` wrote them. */
export function decodeCharges(stored: string | null, treeCharge: Amount): PeriodCharge[] {
  if (stored === null) return [];
  return stored.split(",").map((part) => {
    const [period = "", charge] = part.split("=");
    return { period, charge: charge === undefined ? treeCharge : amountOf(charge) };
  });
}

/** Corrections as JSON text. */
export function encodeCorrections(corrections: readonly RunCorrection[]): string {
  const rows = corrections.map(({ period, cardVersionId, agent, cap, minimum }) => [
    ...[period, cardVersionId, agent, formatAmount(cap), formatAmount(minimum)],
  ]);
  return JSON.stringify(rows);
}

/** Corrections as `encodeCorrections` wrote them. */
export function decodeCorrections(stored: string): RunCorrection[] {
  const rows = JSON.parse(stored) as [string, number, string | null, string, string][];
  return rows.map(([period, cardVersionId, agent, cap, minimum]) => ({
    ...{ period, cardVersionId, agent, cap: amountOf(cap), minimum: amountOf(minimum) },
  }));
}
