/**
 * Tells, in the unit of work that moves totals, of what these begin or end: credit that is low or
 * empty, commitments that are used up or will be, margins below nothing. It comes after everything
 * that moves totals, so what it looks at is what the unit leaves behind.
 *
 * Nearly always it looks at nothing: how far totals may move is known from the look before
 * (`Standings`). Margin, which everybody has, is looked at for the first time by a few customers a
 * unit, so that a start does not hold up what comes in, and so are customers that an act touches
 * many of. Those that are left the unit puts on record as due (`due-looks.ts`).
 */
import { type Affair, mayHaveTurned } from "../../domain/alert/affairs.ts";
import { decodeBook, EMPTY_BOOK } from "../../domain/credit/book.ts";
import type { JournalKind } from "../../domain/event/journal.ts";
import { readRates } from "../cards/conversion-rates.ts";
import type { Tariff } from "../cards/tariff.ts";
import { tariffOf } from "../cards/workspace-tariff.ts";
import { readsInUnit } from "../credit/credit-charged.ts";
import { CreditLevels } from "../credit/credit-levels.ts";
import { walletsNow } from "../credit/read-credit.ts";
import type { CreditBookRow, Customer, Store } from "../ports.ts";
import { MarginBills } from "../reports/margin-bills.ts";
import type { AffairTelling, MovedUnit, OfAct, ToldAffairs } from "./affair-telling.ts";
import {
  affairsOfCommitments,
  affairsOfCredit,
  type LookedMargin,
  marginOf,
} from "./affairs-of.ts";
import { everybody, LOOKS_A_UNIT, lookedUpTo, recordDueLooks } from "./due-looks.ts";
import { MovedCustomers } from "./moved-customers.ts";
import { chargedBy, type Moves, movesOf, noMoves, sumOf } from "./moves.ts";
import { readsInside } from "./reads-in-unit.ts";
import {
  type KnownMargin,
  movedBy,
  type Standing,
  Standings,
  StandingsDraft,
} from "./standings.ts";
import { alertSubject, type ToldDocument, tellAlert } from "./tell-alert.ts";

/** A unit of work, and what is known before it. */
interface Telling extends MovedUnit {
  readonly store: Store;
  readonly draft: StandingsDraft;
}

/** Tells affairs of units over one store. */
export class AffairTeller implements AffairTelling {
  readonly #store: Store;
  readonly #standings: Standings;

  readonly #moved: MovedCustomers;

  /** `moved`: whom units leave looks to. (Default: nobody looks behind them.) */
  constructor(store: Store, moved = new MovedCustomers()) {
    this.#store = store;
    this.#moved = moved;
    this.#standings = new Standings(store);
  }

  async tell(unit: MovedUnit, act: OfAct | null): Promise<StandingsDraft> {
    const { workspace, head, seen } = unit;
    const movedSince = (digest: string) => unit.unit.behind.movedSince(digest);
    const draft = this.#standings.asOf(workspace, { head: head.digest, seen, movedSince });
    const telling = { ...unit, store: this.#store, draft };
    if (act === null) await tellAffairs(telling, []);
    else await tellAffairsOfAct(telling, act);
    return draft;
  }

  keep(workspace: string, told: ToldAffairs | null): void {
    if (!(told instanceof StandingsDraft)) return;
    this.#standings.keep(workspace, told);
    if (told.leavesLooks) this.#moved.leftLooks(workspace);
  }

  forget(workspace: string): void {
    this.#standings.forget(workspace);
  }
}

/** Tells what the unit's totals begin and end; also of customers that it names. */
async function tellAffairs(telling: Telling, named: Iterable<string>): Promise<void> {
  const moves = movesOf(telling.state);
  for (const one of named) moves.set(one, { ...(moves.get(one) ?? noMoves()), isNamed: true });
  if (moves.size === 0) return;
  await new UnitTeller(telling, moves).tell();
}

/** Acts that change what everybody's totals come to. */
const OF_EVERYBODY: ReadonlySet<JournalKind> = new Set(["card.applied", "rates.imported"]);

/**
 * Acts of a unit that moves totals and decides nothing. A re-rate is hundreds of such units, and
 * looks at a bill read all that they have booked in it: looks are left where any books.
 */
const OF_TOTALS: ReadonlySet<string> = new Set(["usage.rerated", "run.restated", "act.signed"]);

/**
 * The same of an act, which may change what the customers that it touches have agreed, or what
 * everybody is billed.
 */
async function tellAffairsOfAct(telling: Telling, { touched, cards }: OfAct): Promise<void> {
  const { state, draft, store, workspace } = telling;
  const kinds = new Set([...state.journal.values()].map(({ kind }) => kind));
  if (kinds.size > 0 && kinds.isSubsetOf(OF_TOTALS)) {
    await tellAffairs(telling, []);
    const booked = new Set(state.adjustments.map(({ customer }) => customer));
    await leaveAnew(telling, [...booked].sort());
    return;
  }
  draft.isAllElse = kinds.intersection(OF_EVERYBODY).size > 0;
  for (const one of touched) draft.forget(one);
  if (kinds.has("commitments.saved")) draft.hasCommitments = true;
  if (!draft.isAllElse) {
    await tellAffairs(telling, touched.slice(0, LOOKS_A_UNIT));
    leave(telling, touched.slice(LOOKS_A_UNIT));
    return;
  }
  const first = await everybody(store, workspace, "");
  await tellAffairs({ ...telling, tariff: await tariffAfter(telling, cards) }, first);
  const after = first.at(-1);
  if (after !== undefined && first.length === LOOKS_A_UNIT) {
    recordDueLooks(state, { customers: null, after });
    draft.leavesLooks = true;
  }
}

/** What is billed by once an act is on disk that brings cards or rates. */
async function tariffAfter(telling: Telling, cards: OfAct["cards"]): Promise<Tariff> {
  const { store, workspace } = telling;
  const known = await store.cards(workspace);
  const rates = await readRates(readsInside(store, telling).store, workspace);
  return tariffOf([...known, ...cards], await store.prices(workspace), rates);
}

/** The same, without those of whom a look is due already: it will see what this unit did. */
async function leaveAnew(telling: Telling, customers: readonly string[]): Promise<void> {
  const { store, workspace, draft } = telling;
  const lookedUpToSeq = await lookedUpTo(store, workspace);
  const isDue = (id: string) => (draft.of(id).dueSeq ?? 0) > lookedUpToSeq;
  leave(
    telling,
    customers.filter((id) => !isDue(id)),
  );
}

/** Leaves customers to the looks that are due, on record. */
function leave({ state, draft }: Telling, customers: readonly string[]): void {
  if (customers.length === 0) return;
  recordDueLooks(state, { customers });
  draft.leavesLooks = true;
  for (const one of customers) draft.set(one, { dueSeq: state.lastSeq });
}

/** A customer whose margin was looked at, and whether it was told to be negative. */
interface LookedAt {
  readonly customer: Customer;
  readonly looked: LookedMargin | null;
  readonly wasOn: boolean;
}

/** A customer whose totals a unit moves, and what is known of it before. */
interface Moved {
  readonly id: string;
  readonly moves: Moves;
  readonly standing: Standing;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** Looks at the customers of one unit of work. */
class UnitTeller {
  readonly #telling: Telling;
  readonly #moves: Map<string, Moves>;
  readonly #reads: ReturnType<typeof readsInside>;
  /** Whose margin is looked at, in order. */
  readonly #due: Customer[] = [];
  /** Books as they are stored, and customers that have none. */
  #books = new Map<string, CreditBookRow | undefined>();

  constructor(telling: Telling, moves: Map<string, Moves>) {
    this.#telling = telling;
    this.#moves = moves;
    this.#reads = readsInside(telling.store, telling);
  }

  async tell(): Promise<void> {
    const { state, draft, unit } = this.#telling;
    const left: Moved[] = [];
    for (const [id, moves] of this.#moves) {
      const customer = state.customers.get(id);
      const standing = draft.of(id);
      const isAlone = customer !== undefined && customer.parent?.pays !== true;
      if (!isAlone || standing.terms?.room !== null) left.push({ id, moves, standing });
      // Neither credit nor commitments, as nearly everybody.
      else if (this.#isMarginDue(customer, { id, moves, standing })) this.#due.push(customer);
    }
    const unknown = left.flatMap(({ id, standing }) => (standing.terms?.room === null ? [] : [id]));
    const books = unknown.length === 0 ? [] : await unit.creditBooks(unknown);
    this.#books = new Map(unknown.map((id) => [id, undefined]));
    for (const row of books) this.#books.set(row.customer, row);
    // In one order: that in which rows were loaded is another in every store.
    for (const moved of left.sort(byId)) await this.#lookAt(moved);
    if (this.#due.length === 0) return;
    this.#due.sort(byId);
    await this.#lookAtMargins(this.#due.slice(0, LOOKS_A_UNIT));
    const over = this.#due.slice(LOOKS_A_UNIT);
    if (over.length === 0) return;
    await leaveAnew(
      this.#telling,
      over.map(({ id }) => id),
    );
  }

  async #lookAt({ id, moves }: Moved): Promise<void> {
    const { state, draft } = this.#telling;
    const customer = state.customers.get(id) ?? (await this.#customer(id));
    if (customer === undefined) return;
    const charged = chargedBy(moves);
    if (this.#maySkipTerms(customer, charged)) this.#note(customer, charged);
    else await this.#lookAtTerms(customer);
    const isDue = this.#isMarginDue(customer, { id, moves, standing: draft.of(id) });
    if (isDue) this.#due.push(customer);
    await this.#lookAbove(customer, charged);
  }

  async #customer(id: string): Promise<Customer | undefined> {
    return this.#reads.store.customer(this.#telling.workspace, id);
  }

  /** Credit of who pays for a customer burns with what that one is charged. */
  async #lookAbove({ parent }: Customer, charged: bigint): Promise<void> {
    for (let at = parent; at?.pays === true && !this.#moves.has(at.id); ) {
      const payer = await this.#customer(at.id);
      if (payer === undefined) return;
      this.#moves.set(payer.id, { ...noMoves(), besides: charged });
      if (!this.#isPlain(payer)) await this.#lookAtTerms(payer);
      at = payer.parent;
    }
  }

  /** It is known to have neither credit nor commitments. */
  #isPlain({ id }: Customer): boolean {
    return this.#telling.draft.of(id).terms?.room === null;
  }

  #maySkipTerms(customer: Customer, charged: bigint): boolean {
    if (this.#isPlain(customer)) return true;
    const { terms } = this.#telling.draft.of(customer.id);
    if (terms === null || terms.room === null) return false;
    if (this.#telling.state.receivedAtMs >= terms.untilMs) return false;
    return customer.parent === null && 2n * (terms.moved + charged) < terms.room;
  }

  #note({ id }: Customer, charged: bigint): void {
    const { draft } = this.#telling;
    const { terms } = draft.of(id);
    if (terms === null || terms.room === null || charged === 0n) return;
    draft.set(id, { terms: { ...terms, moved: terms.moved + charged } });
  }

  async #lookAtTerms(customer: Customer): Promise<void> {
    const { workspace, state, tariff, draft } = this.#telling;
    const credit = await this.#credit(customer);
    const at = { customer, tariff, nowMs: state.receivedAtMs };
    const committed = (await this.#hasCommitments())
      ? await affairsOfCommitments(this.#reads, workspace, at)
      : null;
    const affairs = [...(credit ?? []), ...(committed?.affairs ?? [])];
    for (const affair of affairs) this.#tellNews(affair, await this.#wasTold(affair));
    const isPlain = credit === null && committed === null;
    const room = isPlain ? null : this.#roomOf(customer, affairs);
    const untilMs = this.#untilMs(customer, committed?.untilMs);
    draft.set(customer.id, { terms: { room, moved: 0n, untilMs } });
  }

  /** Until when a look holds where nothing moves. (Default of `bound`: while the period lasts.) */
  #untilMs(customer: Customer, bound?: number): number {
    const { tariff, state } = this.#telling;
    const nowMs = state.receivedAtMs;
    const endMs = bound ?? tariff.periodOf(customer, nowMs).endMs;
    return Math.min(endMs, tariff.nextChangeMs(customer, nowMs));
  }

  /** What charges may move is in the currency of the card; who is of a family has no room. */
  #roomOf(customer: Customer, affairs: readonly Affair[]): bigint {
    const { tariff, state } = this.#telling;
    const card = tariff.cardFor(customer, state.receivedAtMs);
    const currency = card === null ? null : tariff.versionById(card.id).card.currency;
    let room: bigint | null = null;
    for (const affair of affairs) {
      const own = affair.facts.currency === currency ? (affair.room ?? 0n) : 0n;
      if (room === null || own < room) room = own;
    }
    // What is agreed for later, and wallets without grants, move with acts and the calendar alone.
    return room ?? 2n ** 200n;
  }

  async #hasCommitments(): Promise<boolean> {
    const { store, workspace, draft } = this.#telling;
    const kind = "commitments.saved";
    draft.hasCommitments ??= (await store.acts(workspace, { kind, limit: 1 })).length > 0;
    return draft.hasCommitments;
  }

  /** Null: it has no credit. */
  async #credit(customer: Customer): Promise<Affair[] | null> {
    const { unit, state, tariff, store, workspace } = this.#telling;
    const rowOf = async (id: string) => {
      if (!this.#books.has(id)) this.#books.set(id, (await unit.creditBooks([id]))[0]);
      return state.creditBooks.get(id) ?? this.#books.get(id);
    };
    const row = await rowOf(customer.id);
    if (row === undefined) return null;
    const levels = new CreditLevels({
      tariff,
      nowMs: state.receivedAtMs,
      reads: readsInUnit({ unit, state }),
      customer: (id) => this.#customer(id),
      below: async (id) => store.credit.customersBelow(workspace, id),
      book: async (id) => {
        const known = await rowOf(id);
        return known === undefined ? EMPTY_BOOK : decodeBook(known.document);
      },
    });
    const book = decodeBook(row.document);
    return affairsOfCredit(customer.id, {
      wallets: await walletsNow(book, customer, levels),
      book,
    });
  }

  #isMarginDue({ id }: Customer, { moves, standing }: Moved): boolean {
    const { draft, state } = this.#telling;
    const { periods, isNamed } = moves;
    if (isNamed) return true;
    if (periods.length === 0) return false;
    const { terms, margin, dueSeq } = standing;
    if (margin === null || state.receivedAtMs >= margin.untilMs) return true;
    const gain = periods.find(({ period }) => period === margin.period);
    if (margin.standing === null || gain === undefined) return false;
    const after = movedBy(margin, sumOf(gain));
    draft.put(id, { terms, margin: after, dueSeq });
    return mayHaveTurned(margin.standing, after);
  }

  /** Reads of all at once: one after the other each would wait for the way to the database. */
  async #lookAtMargins(customers: readonly Customer[]): Promise<void> {
    const { workspace, tariff, state } = this.#telling;
    const nowMs = state.receivedAtMs;
    const bills = await MarginBills.open(this.#reads, workspace, nowMs);
    const all = customers.map(async (customer) => {
      const looked = await marginOf({ bills, tariff }, customer, nowMs);
      const wasOn = looked !== null && (await this.#wasTold(looked.affair));
      return { customer, looked, wasOn };
    });
    for (const one of await Promise.all(all)) this.#tellMargin(one);
  }

  #tellMargin({ customer, looked, wasOn }: LookedAt): void {
    const { tariff, state, draft } = this.#telling;
    const isOn = looked === null ? false : this.#tellNews(looked.affair, wasOn);
    const { key: period } = tariff.periodOf(customer, state.receivedAtMs);
    const untilMs = this.#untilMs(customer);
    const since = { charged: 0n, spent: 0n };
    const margin = { ...knownMargin(looked, isOn), ...since, period, untilMs };
    draft.set(customer.id, { margin, dueSeq: null });
  }

  /** Whether an affair was told last to be on. */
  async #wasTold({ about }: Affair): Promise<boolean> {
    const subject = alertSubject(about);
    const { workspace } = this.#telling;
    const last = await this.#reads.store.lastAct(workspace, "alert.told", subject);
    const document = last && (JSON.parse(last.document) as ToldDocument);
    return document?.state === "raised";
  }

  /** Tells an affair that stands otherwise than it was told last; returns whether it is on. */
  #tellNews({ isOn, room: _, ...affair }: Affair, wasOn: boolean): boolean {
    const { state } = this.#telling;
    if (isOn === null || isOn === wasOn) return wasOn;
    tellAlert(state, affair, isOn ? "raised" : "cleared");
    return isOn;
  }
}

function knownMargin(
  looked: LookedMargin | null,
  isOn: boolean,
): Pick<KnownMargin, "standing" | "rate"> {
  if (looked === null) return { standing: null, rate: 0n };
  return { standing: { ...looked.standing, isOn }, rate: looked.rate };
}
