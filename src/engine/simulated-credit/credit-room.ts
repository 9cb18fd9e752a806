/**
 * A place where credit moves without being put on record. What happens there is done by the desk
 * and the rules that the ledger's own units of work use; only the rows come from elsewhere, and the
 * books that it leaves are kept here.
 */
import { type Amount, formatAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { Booking } from "../../domain/period/booking.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { Answer } from "../answer.ts";
import { BatchState } from "../commit/batch-state.ts";
import { payStatement } from "../credit/close-credit.ts";
import { CreditDesk, type DeskAct, type DeskContext } from "../credit/credit-desk.ts";
import { periodOfKey, statementOf } from "../periods/bill.ts";
import type { CounterKey, CreditBookRow, Customer, Store } from "../ports.ts";
import type { CreditView } from "./credit-view.ts";

type JournalEntry = Awaited<ReturnType<Store["acts"]>>[number];

/** A period to close. */
export interface PeriodToClose extends CounterKey {
  readonly nowMs: number;
  /** The statement that it replaces; null: the first one. */
  readonly replaces: Statement | null;
  /** What statements in between have billed of it. */
  readonly billed: readonly Booking[];
}

/** Books and what was posted to them. */
export class CreditRoom {
  readonly #view: CreditView;
  readonly #books = new Map<string, CreditBookRow>();
  readonly #posted: JournalEntry[] = [];

  constructor(view: CreditView) {
    this.#view = view;
  }

  /** Books that a desk has left here, or that were there before. */
  async book(id: string): Promise<CreditBookRow | undefined> {
    return this.#books.get(id) ?? (await this.#view.book(id));
  }

  /** Does something at a desk, and keeps the books that it leaves. */
  async at<T>(nowMs: number, work: (desk: CreditDesk) => Promise<T>): Promise<T> {
    const state = new BatchState(nowMs, 0);
    const desk = new CreditDesk(this.#context(), this.#act(state));
    const done = await work(desk);
    desk.save();
    for (const row of state.creditBooks.changed()) this.#books.set(row.customer, row);
    return done;
  }

  /** Issues the statement of a period by what is known; returns what credit pays of it. */
  async close(of: PeriodToClose, customer: Customer): Promise<Amount> {
    return this.#issue(of, customer, await this.#statement(of, customer));
  }

  /** The same of a period in which anything was used or is owed; others nobody would close. */
  async closeOwed(of: PeriodToClose, customer: Customer): Promise<Amount> {
    const statement = await this.#statement(of, customer);
    const isUsed = (await this.#view.used(of.customer)).includes(of.period);
    if (statement.lines.length === 0 && !isUsed) return ZERO_AMOUNT;
    return this.#issue(of, customer, statement);
  }

  async #issue(
    { nowMs, replaces }: PeriodToClose,
    customer: Customer,
    statement: Statement,
  ): Promise<Amount> {
    const replaced = replaces === null ? null : recordOf(replaces);
    const paid = await this.at(nowMs, (desk) => {
      return payStatement(desk, { customer, statement, replaces: replaced, children: [], nowMs });
    });
    this.#view.issue({ statement, replaces }, nowMs);
    return paid?.paid ?? ZERO_AMOUNT;
  }

  async #statement(of: PeriodToClose, customer: Customer): Promise<Statement> {
    const { nowMs, billed, customer: id, period: key } = of;
    const view = this.#view;
    const at = { customer: id, period: key };
    const period = periodOfKey(view.tariff, customer, key);
    const counters = await view.counters(at);
    const adjustments = await view.adjustments(at);
    const bookings = [...(await view.bookings(adjustments)), ...billed];
    const isUsed = counters.length > 0 || (await view.used(id)).includes(key);
    const commitments = await view.commitments(at);
    const about = { customer, period, nowMs, isUsed, commitments };
    return statementOf(view.tariff, { ...about, counters, adjustments, bookings });
  }

  #context(): DeskContext {
    const view = this.#view;
    return {
      store: {
        periodsToBill: async (_, __, customer) => {
          const charged = [...(await view.used(customer)), ...(await view.booked(customer))];
          return charged.map((period) => ({ period }));
        },
        acts: (_, { subject, afterSeq = 0, limit }) => {
          const isAsked = ({ id, seq }: JournalEntry) => id === subject && seq > afterSeq;
          return this.#posted.filter(isAsked).slice(0, limit);
        },
        credit: { customersBelow: async (_, id) => [...(await view.below(id))] },
      },
      dues: { forget: () => {} },
    };
  }

  #act(state: BatchState): DeskAct {
    const view = this.#view;
    return {
      workspace: "",
      tariff: view.tariff,
      state,
      journal: (kind, id, document) => {
        const seq = this.#posted.length + 1;
        const about = { run: "", source: kind, id, contentHash: "", receivedAtMs: 0 };
        this.#posted.push({ seq, kind, ...about, document: JSON.stringify(document) });
      },
      unit: {
        customers: (ids) => each(ids, (id) => view.customer(id)),
        creditBooks: (ids) => each(ids, (id) => this.book(id)),
        periodsOf: async (id) => [...(await view.closed(id))],
        counters: async (keys) => (await each(keys, (key) => view.counters(key))).flat(),
        adjustments: async (key) => [...(await view.adjustments(key))],
      },
    };
  }
}

/** What the one that replaces it asks of a statement. */
function recordOf({ customer, period, currency, total, lines }: Statement): StatementRecord {
  const billed = lines.map(({ kind, chargeKey, amountRounded }) => {
    return { kind, chargeKey, amountRounded: formatAmount(amountRounded) };
  });
  const about = { id: "", customer, period: period.key, currency, closedAtMs: 0, digest: "" };
  return { ...about, total: formatAmount(total), document: JSON.stringify({ lines: billed }) };
}

async function each<K, T>(
  keys: readonly K[],
  read: (key: K) => Answer<T | undefined>,
): Promise<T[]> {
  const found: T[] = [];
  for (const key of keys) {
    const one = await read(key);
    if (one !== undefined) found.push(one);
  }
  return found;
}
