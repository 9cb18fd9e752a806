/**
 * What came late for charges that are priced in a card's credits, in these: the lines of the
 * statement in force and the adjustments since come to what the counter is now, closed again by the
 * cards' documents. Rows that were booked before adjustments told credits are in money alone, and
 * of their charges this cannot be said where the statement is of then too. Each row is in a credit
 * that its card has, at its price.
 */
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import { amountOf, factorOf } from "../stored-decimal.ts";
import { decodeCounter, decodeStatement } from "../stored-rows.ts";
import { BookedAgain, type ChargeAt, chargeText } from "./booked-again.ts";
import type { Books } from "./books.ts";
import type { CardVersions, CreditDocument } from "./card-versions.ts";
import { countedAgain } from "./check-counts.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";
import { FORMER_LINES } from "./late-counts.ts";
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
export function checkLateCredits(file: DataFile, books: Books): void {
  checkRows(file, books);
  checkSums(file, books);
}

/** Most rows are in money: they are not read once more. */
const IN_CREDITS = "SELECT * FROM adjustments WHERE instr(id, char(29)) > 0";

function checkRows(file: DataFile, { cards }: Books): void {
  const known = new Map<string, readonly CreditDocument[]>();
  for (const row of file.each(IN_CREDITS)) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.seq as number);
    readable(file, { table: "adjustments", key }, () => {
      const adjustment = decodeAdjustment(row);
      // Openings are what their acts say.
      if (isByHand(adjustment)) return;
      const at = joined(ws, adjustment.cardKey, adjustment.chargeKey);
      const credits = known.get(at) ?? creditsOfCard(cards, ws, adjustment);
      known.set(at, credits);
      for (const problem of rowProblems(adjustment, credits)) {
        file.findings.add("adjustments", key, problem);
      }
    });
  }
}

/** The credits that versions of its card price a charge in, each price once. */
function creditsOfCard(cards: CardVersions, ws: number, { cardKey, chargeKey }: Adjustment) {
  const own = cards.all(ws).flatMap(({ cardKey: key, charges, credit }) => {
    const charge = charges.find((one) => one.key === chargeKey);
    return key === cardKey && charge?.in === "credits" && credit !== null ? [credit] : [];
  });
  return [...new Map(own.map((one) => [joined(one.name, one.price), one])).values()];
}

const FACTOR_ONE = factorOf("1");

function* rowProblems(
  { amount, credits }: Adjustment,
  known: readonly CreditDocument[],
): Generator<string> {
  if (credits === null) return;
  const { name, price, amount: inCredits } = credits;
  const isKnown = known.some((one) => one.name === name && factorOf(one.price) === price);
  if (!isKnown) yield "is in a credit that its card does not price its charge in";
  // Where the price of a credit changed, what was counted before goes on at the former one.
  else if (known.length === 1 && amount * FACTOR_ONE !== inCredits * price) {
    yield "is in money something else than its credits";
  }
}

function checkSums(file: DataFile, { cards, lateCounts }: Books): void {
  const booked = new BookedAgain(file);
  for (const row of file.each(IN_FORCE)) {
    const ws = row.ws as number;
    const { id, customer, period, document } = decodeStatement(row);
    const isFormer = lateCounts.lineForm(ws, id) === FORMER_LINES;
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
          for (const { credit, credits } of closedAgain(own, cell)) {
            if (credit !== null) add(chargeText(at), credits);
          }
        }
      }
      for (const line of lines) {
        if (!OF_COUNTERS.has(line.kind) || isFreeCell(line.cell)) continue;
        if (line.credits !== undefined) add(chargeText(line), -amountOf(line.credits));
      }
      // Where nothing is in credits, rows of late usage are not read once more.
      for (const [charge, wanted] of sums) {
        const { late, isInMoney } = booked.lateCreditsOf({ ws, customer }, period, charge);
        if ((isFormer && isInMoney) || late === wanted) continue;
        const [found, missing] = [late, wanted].map((amount) => formatAmount(amount as Amount));
        const problem = `${charge}: they come to ${found} credits, not ${missing}`;
        file.findings.add("adjustments", key, problem);
      }
    });
  }
}
