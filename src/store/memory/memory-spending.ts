/** Budgets, holds and stops over the tables of a workspace. */
import {
  type BalanceKey,
  balanceText,
  emptyBalance,
  type OwnLimit,
  scopeText,
} from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import type { StepKey } from "../../engine/ports.ts";
import type {
  KeptBalance,
  LimitKey,
  RecordKey,
  Since,
  SpendingUnit,
} from "../../engine/spending-ports.ts";
import { byBytes, pick, stepKey, type Tables } from "./tables.ts";

/** Reads tables as they were when the unit began. */
export class MemorySpending implements SpendingUnit {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  balances(keys: readonly BalanceKey[]): KeptBalance[] {
    return keptBalances(this.#tables, keys);
  }

  ownLimits(keys: readonly LimitKey[]): OwnLimit[] {
    return pick(this.#tables.limits, keys.map(scopeText));
  }

  holds(keys: readonly StepKey[]): Hold[] {
    return pick(this.#tables.holds, keys.map(stepKey));
  }

  countingHolds(keys: readonly StepKey[]): Hold[] {
    return this.holds(keys).filter(isCounting);
  }

  countingHoldsOfCalls(callIds: readonly string[]): Hold[] {
    const wanted = new Set<string | null>(callIds);
    return this.#counting().filter(({ callId }) => wanted.has(callId));
  }

  countingHoldsOfRuns(runs: readonly string[]): Hold[] {
    const wanted = new Set(runs);
    return this.#counting().filter(({ run }) => wanted.has(run));
  }

  holdsSettledBy(keys: readonly StepKey[]): Hold[] {
    const wanted = new Set(keys.map(stepKey));
    return [...this.#tables.holds.values()].filter(
      ({ settledBy }) => settledBy !== null && wanted.has(stepKey(settledBy)),
    );
  }

  expiredHolds(beforeMs: number, limit: number): Hold[] {
    return this.#counting()
      .filter(({ expiresAtMs }) => expiresAtMs < beforeMs)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs || byBytes(stepKey(a), stepKey(b)))
      .slice(0, limit);
  }

  countingHoldCount(): number {
    return this.#counting().length;
  }

  #counting(): Hold[] {
    return [...this.#tables.holds.values()].filter(isCounting);
  }

  stops(keys: readonly StopKey[]): Stop[] {
    return pick(this.#tables.stops, keys.map(stopText));
  }

  formerStepSeqs(keys: readonly StepKey[]): Since<StepKey>[] {
    const wanted = new Set(keys.map(stepKey));
    const former = this.#tables.formerSteps.filter((step) => wanted.has(stepKey(step)));
    return former.map(({ run, source, id, seq }) => ({ run, source, id, seq }));
  }

  formerSeqs(keys: readonly RecordKey[]): Since<RecordKey>[] {
    const { formerRuns, formerOutcomes } = this.#tables;
    return keys.flatMap(({ run, key }) => {
      const facts = formerRuns.map(({ facts: one }) => ({ ...one, run: one.id, key: null }));
      const all = key === null ? facts : formerOutcomes.map(({ outcome }) => outcome);
      const own = all.filter((one) => one.run === run && one.key === key);
      return own.map(({ sinceSeq: seq }) => ({ run, key, seq }));
    });
  }
}

/** Balances of these keys that are kept or held of. */
export function keptBalances(tables: Tables, keys: readonly BalanceKey[]): KeptBalance[] {
  const held = new Map<string, bigint>();
  for (const hold of tables.holds.values()) {
    if (!isCounting(hold)) continue;
    for (const reserve of hold.reserves) {
      const text = balanceText(reserve);
      held.set(text, (held.get(text) ?? 0n) + reserve.amount);
    }
  }
  return keys.flatMap((key) => {
    const balance = tables.balances.get(balanceText(key));
    const amount = held.get(balanceText(key));
    if (balance === undefined && amount === undefined) return [];
    const kept = balance ?? emptyBalance(key);
    return [{ ...kept, held: amount ?? 0n, isKept: balance !== undefined }];
  });
}
