/**
 * What came late for charges that are priced in a card's credits, in these: the lines of the
 * statement in force and the adjustments since come to what the counter is now, closed again by the
 * cards' documents. Rows that were booked before adjustments told credits are in money alone, and
 * of their charges this cannot be said.
 */
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeCounter, decodeStatement } from "../stored-rows.ts";
import { BookedAgain, type ChargeAt, chargeText } from "./booked-again.ts";
import type { Books } from "./books.ts";
import { countedAgain } from "./check-counts.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { closedAgain } from "./price-again.ts";
import { cellOnCard, isFreeCell } from "./trial-again.ts";

interface Line extends ChargeAt {
  readonly kind: string;
  readonly credits?: string;
}

const IN_FORCE = `SELECT statements.* FROM statements JOIN periods
  ON periods.ws = statements.ws AND periods.statement_id = statements.id
  ORDER BY statements.ws, statements.customer`;
const COUNTERS = "SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?";
const OF_COUNTERS: ReadonlySet<string> = new Set(["charge", "already_billed"]);

/** Checks the credits of adjustments against the counters that they moved. */
export function checkLateCredits(file: DataFile, { cards }: Books): void {
  const booked = new BookedAgain(file);
  for (const row of file.each(IN_FORCE)) {
    const ws = row.ws as number;
    const { customer, period, document } = decodeStatement(row);
    const key = keyText(file.workspace(ws), customer, period);
    readable(file, { table: "adjustments", key }, () => {
      const { lines } = JSON.parse(document) as { readonly lines: readonly Line[] };
      const sums = new Map<string, bigint>();
      const add = (charge: string, credits: bigint) =>
        sums.set(charge, (sums.get(charge) ?? 0n) + credits);
      for (const stored of file.each(COUNTERS, ws, customer, period)) {
        const at = decodeCounter(stored);
        if (isFreeCell(at.cell)) continue;
        const cell = cellOnCard(at.cell);
        const versions = segmentsOf(at.counter).map((one) => {
          return [one.cardVersionId, one.quantity] as const;
        });
        for (const own of countedAgain(cards, ws, { ...at, cell, versions }).values()) {
          const { credits } = closedAgain(own, cell);
          if (credits !== null) add(chargeText(at), credits);
        }
      }
      for (const line of lines) {
        if (!OF_COUNTERS.has(line.kind) || isFreeCell(line.cell)) continue;
        if (line.credits !== undefined) add(chargeText(line), -amountOf(line.credits));
      }
      // Where nothing is in credits, rows of late usage are not read once more.
      for (const [charge, wanted] of sums) {
        const late = booked.lateCreditsOf({ ws, customer }, period, charge);
        if (late === null || late === wanted) continue;
        const [found, missing] = [late, wanted].map((amount) => formatAmount(amount as Amount));
        const problem = `${charge}: they come to ${found} credits, not ${missing}`;
        file.findings.add("adjustments", key, problem);
      }
    });
  }
}
