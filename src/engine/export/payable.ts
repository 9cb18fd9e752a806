/**
 * What a customer is to pay for a period: the statement in force, less what credit paid, with what
 * a parent carries, less credit notes. Items add up to that, to the last unit.
 */
import { assert } from "../../domain/assert.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import type { DocumentPart } from "../../domain/export/export-line.ts";
import { formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { givenBackTo } from "../periods/carried-statements.ts";
import type { CreditNote } from "../periods/correction-records.ts";
import { readCreditNotes, recordedAmount } from "../periods/credited.ts";
import { type DocumentLine, findStatement } from "../periods/statement-lines.ts";
import type { Store } from "../ports.ts";
import type { LedgerEntry } from "./export-ports.ts";

/** A period's bill, by item or as a whole. */
export interface Payable {
  readonly period: string;
  items(period: BillingPeriod): LedgerEntry[];
  whole(period: BillingPeriod): LedgerEntry;
}

/** The item of a whole bill. */
const STATEMENT_ITEM = "statement";

/** What each closed period of a customer comes to now, in order of time. */
export async function readPayable(
  store: Store,
  workspace: string,
  customer: string,
): Promise<Payable[]> {
  const statements = await store.listStatements(workspace, customer);
  const states = await store.periodsOf(workspace, customer);
  const found = await Promise.all(
    states.map(async ({ period, statementId }) => {
      const all = statements.filter((one) => one.period === period);
      // By the period, not by time: in a sandbox one is issued again at the instant of its close.
      const inForce = all.find(({ id }) => id === statementId);
      assert(inForce !== undefined, "a closed period has its statement");
      const voided = all.filter((one) => one !== inForce);
      const notes = await readCreditNotes(store, workspace, inForce.id);
      return payableOf(period, { inForce, voided, notes });
    }),
  );
  return found.sort((a, b) => (a.period < b.period ? -1 : 1));
}

/** Parts of the bill that an entry was read from: `st_…`, or `st_…+2` with two credit notes. */
export async function readPayableOf(
  store: Store,
  workspace: string,
  source: string,
): Promise<readonly DocumentPart[]> {
  const [id = "", notes = "0"] = source.split("+");
  const statement = await findStatement(store, workspace, id);
  const issued = await readCreditNotes(store, workspace, id);
  return partsOf(statement, issued.slice(0, Number(notes)));
}

interface Bills {
  readonly inForce: StatementRecord;
  readonly voided: readonly StatementRecord[];
  readonly notes: readonly CreditNote[];
}

function payableOf(period: string, { inForce, voided, notes }: Bills): Payable {
  const source = notes.length === 0 ? inForce.id : `${inForce.id}+${notes.length}`;
  const unit = inForce.currency;
  const parts = partsOf(inForce, notes);
  return {
    period,
    items: (of) => {
      const sums = new Map<string, { value: bigint; description: string }>();
      // What only a voided statement billed comes to nothing now, and must be told so.
      for (const part of voided.flatMap((one) => partsOf(one, []))) {
        sums.set(part.item, { value: 0n, description: part.description });
      }
      for (const { item, description, amount } of parts) {
        const value = (sums.get(item)?.value ?? 0n) + (parseValue(amount) ?? 0n);
        sums.set(item, { value, description });
      }
      return [...sums].map(([item, { value, description }]) => {
        return { item, period: of, value, unit, description, parts: [], source };
      });
    },
    whole: (of) => {
      const value = parts.reduce((sum, { amount }) => sum + (parseValue(amount) ?? 0n), 0n);
      const description = `Statement ${inForce.id}`;
      return { item: STATEMENT_ITEM, period: of, value, unit, description, parts, source };
    },
  };
}

interface StatementDocument {
  readonly lines: readonly (DocumentLine & { readonly quantity: string | null })[];
  readonly total: string;
  readonly paidByCredit?: string;
  readonly paidByParentsCredit?: string;
  readonly amountDue?: string;
  readonly billedTo?: string;
}

/** A bill's lines as parts, and what stands between its total and what is due. */
function partsOf(statement: StatementRecord, notes: readonly CreditNote[]): DocumentPart[] {
  const document = JSON.parse(statement.document) as StatementDocument;
  const parts = document.lines.map((line): [DocumentPart, bigint] => {
    const { kind, chargeKey, description, quantity } = line;
    const value = isTrialCell(line.cell) ? 0n : recordedAmount(line.amountRounded);
    const item = itemOfLine({ kind, chargeKey });
    return [{ item, description, quantity, amount: formatValue(value) }, value];
  });
  const billed = parts.reduce((sum, [, value]) => sum + value, 0n);
  assert(billed === recordedAmount(document.total), "lines of a statement add up to its total");
  const credited = notes.flatMap((note) => noteParts(note, document.lines));
  const between = [...creditParts(document), ...credited, ...carriedParts(document, notes)];
  return [...parts.filter(([, value]) => value !== 0n).map(([part]) => part), ...between];
}

function creditParts({ total, paidByCredit, amountDue, billedTo }: StatementDocument) {
  if (paidByCredit === undefined || amountDue === undefined) return [];
  const [paid, due] = [recordedAmount(paidByCredit), recordedAmount(amountDue)];
  const carried = due - recordedAmount(total) + paid;
  return [
    partOf("credit", "Paid by credit", -paid),
    partOf("carried", "Carried from customers below", carried),
    partOf("billed_to_parent", `Billed to ${billedTo}`, billedTo === undefined ? 0n : -due),
  ].filter(({ amount }) => amount !== "0");
}

/** What notes give back to the parent that was billed is its: nothing of it is due here. */
function carriedParts(document: StatementDocument, notes: readonly CreditNote[]): DocumentPart[] {
  const given = givenBackTo(document, notes);
  if (given === 0n) return [];
  return [partOf("billed_to_parent", `Credit notes: given back to ${document.billedTo}`, given)];
}

/** A credit note takes off the items whose lines it names. */
function noteParts({ id, lines }: CreditNote, billed: readonly DocumentLine[]): DocumentPart[] {
  return lines.map(({ line, description, amount }) => {
    const of = billed[line - 1];
    assert(of !== undefined, "a credit note names lines of its statement");
    return partOf(itemOfLine(of), `Credit note ${id}: ${description}`, -recordedAmount(amount));
  });
}

/** A charge's key; of a line that is of no charge, its kind, such as `minimum`. */
function itemOfLine({ kind, chargeKey }: Pick<DocumentLine, "kind" | "chargeKey">): string {
  return chargeKey === "" ? kind : chargeKey;
}

function partOf(item: string, description: string, value: bigint): DocumentPart {
  return { item, description, quantity: null, amount: formatValue(value) };
}
