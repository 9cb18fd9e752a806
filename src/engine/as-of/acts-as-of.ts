/**
 * What people and the calendar had decided at an instant: acts, versions of cards, customers,
 * statements and closed periods. All of it is recorded by acts, so each is cut off behind a seq.
 */
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { StatementFilter, StatementHead } from "../periods/statement-list.ts";
import type { ActFilter, Customer, Store } from "../ports.ts";

/** Of which workspace, and up to which seq. */
export interface AsOfPlace {
  readonly workspace: string;
  readonly seq: number;
}

/** Reads what acts have left. */
export class ActsAsOf {
  readonly #store: Store;
  readonly #place: AsOfPlace;
  /** Subjects of acts of a kind that came later. */
  readonly #later = new Map<JournalKind, Promise<ReadonlyMap<string, readonly JournalEntry[]>>>();

  constructor(store: Store, place: AsOfPlace) {
    this.#store = store;
    this.#place = place;
  }

  /** A page that is cut short is the last one, as it was then. */
  async acts(filter: ActFilter): Promise<JournalEntry[]> {
    const { workspace, seq } = this.#place;
    return (await this.#store.acts(workspace, filter)).filter((entry) => entry.seq <= seq);
  }

  async lastAct(kind: ActFilter["kind"], subject: string): Promise<JournalEntry | undefined> {
    let [last, afterSeq] = [undefined as JournalEntry | undefined, 0];
    for (;;) {
      const page = await this.acts({ kind, subject, afterSeq, limit: PAGE_MAX_ROWS });
      last = page.at(-1) ?? last;
      if (last === undefined || page.length < PAGE_MAX_ROWS) return last;
      afterSeq = last.seq;
    }
  }

  /** Acts of a kind that came later, by their subject. */
  later(kind: JournalKind): Promise<ReadonlyMap<string, readonly JournalEntry[]>> {
    const known = this.#later.get(kind) ?? this.#readLater(kind);
    this.#later.set(kind, known);
    return known;
  }

  async #readLater(kind: JournalKind): Promise<ReadonlyMap<string, readonly JournalEntry[]>> {
    const { workspace, seq } = this.#place;
    const found: JournalEntry[] = [];
    for (let afterSeq = seq; ; ) {
      const page = await this.#store.acts(workspace, { kind, afterSeq, limit: PAGE_MAX_ROWS });
      found.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_MAX_ROWS) break;
      afterSeq = last.seq;
    }
    return Map.groupBy(found, ({ id }) => id);
  }

  async cards(): Promise<RateCardVersion[]> {
    const cards = await this.#store.cards(this.#place.workspace);
    const later = [...(await this.later("card.applied")).values()].flat();
    const ids = new Set(later.map(({ document }) => (JSON.parse(document) as { id: number }).id));
    return cards.filter(({ id }) => !ids.has(id));
  }

  /** The customer as the last act left it, or as its first event made it. */
  async customer(id: string): Promise<Customer | undefined> {
    const current = await this.#store.customer(this.#place.workspace, id);
    if (current === undefined) return undefined;
    const saved = await this.lastAct("customer.saved", id);
    const known = saved ?? (await this.lastAct("customer", id));
    if (known === undefined) return undefined;
    return statedCustomer(known.document);
  }

  async statements(customer?: string): Promise<StatementRecord[]> {
    const all = await this.#store.listStatements(this.#place.workspace, customer);
    if (customer !== undefined) return this.#known(all);
    const closed = await this.later("period.closed");
    const reissued = await this.later("statement.reissued");
    return all.filter(({ id }) => !closed.has(id) && !reissued.has(id));
  }

  /**
   * A page of those that were known. None was closed later than the commit was that made it, so of
   * what a later instant closed nothing is looked at.
   */
  async statementPage(filter: StatementFilter): Promise<StatementHead[]> {
    const { workspace, seq } = this.#place;
    const link = await this.#store.linkBefore(workspace, seq);
    const until = link?.committedAtMs ?? null;
    const asked = until === null ? filter : { ...filter, closedUntilMs: until };
    const found: StatementHead[] = [];
    for (let after = filter.after; ; ) {
      const behind = after === undefined ? asked : { ...asked, after };
      const page = await this.#store.statementPage(workspace, behind);
      found.push(...(await this.#known(page)));
      after = page.at(-1);
      const isFull = found.length >= filter.limit;
      if (isFull || page.length < filter.limit) return found.slice(0, filter.limit);
    }
  }

  /** Of one customer each is looked up: later closes may be those of everybody, for years. */
  async #known<T extends StatementHead>(statements: readonly T[]): Promise<T[]> {
    const known: T[] = [];
    for (const statement of statements) {
      const closed = await this.#isLater("period.closed", statement.id);
      if (closed || (await this.#isLater("statement.reissued", statement.id))) continue;
      known.push(statement);
    }
    return known;
  }

  async #isLater(kind: JournalKind, subject: string): Promise<boolean> {
    const { workspace, seq } = this.#place;
    return ((await this.#store.lastAct(workspace, kind, subject))?.seq ?? 0) > seq;
  }

  async statement(id: string): Promise<StatementRecord | undefined> {
    const found = await this.#store.statement(this.#place.workspace, id);
    if (found === undefined) return undefined;
    return (await this.statements(found.customer)).find((one) => one.id === id);
  }

  /** Closed periods, by the statement that was in force. */
  async periodsOf(customer: string): Promise<PeriodState[]> {
    const states: PeriodState[] = [];
    for (const { id, period, closedAtMs } of await this.statements(customer)) {
      if ((await this.lastAct("statement.voided", id)) !== undefined) continue;
      states.push({ customer, period, closedAtMs, statementId: id });
    }
    return states.sort((a, b) => (a.period < b.period ? -1 : 1));
  }
}

/** A customer as an act states it. */
export function statedCustomer(document: string): Customer {
  const stated = JSON.parse(document) as Customer;
  // Entries of the first schemas state none of these.
  return { ...stated, ...withTerms(stated), parent: stated.parent ?? null };
}

function withTerms({ formerCards, startedAtMs, createdAtMs }: Partial<Customer>) {
  return { formerCards: formerCards ?? [], startedAtMs: startedAtMs ?? createdAtMs ?? 0 };
}
