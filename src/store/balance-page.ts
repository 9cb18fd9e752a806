/** A page of a listing of balances: those that are kept, and those of which something is held. */
import { type BalanceKey, balanceText } from "../domain/budget/budget.ts";
import type { BalanceFilter } from "../engine/spending-ports.ts";

/** The page of these keys, in the order of databases; one that comes twice is there once. */
export function balancePage(keys: Iterable<BalanceKey>, filter: BalanceFilter): BalanceKey[] {
  const { budgetId, scope, window, after, limit } = filter;
  const wanted = new Map<string, BalanceKey>();
  for (const key of keys) {
    if (budgetId !== undefined && key.budgetId !== budgetId) continue;
    if (scope !== undefined && key.scope !== scope) continue;
    if (window !== undefined && key.window !== window) continue;
    if (after !== undefined && byBalance(key, after) <= 0) continue;
    const own = { budgetId: key.budgetId, scope: key.scope, window: key.window };
    wanted.set(balanceText(key), own);
  }
  return [...wanted.values()].sort(byBalance).slice(0, limit);
}

function byBalance(a: BalanceKey, b: BalanceKey): number {
  return a.budgetId - b.budgetId || byBytes(a.scope, b.scope) || byBytes(a.window, b.window);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
