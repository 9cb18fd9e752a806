/** Openings: what was counted elsewhere stands in counters, and what it comes to is taken off. */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import { amountOf, factorOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { amountKey, type Books } from "./books.ts";
import type { CreditDocument } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";
import { amountAgain } from "./price-again.ts";

interface Counter {
  readonly card: string;
  readonly cardVersion: number;
  readonly charge: string;
  readonly cell: string;
  readonly quantity: string;
  readonly share: string;
}

interface ToldCredits {
  readonly credits?: string;
  readonly credit?: CreditDocument;
}

/** Adds opening counts to the rebuilt sums, and checks what their lines take off. */
export function checkOpenings(file: DataFile, acts: Acts, books: Books): void {
  for (const act of acts.all("opening.set")) {
    const counter = act.document.counter as Counter | null;
    if (counter === null) continue;
    const key = keyText(file.workspace(act.ws), act.seq);
    readable(file, { table: "journal", key }, () => {
      const { amount, credits } = addCount(books, act, counter);
      const isTakenOff = amountOf(act.document.amount as string) === -amount;
      const problem = "takes off another amount than its count comes to";
      file.findings.expect(isTakenOff, ["journal", key, problem]);
      const { credits: told, credit } = act.document as ToldCredits;
      const inCredits = told === undefined ? null : creditsText(credit, amountOf(told));
      // Before, what an opening took off was in money alone.
      const isTold = inCredits === null || inCredits === credits;
      const other = "takes off other credits than its count comes to";
      file.findings.expect(isTold, ["journal", key, other]);
    });
  }
}

interface Alone {
  readonly amount: bigint;
  /** What an act tells of it in credits; null: it is in money. */
  readonly credits: string | null;
}

/** Returns what the count comes to by itself. */
function addCount(books: Books, { ws, seq, document }: RecordedAct, counter: Counter): Alone {
  const { customer, period } = document as { readonly customer: string; readonly period: string };
  const { card: cardKey, cardVersion, charge: chargeKey, cell } = counter;
  const card = books.cards.of(ws, cardVersion);
  const charge = card?.charges.find(({ key }) => key === chargeKey);
  const scale = charge?.meter.sum === "cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
  const quantity = parseScaled(counter.quantity, scale) ?? 0n;
  const place = { ws, customer, period, cardKey, chargeKey, cell };
  books.amounts.addRebuilt(amountKey(place), [amountOf(counter.share)]);
  const key = joined(ws, customer, period, cardKey, chargeKey, cell, cardVersion);
  books.quantities.addRebuilt(key, [quantity]);
  const taken = [{ chargeKey, cell, quantity }];
  books.lateCounts.addCurrent({ ws, customer, period, cardVersionId: cardVersion, taken }, seq);
  if (charge === undefined) return { amount: 0n, credits: null };
  const amount = amountAgain(charge, cell, quantity);
  if (charge.in !== "credits") return { amount, credits: null };
  const { in: _, ...plain } = charge;
  return { amount, credits: creditsText(card?.credit, -amountAgain(plain, cell, quantity)) };
}

function creditsText(credit: CreditDocument | null | undefined, amount: bigint): string {
  return joined(credit?.name ?? "", String(factorOf(credit?.price ?? "0")), String(amount));
}
