/**
 * Takes a credit note back. The note stays as it was issued; another one stands beside it that is
 * its opposite, line by line, and names it. So whoever adds notes up, in the books or in a billing
 * system, has what is given back in the end, and what the note gave back may be given back again.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { type ByHand, identify, requireSame } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { CreditNote } from "./correction-records.ts";
import { readCreditNotes, recordedAmount } from "./credited.ts";
import { journalNote, readCreditNote } from "./issue-credit-note.ts";

/** A credit note to take back. */
export interface VoidCreditNote extends ByHand {
  readonly note: string;
}

/**
 * Takes a note back and returns the one that does. The same act again gives the first one. Throws
 * `credit.not_found`, and `booking.conflict` for one that is taken back already or takes one back.
 */
export function voidCreditNote(
  context: EngineContext,
  workspace: string,
  request: VoidCreditNote,
): Promise<CreditNote> {
  const { id: actId, key } = identify(context.digest, "act", request);
  const { store } = context;
  return runAct(context, workspace, async (act) => {
    const voided = await readCreditNote(store, workspace, request.note);
    const issued = await readCreditNotes(store, workspace, voided.statement);
    const known = issued.find(({ act }) => act === actId);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    requireStanding(voided, issued);
    const { reason, by } = request;
    const note: CreditNote = {
      ...voided,
      id: `${voided.statement.replace(/^st_/, "cn_")}-${issued.length + 1}`,
      ...{ key, act: actId, voids: voided.id },
      lines: voided.lines.map((line) => ({ ...line, amount: negative(line.amount) })),
      total: negative(voided.total),
      ...{ reason, by, issuedAtMs: act.state.receivedAtMs },
    };
    journalNote(act, note);
    return note;
  });
}

function requireStanding({ id, voids }: CreditNote, issued: readonly CreditNote[]): void {
  const by = issued.find((note) => note.voids === id);
  if (voids === undefined && by === undefined) return;
  const detail =
    by === undefined
      ? `Credit note ${id} takes ${voids} back. Issue a new one on the lines in its place.`
      : `Credit note ${id} was taken back by ${by.id}.`;
  throw new TollgateError("booking.conflict", detail, "id");
}

function negative(amount: string): string {
  return formatAmount(-recordedAmount(amount) as Amount);
}
