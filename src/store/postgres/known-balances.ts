/**
 * Balances of budgets that a node remembers, with what is held of them, and limits that scopes have
 * of their own. They stand by scope, since other nodes tell of which scopes they moved any.
 */
import {
  type Balance,
  type BalanceKey,
  emptyBalance,
  type OwnLimit,
} from "../../domain/budget/budget.ts";
import type { Reserve } from "../../domain/budget/hold.ts";
import { KNOWN_COUNTERS_MAX_COUNT, KNOWN_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import type { KeptBalance, LimitKey } from "../../engine/spending-ports.ts";
import { Recent } from "../recent.ts";

/** What is known of one scope; null: there is none. */
interface KnownScope {
  /** By budget and window. */
  readonly balances: Map<string, KeptBalance | null>;
  /** By budget. */
  readonly limits: Map<number, OwnLimit | null>;
}

const windowText = ({ budgetId, window }: BalanceKey): string => `${budgetId}\u0000${window}`;
const sizeOf = ({ balances, limits }: KnownScope): number => balances.size + limits.size;

/** Those of one workspace. */
export class KnownBalances {
  readonly #scopes = new Recent<string, KnownScope>(KNOWN_ROWS_MAX_COUNT, (gone) => {
    this.#count -= sizeOf(gone);
  });
  #count = 0;

  /** Balances and limits of all scopes, those too of which is known that there are none. */
  get count(): number {
    return this.#count;
  }

  /** Null: nothing was settled, and nothing is held. Undefined: it is not known. */
  balance(key: BalanceKey): KeptBalance | null | undefined {
    return this.#scopes.get(key.scope)?.balances.get(windowText(key));
  }

  /** Null: it has the budget's. Undefined: it is not known. */
  limit({ budgetId, scope }: LimitKey): OwnLimit | null | undefined {
    return this.#scopes.get(scope)?.limits.get(budgetId);
  }

  learnBalance(key: BalanceKey, balance: KeptBalance | null): void {
    this.#change(key.scope, ({ balances }) => balances.set(windowText(key), balance));
  }

  learnLimit({ budgetId, scope }: LimitKey, limit: OwnLimit | null): void {
    this.#change(scope, ({ limits }) => limits.set(budgetId, limit));
  }

  /** A balance as it was written. What is held of one that is not known is not known either. */
  settle(balance: Balance): void {
    const known = this.balance(balance);
    if (known === undefined) return;
    this.learnBalance(balance, { ...balance, held: known?.held ?? 0n, isKept: true });
  }

  /** So much more is held of a balance than before. */
  hold({ amount, ...key }: Reserve): void {
    const known = this.balance(key);
    if (known === undefined) return;
    const { held, isKept, ...balance } = known ?? { ...emptyBalance(key), held: 0n, isKept: false };
    const isThere = isKept || held + amount !== 0n;
    this.learnBalance(key, isThere ? { ...balance, held: held + amount, isKept } : null);
  }

  forget(scope: string): void {
    const known = this.#scopes.get(scope);
    if (known === undefined) return;
    this.#count -= sizeOf(known);
    this.#scopes.delete(scope);
  }

  clear(): void {
    this.#scopes.clear();
    this.#count = 0;
  }

  #change(scope: string, change: (known: KnownScope) => unknown): void {
    // A scope with a window for each hour grows for as long as nobody else moves it.
    if (this.#count >= KNOWN_COUNTERS_MAX_COUNT) this.clear();
    let known = this.#scopes.get(scope);
    if (known === undefined) {
      known = { balances: new Map(), limits: new Map() };
      this.#scopes.set(scope, known);
    }
    const before = sizeOf(known);
    change(known);
    this.#count += sizeOf(known) - before;
  }
}
