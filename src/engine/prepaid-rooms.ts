/** Prepaid credit among the balances that a hold is decided against. */
import { type BalanceKey, isPrepaid } from "../domain/budget/budget.ts";
import { type Decision, endAction, type Room } from "../domain/budget/decide.ts";
import { type Spender, scopesOf } from "../domain/budget/spend.ts";
import type { BudgetBook } from "./budget-books.ts";
import type { EngineContext } from "./context.ts";
import { readsInUnit, readsOfStore } from "./credit-charged.ts";
import { loadBalances, type Spending } from "./load-spending.ts";
import type { Customer } from "./ports.ts";
import { hasPrepaid, PrepaidCredit } from "./prepaid-credit.ts";

/** What rooms of credit are found with. */
interface Prepaid {
  readonly book: BudgetBook;
  readonly prepaid: PrepaidCredit | null;
}

/** Credit as a unit of work sees it after its events; null: no budget is of credit. */
export function prepaidInUnit(
  spending: Spending,
  below: (id: string) => Promise<readonly Customer[]>,
): PrepaidCredit | null {
  const { unit, state, tariff, book } = spending;
  if (!hasPrepaid(book.records)) return null;
  return new PrepaidCredit({
    tariff,
    nowMs: state.receivedAtMs,
    reads: readsInUnit({ unit, state }),
    customer: async (id) => state.customers.get(id) ?? (await unit.customers([id]))[0],
    below,
    bookRow: async (id) => (await unit.creditBooks([id]))[0],
    held: async (keys) => {
      await loadBalances(spending, keys);
      return keys.map((key) => state.spending.balance(key).held);
    },
  });
}

/** Credit as of the last commit; null: no budget is of credit. */
export async function prepaidInStore(
  { store, tariffs }: Pick<EngineContext, "store" | "tariffs">,
  workspace: string,
  { book, nowMs }: { readonly book: BudgetBook; readonly nowMs: number },
): Promise<PrepaidCredit | null> {
  if (!hasPrepaid(book.records)) return null;
  return new PrepaidCredit({
    tariff: await tariffs.of(workspace),
    nowMs,
    reads: readsOfStore(store, workspace),
    customer: async (id) => store.customer(workspace, id),
    below: async (id) => store.credit.customersBelow(workspace, id),
    bookRow: async (id) => store.credit.book(workspace, id),
    held: async (keys) => {
      const kept = await store.spending.balances(workspace, keys);
      return keys.map((key) => kept.find((one) => isSame(one, key))?.held ?? 0n);
    },
  });
}

function isSame(a: BalanceKey, b: BalanceKey): boolean {
  return a.budgetId === b.budgetId && a.scope === b.scope && a.window === b.window;
}

/** The balances of prepaid credit that a spender's work counts in, for work on these charges. */
export async function prepaidRoomsOf(
  { book, prepaid }: Prepaid,
  {
    spender,
    customer,
    charges,
  }: {
    readonly spender: Spender;
    readonly customer: Customer;
    readonly charges: readonly string[];
  },
): Promise<Room[]> {
  if (prepaid === null) return [];
  const rooms: Room[] = [];
  for (const record of book.records) {
    if (!isPrepaid(record.budget.measure)) continue;
    const window = book.windowOf(record.budget, 0, customer);
    for (const scope of scopesOf(record.budget, spender)) {
      rooms.push(await prepaid.room({ record, scope, window }, customer, charges));
    }
  }
  return rooms;
}

/**
 * A decision after credit was asked about all charges of the step together: what is left for each
 * alone may be the same grant's.
 */
export async function withCredit(
  { prepaid }: Prepaid,
  decided: Decision,
  { rooms, customer }: { readonly rooms: readonly Room[]; readonly customer: Customer },
): Promise<Decision> {
  if (prepaid === null || decided.decision !== "allow") return decided;
  const parts = decided.worstCase.parts.filter(({ amount }) => amount > 0n);
  if (parts.length < 2) return decided;
  for (const room of rooms) {
    if (!isPrepaid(room.record.budget.measure)) continue;
    if (await prepaid.covers(room.record, customer, parts)) continue;
    return { decision: endAction(room), reason: "budget", by: room, retryAfterMs: null };
  }
  return decided;
}
