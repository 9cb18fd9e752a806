/**
 * Statements of children that a parent is billed for. A parent's statement carries what is due by
 * those in force, less what its statements before carried of them: so one that is issued again, or
 * closed late, is billed once.
 */
import { present } from "../../domain/assert.ts";
import type { CarriedStatement } from "../../domain/credit/statement-credit.ts";
import { type Amount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { Customer, Store } from "../ports.ts";

interface Carrying {
  readonly customer: Customer;
  readonly statement: Pick<Statement, "currency" | "period">;
  readonly replaces: StatementRecord | null;
}

/** What the parent's statement document says, as far as it matters here. */
interface Told {
  readonly billedTo?: string;
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
  const children = await store.credit.customersBelow(workspace, customer.id);
  if (children.length === 0) return [];
  const carried = await carriedBefore(store, workspace, { customer, replaces });
  const found: CarriedStatement[] = [];
  for (const child of children) {
    for (const record of await statementsInForce(store, workspace, child.id)) {
      const told = JSON.parse(record.document) as Told;
      if (told.billedTo !== customer.id || record.currency !== statement.currency) continue;
      const due = amountIn(told.amountDue ?? record.total);
      const before = carried.get(JSON.stringify([child.id, record.period])) ?? ZERO_AMOUNT;
      if (due === before) continue;
      const { id, period, total } = record;
      const key = { customer: child.id, period, statement: id };
      found.push({ ...key, total: amountIn(total), due, carriedBefore: before });
    }
  }
  return found;
}

async function carriedBefore(
  store: Store,
  workspace: string,
  { customer, replaces }: Pick<Carrying, "customer" | "replaces">,
): Promise<Map<string, Amount>> {
  const carried = new Map<string, Amount>();
  for (const record of await statementsInForce(store, workspace, customer.id)) {
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
