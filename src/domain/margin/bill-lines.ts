/**
 * A bill as margin takes it apart: what runs, steps and outcomes brought, and everything else by
 * the kind of its line. The parts add up to the bill's total, to the last digit.
 */
import { isTrialCell } from "../event/trial-cell.ts";
import type { Amount } from "../money/decimal.ts";
import type { LineKind } from "../period/statement-line.ts";
import { entryOfLine, type MarginEntry, type MarginPlace } from "./margin-entry.ts";

/** A line of a bill, open or closed. */
export interface BillLine {
  readonly kind: LineKind;
  readonly cardKey: string;
  readonly cell: string;
  readonly amountExact: Amount;
}

/** A bill with what stands behind it now. */
export interface BillParts {
  readonly lines: readonly BillLine[];
  /** What runs, steps and outcomes of the period come to now. */
  readonly ofRuns: Amount;
  /** Of charges, what was counted elsewhere before the customer moved here. */
  readonly countedBefore: Amount;
  /** What credit notes on the statement give back. */
  readonly credited: Amount;
}

/** Lines that are the sum of what runs, steps and outcomes came to. */
const OF_RUNS: ReadonlySet<LineKind> = new Set(["charge", "run_cap", "run_minimum"]);

/** What of a closed period's usage other statements bill: late events and corrections. */
const BILLED_ELSEWHERE = "billed_elsewhere";
/** What credit notes give back. */
const CREDIT_NOTE = "credit_note";
const OPENING: LineKind = "opening";

/**
 * Entries of a bill for everything that no run stands behind. With what runs came to they add up to
 * the total of the bill less its credit notes.
 */
export function entriesOfBill(at: MarginPlace, bill: BillParts): MarginEntry[] {
  const sums = new Map<string, { kind: string; card: string; amount: bigint }>();
  const add = (kind: string, card: string, amount: bigint): void => {
    const key = `${kind} ${card}`;
    const sum = sums.get(key) ?? { kind, card, amount: 0n };
    sum.amount += amount;
    sums.set(key, sum);
  };
  let counted = 0n;
  for (const { kind, cardKey, cell, amountExact } of bill.lines) {
    // What a trial counts its own lines take off, whole: no run was charged for it.
    if (isTrialCell(cell)) continue;
    if (OF_RUNS.has(kind)) counted += amountExact;
    else add(kind, cardKey, amountExact);
  }
  // A count that was taken over is charged like any other and taken off in its own line.
  add(OPENING, "", bill.countedBefore);
  add(CREDIT_NOTE, "", -bill.credited);
  // While a period is open its bill is made of the very counters that its runs moved.
  if (!at.isOpen) add(BILLED_ELSEWHERE, "", counted - bill.countedBefore - bill.ofRuns);
  return [...sums.values()]
    .filter(({ amount }) => amount !== 0n)
    .map(({ kind, card, amount }) => entryOfLine(at, { kind, card, amount: amount as Amount }));
}
