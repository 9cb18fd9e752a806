/**
 * Credit notes: documents that give back some of a closed statement, which itself never changes.
 * They are settled outside of statements, like the statement that they name.
 */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { type ByHand, identify, requireSame } from "../acts/recorded-acts.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Reads } from "../ports.ts";
import { moneyOf, openBooks } from "./book-by-hand.ts";
import type { CreditedLine, CreditNote, ParentCredited } from "./correction-records.ts";
import {
  billedBy,
  creditedOf,
  type GivenBack,
  leftOf,
  readCreditNotes,
  readGivenBack,
  recordedAmount,
  requireBilled,
  requireInForce,
  requireLeft,
} from "./credited.ts";
import { type DocumentLine, findStatement, lineOf, linesOf } from "./statement-lines.ts";
import { periodsBehind } from "./taken-off.ts";

/** A credit note to issue. */
export interface NewCreditNote extends ByHand {
  readonly statement: string;
  /** Each line once. Amount null: all that is left of it. */
  readonly lines: readonly { readonly line: number; readonly amount: string | null }[];
}

/**
 * Issues a credit note. The same act again gives the first one. Throws `statement.not_found`,
 * `statement.line_not_found`, `statement.voided`, `credit.exceeded`, `booking.conflict`.
 */
export function issueCreditNote(
  context: EngineContext,
  workspace: string,
  request: NewCreditNote,
): Promise<CreditNote> {
  const { id: actId, key } = identify(context.digest, "act", request);
  const { store } = context;
  return runAct(context, workspace, async (act) => {
    const { state, tariff } = act;
    const statement = await findStatement(store, workspace, request.statement);
    const cardOf = (id: number) => tariff.cardById(id);
    const books = await openBooks(act, statement.customer);
    const periods = periodsBehind(act, books, statement);
    const of = { workspace, customer: statement.customer, statement, cardOf, periods };
    const givenBack = await readGivenBack(store, of);
    const { notes: issued } = givenBack;
    const known = issued.find((note) => note.act === actId);
    if (known !== undefined) {
      requireSame(known, key);
      requireStanding(known, issued);
      return known;
    }
    await requireInForce(store, workspace, statement.id);
    const numbers = request.lines.map(({ line }) => line);
    if (new Set(numbers).size < numbers.length) {
      throw new TollgateError("field.invalid", "A line is credited once in a note.", "lines");
    }
    const lines: CreditedLine[] = [];
    const whole = leftOf(givenBack, statement);
    const ofStatement = linesOf(statement);
    let total = ZERO_AMOUNT;
    for (const wanted of request.lines) {
      const left = (whole.left - total) as Amount;
      const at = { statement, of: ofStatement, wanted, givenBack };
      const line = creditLine({ ...at, whole: { ...whole, left } });
      lines.push(line);
      total = (total + recordedAmount(line.amount)) as Amount;
    }
    const { customer, period, currency } = statement;
    const { billedTo } = JSON.parse(statement.document) as { readonly billedTo?: string };
    const note: CreditNote = {
      format: "tollgate.credit_note/1",
      id: `${statement.id.replace(/^st_/, "cn_")}-${issued.length + 1}`,
      ...{ key, act: actId, statement: statement.id, customer, period, currency, lines },
      total: formatAmount(total),
      ...(billedTo === undefined ? {} : { billedTo }),
      reason: request.reason,
      by: request.by,
      issuedAtMs: state.receivedAtMs,
    };
    journalNote(act, note);
    return note;
  });
}

/** Puts a note on record, also of the parent that carries it (carried-statements.ts). */
export function journalNote({ journal }: Act, note: CreditNote): void {
  const { id, statement, billedTo: parent } = note;
  journal("credit_note.issued", statement, note);
  if (parent === undefined) return;
  const credited: ParentCredited = { parent, statement, note: id };
  journal("parent.credited", parent, credited);
}

/** Who asks again for a note that was taken back would take it for one that gives back. */
function requireStanding({ id }: CreditNote, issued: readonly CreditNote[]): void {
  const by = issued.find(({ voids }) => voids === id);
  if (by === undefined) return;
  const detail =
    `Credit note ${id} says the same and was taken back by ${by.id}. ` +
    'To give back again, state an "id" of its own.';
  throw new TollgateError("booking.conflict", detail, "id");
}

function creditLine(at: {
  readonly statement: Awaited<ReturnType<typeof findStatement>>;
  /** Its lines. */
  readonly of: readonly DocumentLine[];
  readonly wanted: NewCreditNote["lines"][number];
  readonly givenBack: GivenBack;
  readonly whole: { readonly billed: Amount; readonly left: Amount };
}): CreditedLine {
  const { statement, of, wanted, givenBack, whole } = at;
  const line = lineOf(statement, wanted.line, of);
  const { description } = line;
  const billed = billedBy(line);
  const target = { kind: "line", statement: statement.id, line: wanted.line } as const;
  const credited = creditedOf(givenBack, target);
  const left = (billed - credited) as Amount;
  const amount =
    wanted.amount === null ? left : moneyOf(wanted.amount, statement.currency, "lines");
  const takenOff = givenBack.takenOff.get(wanted.line);
  requireBilled({ billed, credited, wanted: amount, takenOff }, "lines");
  requireLeft({ ...whole, wanted: amount }, "lines");
  return { line: wanted.line, description, amount: formatAmount(amount) };
}

const NOTE_ID = /^cn_(.+)-\d+$/;

/** A credit note by its id. Throws `credit.not_found`. */
export async function readCreditNote(
  store: Reads,
  workspace: string,
  id: string,
): Promise<CreditNote> {
  const statement = `st_${NOTE_ID.exec(id)?.[1] ?? ""}`;
  const notes = await readCreditNotes(store, workspace, statement);
  const found = notes.find((note) => note.id === id);
  if (found !== undefined) return found;
  throw new TollgateError("credit.not_found", `There is no credit note "${id}".`);
}

/** The bytes of a credit note, as they are digested. */
export function creditNoteDocument({ key: _key, act: _act, ...note }: CreditNote): string {
  return canonicalJson(note);
}
