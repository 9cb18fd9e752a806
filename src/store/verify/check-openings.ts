/**
 * Openings: what was counted elsewhere stands in counters, and what it comes to is taken off.
 * Counts of one charge are one count under one version of its card, so they are looked at in order.
 */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { formatScaled, parseAmount, parseScaled } from "../../domain/money/decimal.ts";
import { amountOf, factorOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { amountKey, type Books } from "./books.ts";
import type { CreditDocument } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";
import { closedAgain } from "./price-again.ts";

interface Counter {
  readonly card: string;
  readonly cardVersion: number;
  readonly charge: string;
  readonly cell: string;
  readonly quantity: string;
  readonly share: string;
  readonly elsewhere?: string;
}

/** What an act tells that its line takes off, and what the close corrects of that. */
interface Told {
  readonly amount: string;
  readonly credits?: string;
  readonly credit?: CreditDocument;
  readonly correction?: string;
  readonly correctionCredits?: string;
}

/** Adds opening counts to the rebuilt sums, and checks what their lines take off. */
export function checkOpenings(file: DataFile, acts: Acts, books: Books): void {
  const counted = new Map<string, bigint>();
  const inOrder = [...acts.all("opening.set")].filter(({ document }) => document.counter !== null);
  for (const act of inOrder.sort((a, b) => a.ws - b.ws || a.seq - b.seq)) {
    const key = keyText(file.workspace(act.ws), act.seq);
    readable(file, { table: "journal", key }, () => {
      for (const problem of openingProblems(books, act, counted)) {
        file.findings.add("journal", key, problem);
      }
    });
  }
}

function* openingProblems(
  books: Books,
  act: RecordedAct,
  counted: Map<string, bigint>,
): Generator<string> {
  const counter = act.document.counter as Counter;
  const told = act.document as unknown as Told;
  const { key, quantity, scale, alone } = addCount(books, act, counter);
  const before = counted.get(key) ?? 0n;
  const all = before + quantity;
  counted.set(key, all);
  // Before, each took off what it came to by itself, and nothing was corrected.
  const isFormer = counter.elsewhere === undefined;
  const [was, is] = isFormer ? [alone(0n), alone(quantity)] : [alone(before), alone(all)];
  const isOne = isFormer || counter.elsewhere === formatScaled(all, scale);
  if (!isOne) yield "tells another count than was taken over with it";
  const isTakenOff = amountOf(told.amount) === was.charged - is.charged;
  if (!isTakenOff) yield "takes off another amount than its count comes to";
  const credits = creditsText(is.credit, was.credits - is.credits);
  // Before, what an opening took off was in money alone.
  const isTold =
    told.credits === undefined || creditsText(told.credit, amountOf(told.credits)) === credits;
  if (!isTold) yield "takes off other credits than its count comes to";
  const corrected = isFormer ? 0n : was.correction - is.correction;
  const isCorrected = amountOf(told.correction ?? "0") === corrected;
  if (!isCorrected) yield "corrects another amount at the close than its volume tiers do";
  const correctedCredits = isFormer ? 0n : was.correctionCredits - is.correctionCredits;
  const inCredits = amountOf(told.correctionCredits ?? "0");
  if (inCredits !== correctedCredits) yield "corrects other credits at the close than its tiers do";
}

/** What a count comes to by itself. */
interface Alone {
  readonly charged: bigint;
  readonly credits: bigint;
  readonly correction: bigint;
  readonly correctionCredits: bigint;
  /** Null: it is in money. */
  readonly credit: CreditDocument | null;
}

/** Adds what a count moved, and tells how much it is and what counts of its charge come to. */
function addCount(books: Books, { ws, seq, document }: RecordedAct, counter: Counter) {
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
  const credit = charge?.in === "credits" ? (card?.credit ?? null) : null;
  const alone = (total: bigint): Alone => {
    const of =
      charge === undefined || total === 0n ? [] : [{ charge, credit: null, quantity: total }];
    const [part = NOTHING] = closedAgain(of, cell);
    return { ...part, credit };
  };
  return { key, quantity, scale, alone };
}

const NOTHING = { charged: 0n, credits: 0n, correction: 0n, correctionCredits: 0n };

/** What the close corrects of a line of an opening. */
export interface CorrectedOpening {
  readonly id: string;
  readonly amount: bigint;
  readonly credits: bigint;
  readonly creditName: string;
}

/** By workspace, customer and period. */
export type OpeningCorrections = ReadonlyMap<string, readonly CorrectedOpening[]>;

/** What acts say that the close corrects of openings. */
export function openingCorrections(acts: Acts): OpeningCorrections {
  const found = new Map<string, CorrectedOpening[]>();
  for (const { ws, subject: id, document } of acts.all("opening.set")) {
    const { customer, period } = document as { readonly customer: string; readonly period: string };
    const { correction, correctionCredits = "0", credit } = document as unknown as Told;
    if (correction === undefined) continue;
    const key = joined(ws, customer, period);
    // What cannot be read is a finding of the act's own.
    const read = (text: string) => parseAmount(text) ?? 0n;
    const [amount, credits] = [read(correction), read(correctionCredits)];
    const one = { id, amount, credits, creditName: credit?.name ?? "" };
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return found;
}

function creditsText(credit: CreditDocument | null | undefined, amount: bigint): string {
  return joined(credit?.name ?? "", String(factorOf(credit?.price ?? "0")), String(amount));
}
