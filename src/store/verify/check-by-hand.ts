/** Bookings by hand: every row has the act that made it, and every act the row that it made. */
import type { JournalKind } from "../../domain/event/journal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { Adjustment, AdjustmentReason } from "../../domain/period/records.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import { amountOf, factorOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";

/** What an act books: whom, where and how much. */
interface Booked {
  readonly customer: string;
  readonly period: string | null;
  readonly amount: bigint;
  /** What it is in a card's credits, as rows tell it; "": it is in money. */
  readonly credits?: string;
}

interface Rule {
  readonly reason: AdjustmentReason;
  readonly kind: JournalKind;
  /** What the act books; null: nothing. */
  readonly booked: (acts: Acts, act: RecordedAct) => Booked | null;
}

const RULES: readonly Rule[] = [
  { reason: "goodwill", kind: "goodwill.given", booked: (_, act) => bookedBy(act, -1n) },
  { reason: "disputed", kind: "dispute.opened", booked: (_, act) => bookedBy(act, -1n) },
  { reason: "opening", kind: "opening.set", booked: (_, act) => openingBy(act) },
  { reason: "upheld", kind: "dispute.resolved", booked: releasedBy },
];

function bookedBy({ document }: RecordedAct, sign: bigint): Booked | null {
  const amount = sign * amountOf(document.amount as string);
  if (amount === 0n) return null;
  const { customer, period } = document as { customer: string; period: string };
  return { customer, period, amount };
}

/** A count has its row even where it came to nothing. */
function openingBy(act: RecordedAct): Booked | null {
  const { counter, customer, period } = act.document;
  if (counter === null) return bookedBy(act, 1n);
  const amount = amountOf(act.document.amount as string);
  const at = { customer: customer as string, period: period as string };
  return { ...at, amount, credits: creditsOfOpening(act) };
}

function creditsOfOpening({ document }: RecordedAct): string {
  const { credits, credit } = document as {
    readonly credits?: string;
    readonly credit?: { readonly name: string; readonly price: string };
  };
  if (credits === undefined || credit === undefined) return "";
  return creditsText(credit.name, factorOf(credit.price), amountOf(credits));
}

function creditsText(name = "", price = 0n, amount = 0n): string {
  return joined(name, String(price), String(amount));
}

/** Deciding against the customer puts on what opening took off. */
function releasedBy(acts: Acts, { ws, subject, document }: RecordedAct): Booked | null {
  const opened = acts.of("dispute.opened", ws, subject).at(-1);
  if (document.favor !== "us" || opened === undefined) return null;
  const held = bookedBy(opened, 1n);
  return held === null ? null : { ...held, period: document.period as string };
}

/** Checks rows against acts, both ways. */
export function checkByHand(file: DataFile, acts: Acts): void {
  for (const row of file.each("SELECT * FROM adjustments")) {
    const adjustment = decodeAdjustment(row);
    if (!isByHand(adjustment)) continue;
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), adjustment.seq);
    readable(file, { table: "adjustments", key }, () => {
      const isBooked = isWhatActBooked(acts, ws, adjustment);
      file.findings.expect(isBooked, ["adjustments", key, "is not what its act booked"]);
    });
  }
  for (const rule of RULES) {
    for (const act of acts.all(rule.kind)) checkAct(file, acts, { rule, act });
  }
}

function isWhatActBooked(acts: Acts, ws: number, row: Adjustment): boolean {
  const rule = RULES.find(({ reason }) => reason === row.reason);
  const act = rule === undefined ? undefined : acts.of(rule.kind, ws, row.cell).at(-1);
  const booked = act === undefined ? null : (rule?.booked(acts, act) ?? null);
  const { name, price, amount } = row.credits ?? {};
  const inCredits = row.credits === null ? "" : creditsText(name, price, amount);
  return (
    booked !== null &&
    (booked.credits ?? "") === inCredits &&
    booked.customer === row.customer &&
    booked.period === row.bookedPeriod &&
    booked.amount === row.amount &&
    row.id === row.cell
  );
}

/** An act is made once, and books one row. */
function checkAct(
  file: DataFile,
  acts: Acts,
  { rule, act }: { readonly rule: Rule; readonly act: RecordedAct },
): void {
  const { ws, subject, seq } = act;
  const key = keyText(file.workspace(ws), seq);
  const isOnly = acts.of(rule.kind, ws, subject).length === 1;
  file.findings.expect(isOnly, ["journal", key, `repeats an act on "${subject}"`]);
  const sql = "SELECT count(*) AS n FROM adjustments WHERE ws = ? AND reason = ? AND cell = ?";
  const count = file.first(sql, ws, rule.reason, subject)?.n;
  const wanted = rule.booked(acts, act) === null ? 0 : 1;
  const problem = `holds ${count} rows of ${rule.kind} "${subject}", not ${wanted}`;
  file.findings.expect(count === wanted, ["adjustments", key, problem]);
}
