/**
 * Statements of children that a parent is billed for. A parent's statement carries what is due by
 * those in force after credit notes, less what its statements before carried of them: so one that
 * is issued again, closed late or credited is billed once. A child that has left since is looked
 * at as well: what was billed to the parent stays so, and what is issued again to somebody else is
 * given back.
 */
import { present } from "../../domain/assert.ts";
import { type CarriedStatement, givenToParent } from "../../domain/credit/statement-credit.ts";
import { type Amount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Customer, Store } from "../ports.ts";
import type { CreditNote, ParentCredited } from "./correction-records.ts";
import { readCreditNotes } from "./credited.ts";

interface Carrying {
  readonly customer: Customer;
  readonly statement: Pick<Statement, "currency" | "period">;
  readonly replaces: StatementRecord | null;
}

/** What a statement's document says, as far as it matters here. */
interface Told {
  readonly total: string;
  readonly billedTo?: string;
  readonly paidByCredit?: string;
  readonly paidByParentsCredit?: string;
  readonly amountDue?: string;
  readonly children?: readonly {
    readonly customer: string;
    readonly period: string;
    readonly due: string;
    readonly carriedBefore: string;
  }[];
}

/** Children's statements in force that are not yet carried, or not as they are now. */
export async function carriedStatements(
  store: Store,
  workspace: string,
  { customer, statement, replaces }: Carrying,
): Promise<CarriedStatement[]> {
  const all = await uncarried(store, workspace, { customer: customer.id, replaces });
  return all.flatMap(({ currency, ...one }) => (currency === statement.currency ? [one] : []));
}

/** The same in any currency. */
export async function uncarried(
  store: Store,
  workspace: string,
  { customer, replaces }: { readonly customer: string; readonly replaces: StatementRecord | null },
): Promise<(CarriedStatement & { readonly currency: string })[]> {
  const children = await belowAtSomeTime(store, workspace, customer);
  if (children.length === 0) return [];
  const carried = await carriedBefore(store, workspace, { customer, replaces });
  const ofNotes = { kind: "parent.credited", subject: customer } as const;
  const told = await recordedActs<ParentCredited>(store, workspace, ofNotes);
  const credited = new Set(told.map(({ statement }) => statement));
  const found: (CarriedStatement & { readonly currency: string })[] = [];
  for (const child of children) {
    for (const record of await statementsInForce(store, workspace, child)) {
      const { id, period, total, currency } = record;
      const told = JSON.parse(record.document) as Told;
      const isOurs = told.billedTo === customer;
      const notes = credited.has(id) ? await readCreditNotes(store, workspace, id) : [];
      const given = isOurs ? givenBackTo(told, notes) : ZERO_AMOUNT;
      const due = isOurs ? ((amountIn(told.amountDue ?? total) - given) as Amount) : ZERO_AMOUNT;
      const before = carried.get(JSON.stringify([child, period])) ?? ZERO_AMOUNT;
      if (due === before) continue;
      const key = { customer: child, period, statement: id, currency };
      found.push({ ...key, total: amountIn(total), due, credited: given, carriedBefore: before });
    }
  }
  return found;
}

/** What notes on a statement give back to the parent that was billed for it. */
export function givenBackTo(
  { total, paidByCredit = "0", paidByParentsCredit = "0" }: Omit<Told, "children">,
  notes: readonly CreditNote[],
): Amount {
  const carried = notes.filter(({ billedTo }) => billedTo !== undefined);
  const credited = carried.reduce((sum, note) => sum + amountIn(note.total), 0n) as Amount;
  const [paid, paidByParent] = [amountIn(paidByCredit), amountIn(paidByParentsCredit)];
  return givenToParent({ total: amountIn(total), paid, paidByParent }, credited);
}

/** Customers right below one now, or when they had statements. */
async function belowAtSomeTime(store: Store, workspace: string, parent: string): Promise<string[]> {
  const below = await store.credit.customersBelow(workspace, parent);
  const of = { kind: "parent.left", subject: parent } as const;
  const left = await recordedActs<{ readonly customer: string }>(store, workspace, of);
  return [...new Set([...below.map(({ id }) => id), ...left.map((one) => one.customer)])].sort();
}

async function carriedBefore(
  store: Store,
  workspace: string,
  { customer, replaces }: { readonly customer: string; readonly replaces: StatementRecord | null },
): Promise<Map<string, Amount>> {
  const carried = new Map<string, Amount>();
  for (const record of await statementsInForce(store, workspace, customer)) {
    if (record.id === replaces?.id) continue;
    for (const one of (JSON.parse(record.document) as Told).children ?? []) {
      const key = JSON.stringify([one.customer, one.period]);
      const more = amountIn(one.due) - amountIn(one.carriedBefore);
      carried.set(key, ((carried.get(key) ?? 0n) + more) as Amount);
    }
  }
  return carried;
}

async function statementsInForce(
  store: Store,
  workspace: string,
  customer: string,
): Promise<StatementRecord[]> {
  const periods = await store.periodsOf(workspace, customer);
  const inForce = new Set(periods.map(({ statementId }) => statementId));
  const all = await store.listStatements(workspace, customer);
  return all.filter(({ id }) => inForce.has(id)).toSorted((a, b) => (a.period < b.period ? -1 : 1));
}

function amountIn(text: string): Amount {
  return present(parseAmount(text), "an amount of a statement");
}
