/** Openings: what was counted elsewhere stands in counters, and what it comes to is taken off. */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import { amountOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { amountKey, type Books } from "./books.ts";
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

/** Adds opening counts to the rebuilt sums, and checks what their lines take off. */
export function checkOpenings(file: DataFile, acts: Acts, books: Books): void {
  for (const act of acts.all("opening.set")) {
    const counter = act.document.counter as Counter | null;
    if (counter === null) continue;
    const key = keyText(file.workspace(act.ws), act.seq);
    readable(file, { table: "journal", key }, () => {
      const amount = addCount(books, act, counter);
      const isTakenOff = amountOf(act.document.amount as string) === -amount;
      const problem = "takes off another amount than its count comes to";
      file.findings.expect(isTakenOff, ["journal", key, problem]);
    });
  }
}

/** Returns what the count comes to by itself. */
function addCount(books: Books, { ws, seq, document }: RecordedAct, counter: Counter): bigint {
  const { customer, period } = document as { readonly customer: string; readonly period: string };
  const { card: cardKey, cardVersion, charge: chargeKey, cell } = counter;
  const charge = books.cards.of(ws, cardVersion)?.charges.find(({ key }) => key === chargeKey);
  const scale = charge?.meter.sum === "cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
  const quantity = parseScaled(counter.quantity, scale) ?? 0n;
  const place = { ws, customer, period, cardKey, chargeKey, cell };
  books.amounts.addRebuilt(amountKey(place), [amountOf(counter.share)]);
  const key = joined(ws, customer, period, cardKey, chargeKey, cell, cardVersion);
  books.quantities.addRebuilt(key, [quantity]);
  const taken = [{ chargeKey, cell, quantity }];
  books.lateCounts.addCurrent({ ws, customer, period, cardVersionId: cardVersion, taken }, seq);
  return charge === undefined ? 0n : amountAgain(charge, cell, quantity);
}
