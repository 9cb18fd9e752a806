/** Reads of budgets, holds and stops outside a unit of work. */
import {
  type BalanceKey,
  type BudgetRecord,
  balanceText,
  type Overrun,
  type OwnLimit,
  scopeText,
} from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import type {
  BalanceFilter,
  HoldPage,
  HoldPlace,
  KeptBalance,
  LimitKey,
  SpendingReads,
  StopPage,
} from "../../engine/spending-ports.ts";
import { balancePage } from "../balance-page.ts";
import { keptBalances } from "./memory-spending.ts";
import { byBytes, pick, type Tables } from "./tables.ts";

/** Reads tables of any workspace. */
export class MemorySpendingReads implements SpendingReads {
  readonly #tablesOf: (workspace: string) => Tables;

  constructor(tablesOf: (workspace: string) => Tables) {
    this.#tablesOf = tablesOf;
  }

  budgets(workspace: string): BudgetRecord[] {
    return [...this.#tablesOf(workspace).budgets.values()].sort((a, b) => a.id - b.id);
  }

  balancesOf(workspace: string, filter: BalanceFilter): KeptBalance[] {
    const tables = this.#tablesOf(workspace);
    const holds = [...tables.holds.values()].filter(isCounting);
    const held = holds.flatMap(({ reserves }) => reserves);
    return keptBalances(tables, balancePage([...tables.balances.values(), ...held], filter));
  }

  ownLimitsOf(workspace: string, budgetId: number, limit: number): OwnLimit[] {
    return [...this.#tablesOf(workspace).limits.values()]
      .filter((row) => row.budgetId === budgetId)
      .sort((a, b) => byBytes(a.scope, b.scope))
      .slice(0, limit);
  }

  holdsOfRun(workspace: string, run: string, { limit, after }: HoldPage): Hold[] {
    const byPlace = (a: HoldPlace, b: HoldPlace) =>
      b.grantedAtMs - a.grantedAtMs || byBytes(a.source, b.source) || byBytes(a.id, b.id);
    return [...this.#tablesOf(workspace).holds.values()]
      .filter((hold) => hold.run === run)
      .filter((hold) => after === undefined || byPlace(hold, after) > 0)
      .sort(byPlace)
      .slice(0, limit);
  }

  listStops(workspace: string, { limit, after }: StopPage): Stop[] {
    const inOrder = (a: StopKey, b: StopKey) => byBytes(a.of, b.of) || byBytes(a.id, b.id);
    return [...this.#tablesOf(workspace).stops.values()]
      .filter((stop) => after === undefined || inOrder(stop, after) > 0)
      .sort(inOrder)
      .slice(0, limit);
  }

  overrunsOf(workspace: string, key: BalanceKey, limit: number): Overrun[] {
    return this.#tablesOf(workspace)
      .overruns.filter((row) => balanceText(row) === balanceText(key))
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  balances(workspace: string, keys: readonly BalanceKey[]): KeptBalance[] {
    return keptBalances(this.#tablesOf(workspace), keys);
  }

  ownLimits(workspace: string, keys: readonly LimitKey[]): OwnLimit[] {
    return pick(this.#tablesOf(workspace).limits, keys.map(scopeText));
  }

  stops(workspace: string, keys: readonly StopKey[]): Stop[] {
    return pick(this.#tablesOf(workspace).stops, keys.map(stopText));
  }
}
