/** Credit notes as they stand below the statement that they are of. */
import { formatMoney } from "./money.ts";
import type { Styles } from "./styles.ts";
import { renderTable } from "./table.ts";

/** A credit note as the server tells it. */
export interface NoteView {
  readonly id: string;
  readonly currency: string;
  /** What it gives back; negative: it takes another note back. */
  readonly total: string;
  /** The parent that was billed, and is given back what it paid. (Default: the customer.) */
  readonly billedTo?: string;
  readonly lines: readonly { readonly line: number; readonly amount: string }[];
  readonly issuedAt: string;
  readonly reason: string;
  readonly by: string;
}

/** The notes of a statement, as what they do to what is owed; nothing where there are none. */
export function renderNotesOf(notes: readonly NoteView[], styles: Styles): string[] {
  if (notes.length === 0) return [];
  const rows = notes.map(({ id, issuedAt, reason, total, currency }) => {
    return [id, issuedAt.slice(0, 10), reason, formatMoney(opposite(total), currency)];
  });
  const left = (title: string) => ({ title, align: "left" as const });
  const money = { title: notes[0]?.currency ?? "", align: "point" as const };
  const columns = [left("credit note"), left("issued"), left("reason"), money];
  return ["", ...renderTable({ columns, rows }, styles), ...parentOf(notes)];
}

/** Whose bill gives back what notes of a statement do, where a parent was billed for it. */
export function parentOf(notes: readonly NoteView[]): string[] {
  const parent = notes.find(({ billedTo }) => billedTo !== undefined)?.billedTo;
  if (parent === undefined) return [];
  return [`${parent} was billed for this statement: what it paid is given back on its next one.`];
}

function opposite(amount: string): string {
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}
