/** Balances of budgets, holds and stops that one unit of work reads, and what it changes of them. */
import { present } from "../domain/assert.ts";
import {
  type Balance,
  type BalanceKey,
  type BudgetRecord,
  balanceText,
  type Overrun,
  type OwnLimit,
  scopeText,
} from "../domain/budget/budget.ts";
import { type Hold, isCounting } from "../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../domain/budget/stop.ts";
import type { StepKey } from "./ports.ts";
import type { KeptBalance, LimitKey, SpendingWrites } from "./spending-ports.ts";

interface Slot {
  balance: Balance;
  held: bigint;
  readonly isKept: boolean;
  isMoved: boolean;
}

/** What one unit of work knows and changes of budgets. */
export class SpendingState {
  readonly #balances = new Map<string, Slot>();
  /** Null: the scope has the budget's limit. */
  readonly #limits = new Map<string, bigint | null>();
  readonly #holds = new Map<string, Hold>();
  readonly #stops = new Map<string, Stop | null>();
  readonly #changedHolds = new Map<string, Hold>();
  readonly #changedStops = new Map<string, Stop>();
  readonly #lifted = new Map<string, StopKey>();
  readonly #overruns: Overrun[] = [];
  readonly limits: OwnLimit[] = [];
  readonly freedLimits: LimitKey[] = [];
  readonly budgets: BudgetRecord[] = [];

  /** Whether a balance, hold, stop, limit or budget will be written. */
  get isChanged(): boolean {
    const { balances, ...rest } = this.toWrites();
    return balances.length > 0 || Object.values(rest).some((rows) => rows.length > 0);
  }

  knowsBalance(key: BalanceKey): boolean {
    return this.#balances.has(balanceText(key));
  }

  /** Puts a balance as it is stored. */
  loadBalance({ held, isKept, ...balance }: KeptBalance): void {
    const text = balanceText(balance);
    if (this.#balances.has(text)) return;
    this.#balances.set(text, { balance, held, isKept, isMoved: false });
  }

  /** Balances are loaded before they move: an unloaded one would start from nothing. */
  #slot(key: BalanceKey): Slot {
    return present(this.#balances.get(balanceText(key)), `balance of "${key.scope}"`);
  }

  balance(key: BalanceKey): KeptBalance {
    const { balance, held, isKept } = this.#slot(key);
    return { ...balance, held, isKept };
  }

  /** Gives a balance new values, which will be written. */
  moveBalance(key: BalanceKey, change: Partial<Omit<Balance, keyof BalanceKey>>): void {
    const slot = this.#slot(key);
    slot.balance = { ...slot.balance, ...change };
    slot.isMoved = true;
  }

  loadLimit(key: LimitKey, limit: bigint | null): void {
    this.#limits.set(scopeText(key), limit);
  }

  knowsLimit(key: LimitKey): boolean {
    return this.#limits.has(scopeText(key));
  }

  ownLimit(key: LimitKey): bigint | null {
    return this.#limits.get(scopeText(key)) ?? null;
  }

  /** Gives a scope a limit of its own; null: the budget's again. */
  setLimit({ budgetId, scope }: LimitKey, limit: bigint | null): void {
    this.loadLimit({ budgetId, scope }, limit);
    if (limit === null) this.freedLimits.push({ budgetId, scope });
    else this.limits.push({ budgetId, scope, limit });
  }

  loadHold(hold: Hold): void {
    const text = holdText(hold);
    if (!this.#holds.has(text)) this.#holds.set(text, hold);
  }

  hold(key: StepKey): Hold | undefined {
    return this.#holds.get(holdText(key));
  }

  holds(): IterableIterator<Hold> {
    return this.#holds.values();
  }

  /** Puts a hold that will be written; what it sets aside changes with it. */
  putHold(hold: Hold): void {
    const text = holdText(hold);
    const former = this.#holds.get(text);
    if (former !== undefined && isCounting(former)) this.#setAside(former, -1n);
    if (isCounting(hold)) this.#setAside(hold, 1n);
    this.#holds.set(text, hold);
    this.#changedHolds.set(text, hold);
  }

  #setAside({ reserves }: Hold, sign: bigint): void {
    for (const reserve of reserves) this.#slot(reserve).held += sign * reserve.amount;
  }

  loadStop(key: StopKey, stop: Stop | null): void {
    const text = stopText(key);
    if (!this.#stops.has(text)) this.#stops.set(text, stop);
  }

  stop(key: StopKey): Stop | null {
    return this.#stops.get(stopText(key)) ?? null;
  }

  putStop(stop: Stop): void {
    const text = stopText(stop);
    this.#stops.set(text, stop);
    this.#changedStops.set(text, stop);
    this.#lifted.delete(text);
  }

  lift({ of, id }: StopKey): void {
    const text = stopText({ of, id });
    this.#stops.set(text, null);
    this.#changedStops.delete(text);
    this.#lifted.set(text, { of, id });
  }

  recordOverrun(overrun: Overrun): void {
    this.#overruns.push(overrun);
  }

  toWrites(): SpendingWrites {
    const moved = [...this.#balances.values()].filter(({ isMoved }) => isMoved);
    return {
      balances: moved.map(({ balance }) => balance),
      holds: [...this.#changedHolds.values()],
      overruns: this.#overruns,
      limits: this.limits,
      freedLimits: this.freedLimits,
      stops: [...this.#changedStops.values()],
      lifted: [...this.#lifted.values()],
      budgets: this.budgets,
    };
  }
}

/** A hold's step as one text; ids hold no control character. */
function holdText({ run, source, id }: StepKey): string {
  return `${run}\u0000${source}\u0000${id}`;
}
