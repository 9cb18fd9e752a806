/**
 * Customers whose credit belongs together, and the moments at which it moved. A parent's credit may
 * pay for its children, and be moved to them; so all that ever stood above or below one another is
 * one family. Between two moments nothing that anybody did to their credit or statements happened,
 * so it is enough to know what was charged at each.
 */
import type { JournalEntry } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { MomentsOf } from "../../domain/simulation/moments.ts";
import { statedCustomer } from "../as-of/acts-as-of.ts";
import { seqAt } from "../as-of/as-of-seq.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { PostedEntry } from "../credit/credit-desk.ts";
import type { ActFilter, Customer, Store } from "../ports.ts";

/** What happened to the credit of a family at a moment. */
export type Happened =
  /** Somebody gave, moved or took credit: entries of an act. */
  | { readonly is: "posted"; readonly customer: string }
  /** A period was closed, or its statement issued again. */
  | { readonly is: "closed"; readonly customer: string; readonly period: string }
  /** The end of a grant and its grace, whether anything is left of it or not. */
  | { readonly is: "ended" }
  /** A period began: what comes late is booked in it from now on. */
  | { readonly is: "begun" }
  | { readonly is: "now" };

/** A moment of a family. */
export interface Moment {
  /** What was committed with it or before comes before the moment. */
  readonly seq: number;
  readonly atMs: number;
  readonly happened: Happened;
}

/** Customers whose credit belongs together. */
export interface CreditFamily {
  /** In the order of their ids. */
  readonly members: readonly string[];
  /** In their order; the last one is now. */
  readonly moments: readonly Moment[];
}

/** What it takes to find families. */
export interface FamiliesOf {
  readonly store: Store;
  readonly workspace: string;
  readonly tariff: Tariff;
  readonly nowMs: number;
  /** Only families of one of these; null: all. */
  readonly named: readonly string[] | null;
}

/** Families that have or had credit. Most workspaces have none, and most customers are in none. */
export async function creditFamilies(of: FamiliesOf): Promise<CreditFamily[]> {
  const credits = await readCredits(of);
  if (credits.size === 0) return [];
  const groups = (await relatedGroups(of)).with([...credits.keys()]);
  const asked = of.named && new Set(of.named);
  const found = groups.filter((members) => {
    const isAsked = asked === null || members.some((id) => asked.has(id));
    return isAsked && members.some((id) => credits.has(id));
  });
  const closings = await readClosings(of, new Set(found.flat()));
  const families: CreditFamily[] = [];
  for (const members of found) {
    const own = members.flatMap((id) => credits.get(id) ?? []);
    const closed = members.flatMap((id) => closings.get(id) ?? []);
    const dated = [...endsOf(own, of.nowMs), ...(await beginsOf(of, members, closed))];
    const moments = [...own.flatMap(({ moment }) => moment ?? []), ...closed];
    for (const [atMs, happened] of dated) moments.push(await momentAt(of, atMs, happened));
    moments.sort((a, b) => a.seq - b.seq || a.atMs - b.atMs);
    const now = { seq: Number.MAX_SAFE_INTEGER, atMs: of.nowMs, happened: { is: "now" } } as const;
    families.push({ members, moments: [...moments, now] });
  }
  return families;
}

/** The moments of families as what steps are added up by. */
export function momentsOf(families: readonly CreditFamily[]): MomentsOf {
  return {
    groups: families.map(({ moments }) => moments.map(({ seq }) => seq)),
    customers: families.flatMap(({ members }, at) => members.map((id) => [id, at] as const)),
  };
}

/** Acts that simulations play again; what follows from them they work out anew. */
const APPLIED: ReadonlySet<string> = new Set(["granted", "paid", "received", "refunded", "sent"]);

/** Whether an entry is what people or payments did to a wallet. */
export function isApplied({ kind, id, at }: PostedEntry): boolean {
  // By hand an end is told by the grant; what ends by itself, by its time.
  return APPLIED.has(kind) || (kind === "expired" && id !== at);
}

interface CreditAct {
  readonly moment: Moment | null;
  readonly endsMs: readonly number[];
}

async function readCredits(of: FamiliesOf): Promise<Map<string, CreditAct[]>> {
  const acts = new Map<string, CreditAct[]>();
  for await (const { id: customer, seq, receivedAtMs: atMs, document } of actsOf(
    of,
    "credit.posted",
  )) {
    const { entries } = JSON.parse(document) as { readonly entries: readonly PostedEntry[] };
    const happened = { is: "posted", customer } as const;
    const moment = entries.some(isApplied) ? { seq, atMs, happened } : null;
    const endsMs = entries.flatMap(({ terms }) => endsIn(terms as GrantTerms | undefined));
    const known = acts.get(customer) ?? [];
    known.push({ moment, endsMs });
    acts.set(customer, known);
  }
  return acts;
}

/** A grant's terms as its entry keeps them. */
export interface GrantTerms {
  readonly priority: number;
  readonly expiresAtMs: number | null;
  readonly finalAtMs: number | null;
  readonly charges: readonly string[] | null;
  readonly rollover: { readonly upTo: string | null; readonly expiresAtMs: number | null } | null;
}

/** When a grant ends for good, and what may roll over from it. */
function endsIn(terms: GrantTerms | undefined): number[] {
  const { finalAtMs = null, expiresAtMs = null, rollover = null } = terms ?? {};
  if (finalAtMs === null || expiresAtMs === null) return [];
  const rolled = rollover?.expiresAtMs ?? null;
  return rolled === null ? [finalAtMs] : [finalAtMs, rolled + finalAtMs - expiresAtMs];
}

type Dated = readonly [atMs: number, happened: Happened];

function endsOf(acts: readonly CreditAct[], nowMs: number): Dated[] {
  const ends = new Set(acts.flatMap(({ endsMs }) => endsMs));
  return [...ends].filter((atMs) => atMs <= nowMs).map((atMs) => [atMs, { is: "ended" }] as const);
}

/** Beginnings of periods since the first one was closed. */
async function beginsOf(
  { store, workspace, tariff, nowMs }: FamiliesOf,
  members: readonly string[],
  closed: readonly Moment[],
): Promise<Dated[]> {
  const begins = new Set<number>();
  const firstMs = Math.min(...closed.map(({ atMs }) => atMs));
  for (const id of closed.length === 0 ? [] : members) {
    const customer = await store.customer(workspace, id);
    if (customer === undefined) continue;
    for (let atMs = firstMs; ; ) {
      const { endMs } = tariff.periodOf(customer, atMs);
      if (endMs > nowMs) break;
      begins.add(endMs);
      atMs = endMs;
    }
  }
  return [...begins].map((atMs) => [atMs, { is: "begun" }] as const);
}

/** What was committed at the very instant comes behind it. */
async function momentAt(
  { store, workspace }: FamiliesOf,
  atMs: number,
  happened: Happened,
): Promise<Moment> {
  const seq = await seqAt(store, workspace, atMs - 1);
  // Of links that are older than commit times are, nobody knows the time: nothing was known then.
  return { seq: typeof seq === "number" ? seq : 0, atMs, happened };
}

async function readClosings(
  of: FamiliesOf,
  members: ReadonlySet<string>,
): Promise<Map<string, Moment[]>> {
  const closings = new Map<string, Moment[]>();
  for (const kind of ["period.closed", "statement.reissued"] as const) {
    for await (const { seq, receivedAtMs: atMs, document } of actsOf(of, kind)) {
      const { customer, period } = JSON.parse(document) as { customer: string; period: string };
      if (!members.has(customer)) continue;
      const moment: Moment = { seq, atMs, happened: { is: "closed", customer, period } };
      closings.set(customer, [...(closings.get(customer) ?? []), moment]);
    }
  }
  return closings;
}

/** Acts of a kind, oldest first, page by page. */
export async function* actsOf(
  { store, workspace }: Pick<FamiliesOf, "store" | "workspace">,
  kind: ActFilter["kind"],
  subject?: string,
): AsyncGenerator<JournalEntry> {
  const of = { kind, limit: PAGE_MAX_ROWS, ...(subject === undefined ? {} : { subject }) };
  for (let afterSeq: number | undefined = 0; afterSeq !== undefined; ) {
    const page: JournalEntry[] = await store.acts(workspace, { ...of, afterSeq });
    yield* page;
    afterSeq = page.length < PAGE_MAX_ROWS ? undefined : page.at(-1)?.seq;
  }
}

/** Customers that ever stood right above or below one another, joined. */
class Related {
  readonly #above = new Map<string, string>();

  #top(id: string): string {
    let top = id;
    for (let next = this.#above.get(top); next !== undefined; next = this.#above.get(top)) {
      top = next;
    }
    return top;
  }

  join({ id, parent }: Pick<Customer, "id" | "parent">): void {
    if (parent === null) return;
    const [own, theirs] = [this.#top(id), this.#top(parent.id)];
    this.#members.add(id).add(parent.id);
    if (own !== theirs) this.#above.set(own, theirs);
  }
  readonly #members = new Set<string>();

  /** Every group, and those that stand alone of some customers more. */
  with(others: readonly string[]): string[][] {
    const all = [...new Set([...this.#members, ...others])].sort((a, b) => (a < b ? -1 : 1));
    return [...Map.groupBy(all, (id) => this.#top(id)).values()];
  }
}

async function relatedGroups(of: FamiliesOf): Promise<Related> {
  const related = new Related();
  for await (const { document } of actsOf(of, "customer.saved")) {
    related.join(statedCustomer(document));
  }
  return related;
}

/** What credit pays of each period of a customer. */
export type PaidByPeriod = ReadonlyMap<string, Amount>;
