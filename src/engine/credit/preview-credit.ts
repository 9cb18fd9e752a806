/**
 * What credit would pay of an open period if it were closed now: the same desk as at a close, which
 * reads the rows of now and is never saved. Grants that are over and not ended yet are ended first,
 * as any unit of work would.
 */
import { dueAtMs } from "../../domain/credit/book.ts";
import type { StatementCredit } from "../../domain/credit/statement-credit.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { BatchState } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import { carriedStatements } from "../periods/carried-statements.ts";
import type { Customer } from "../ports.ts";
import { payersOf, payStatement } from "./close-credit.ts";
import { CreditDesk, type DeskAct, type OpenBook } from "./credit-desk.ts";

/** A bill to pay, as of now. */
export interface PreviewedBill {
  readonly customer: Customer;
  readonly statement: Statement;
  readonly nowMs: number;
}

/** What credit would pay; null where there is none. Writes nothing. */
export async function previewCredit(
  context: EngineContext,
  workspace: string,
  { customer, statement, nowMs }: PreviewedBill,
): Promise<StatementCredit | null> {
  const { store } = context;
  const desk = new CreditDesk(context, await readingAct(context, workspace, nowMs));
  const closing = { customer, statement, replaces: null };
  const children = await carriedStatements(store, workspace, closing);
  const below = (id: string) => store.credit.customersBelow(workspace, id);
  await endDue(await booksOf(desk, await payersOf(desk, customer), below), desk, nowMs);
  return payStatement(desk, { ...closing, children, nowMs });
}

/** The rows of now in place of those of a unit. Nothing is ever put on record. */
async function readingAct(
  { store, tariffs }: EngineContext,
  workspace: string,
  nowMs: number,
): Promise<DeskAct> {
  const each = async <T>(
    ids: readonly string[],
    read: (id: string) => T | undefined | Promise<T | undefined>,
  ): Promise<T[]> => {
    const found = await Promise.all(ids.map(read));
    return found.filter((one) => one !== undefined);
  };
  return {
    workspace,
    tariff: await tariffs.of(workspace),
    journal: () => {},
    unit: {
      customers: (ids) => each(ids, (id) => store.customer(workspace, id)),
      creditBooks: (ids) => each(ids, (id) => store.credit.book(workspace, id)),
      periodsOf: (id) => store.periodsOf(workspace, id),
      counters: async (keys) => {
        const rows = await Promise.all(keys.map((key) => store.countersOf(workspace, key)));
        return rows.flat();
      },
      adjustments: (key) => store.adjustmentsOf(workspace, key),
    },
    state: new BatchState(nowMs, 0),
  };
}

/** The books of payers, and of everybody below whose usage they may pay for. */
async function booksOf(
  desk: CreditDesk,
  payers: readonly OpenBook[],
  below: (id: string) => readonly Customer[] | Promise<readonly Customer[]>,
): Promise<OpenBook[]> {
  const books = new Map(payers.map((book) => [book.customer.id, book]));
  // A map goes on to what is added to it meanwhile.
  for (const id of books.keys()) {
    for (const child of await below(id)) {
      if (child.parent?.pays !== true || child.parent.credit === "own") continue;
      if (!books.has(child.id)) books.set(child.id, await desk.open(child.id));
    }
  }
  return [...books.values()];
}

/** Ends what is over, the earliest end first: what one grant leaves, another one pays. */
async function endDue(books: readonly OpenBook[], desk: CreditDesk, nowMs: number): Promise<void> {
  for (;;) {
    const ends = books.map(({ book }) => dueAtMs(book) ?? Number.POSITIVE_INFINITY);
    const atMs = Math.min(...ends);
    if (!(atMs <= nowMs)) return;
    for (const book of books) await desk.endDue(book, atMs);
  }
}
