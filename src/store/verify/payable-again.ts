/**
 * What closed periods of a customer come to for a billing system, worked out again from statements
 * and credit notes: by item, or as a whole.
 */
import { amountOf } from "../stored-decimal.ts";
import type { Acts } from "./acts.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { isFreeCell } from "./trial-again.ts";

/** What a period's item comes to, and when that last changed. */
export interface BookedItem {
  readonly value: bigint;
  readonly changedAtMs: number;
}

/** What a customer's periods come to, by their key and the names of items. */
export interface BookedCustomer {
  readonly periods: ReadonlyMap<string, ReadonlyMap<string, BookedItem>>;
  /** When any of it last changed. */
  readonly changedAtMs: number;
}

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly amountRounded: string;
}

interface Statement {
  readonly lines: readonly Line[];
  readonly total: string;
  readonly paidByCredit?: string;
  readonly paidByParentsCredit?: string;
  readonly amountDue?: string;
  readonly billedTo?: string;
}

interface Note {
  readonly atMs: number;
  readonly document: Readonly<Record<string, unknown>>;
  readonly lines: readonly { readonly line: number; readonly amount: string }[];
}

const WHOLE = "statement";

/** The bills of a file. */
export class PayableAgain {
  readonly #file: DataFile;
  readonly #acts: Acts;

  constructor(file: DataFile, acts: Acts) {
    this.#file = file;
    this.#acts = acts;
  }

  /**
   * What a line was read from: `st_…`, or `st_…+2` with two credit notes. Null: there is no such
   * statement of the customer and period. Undefined: it cannot be read, which is told.
   */
  ofSource(
    ws: number,
    source: string,
    of: { readonly customer: string; readonly period: string },
  ): ReadonlyMap<string, bigint> | null | undefined {
    const [id = "", notes = "0"] = source.split("+");
    const sql = "SELECT * FROM statements WHERE ws = ? AND id = ?";
    const row = this.#file.first(sql, ws, id);
    if (row === undefined || row.customer !== of.customer || row.period !== of.period) return null;
    const issued = this.#notesOf(ws, id).slice(0, Number(notes));
    return this.#sumsOf(row, issued);
  }

  /** Closed periods of a customer as they are now; `isWhole`: as one item each. */
  of(ws: number, customer: string, isWhole: boolean): BookedCustomer {
    const found = new Map<string, Map<string, BookedItem>>();
    const sql = "SELECT * FROM statements WHERE ws = ? AND customer = ? ORDER BY id";
    for (const row of this.#file.each(sql, ws, customer)) {
      const [id, period] = [row.id as string, row.period as string];
      const isVoided = this.#acts.of("statement.voided", ws, id).length > 0;
      const notes = isVoided ? [] : this.#notesOf(ws, id);
      const sums = this.#sumsOf(row, notes) ?? new Map<string, bigint>();
      const items = found.get(period) ?? new Map<string, BookedItem>();
      found.set(period, items);
      const closedAtMs = row.closed_at as number;
      const atMs = notes.reduce((most, one) => Math.max(most, one.atMs), closedAtMs);
      for (const [item, value] of sums) {
        if ((item === WHOLE) !== isWhole) continue;
        const before = items.get(item);
        // What only a voided statement billed comes to nothing, since another one replaced it.
        const changedAtMs = Math.max(before?.changedAtMs ?? 0, atMs);
        items.set(item, { value: (before?.value ?? 0n) + (isVoided ? 0n : value), changedAtMs });
      }
    }
    for (const items of found.values()) allAsOfTheNewest(items);
    const all = [...found.values()].flatMap((items) => [...items.values()]);
    const changedAtMs = all.reduce((most, one) => Math.max(most, one.changedAtMs), 0);
    return { periods: found, changedAtMs };
  }

  #sumsOf(
    { ws, id, document }: Readonly<Record<string, unknown>>,
    notes: readonly Note[],
  ): ReadonlyMap<string, bigint> | undefined {
    const key = keyText(this.#file.workspace(ws as number), id as string);
    const at = { table: "statements", key };
    return readable(this.#file, at, () => sumsOf(JSON.parse(document as string), notes));
  }

  #notesOf(ws: number, statement: string): Note[] {
    return this.#acts.of("credit_note.issued", ws, statement).map(({ document, receivedAtMs }) => {
      return { atMs: receivedAtMs, document, lines: document.lines as Note["lines"] };
    });
  }
}

/** A period is issued again whole. */
function allAsOfTheNewest(items: Map<string, BookedItem>): void {
  const changedAtMs = [...items.values()].reduce((most, one) => Math.max(most, one.changedAtMs), 0);
  for (const [item, { value }] of items) items.set(item, { value, changedAtMs });
}

function sumsOf(statement: Statement, notes: readonly Note[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  const add = (item: string, value: bigint) => sums.set(item, (sums.get(item) ?? 0n) + value);
  for (const line of statement.lines) {
    const value = isFreeCell(line.cell) ? 0n : amountOf(line.amountRounded);
    if (value !== 0n) add(itemOf(line), value);
  }
  const { total, paidByCredit, amountDue, billedTo } = statement;
  if (paidByCredit !== undefined && amountDue !== undefined) {
    const [paid, due] = [amountOf(paidByCredit), amountOf(amountDue)];
    const carried = due - amountOf(total) + paid;
    if (paid !== 0n) add("credit", -paid);
    if (carried !== 0n) add("carried", carried);
    if (billedTo !== undefined && due !== 0n) add("billed_to_parent", -due);
  }
  for (const { lines } of notes) {
    for (const { line, amount } of lines) {
      const of = statement.lines[line - 1];
      if (of !== undefined) add(itemOf(of), -amountOf(amount));
    }
  }
  const given = givenAgain(
    statement,
    notes.map(({ document }) => document),
  );
  if (given !== 0n) add("billed_to_parent", given);
  const whole = [...sums.values()].reduce((sum, value) => sum + value, 0n);
  return new Map([...sums, [WHOLE, whole]]);
}

/**
 * What notes on a statement give back to the parent that it was billed to: of what is credited, the
 * customer's own credit gets back what it paid of the total, as far as others paid less.
 */
export function givenAgain(
  statement: Pick<Statement, "total" | "paidByCredit" | "paidByParentsCredit">,
  notes: readonly Readonly<Record<string, unknown>>[],
): bigint {
  const carried = notes.filter(({ billedTo }) => billedTo !== undefined);
  const credited = carried.reduce((sum, { total }) => sum + amountOf(total as string), 0n);
  const { total, paidByCredit = "0", paidByParentsCredit = "0" } = statement;
  const byOwn = amountOf(paidByCredit) - amountOf(paidByParentsCredit);
  if (byOwn <= 0n) return credited;
  const left = amountOf(total) - byOwn;
  const byOthers = left > 0n ? left : 0n;
  if (credited <= byOthers) return credited;
  return credited - byOwn > byOthers ? credited - byOwn : byOthers;
}

function itemOf({ kind, chargeKey }: Line): string {
  return chargeKey === "" ? kind : chargeKey;
}
