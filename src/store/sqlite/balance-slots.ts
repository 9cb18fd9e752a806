/**
 * Balances in memory, found by their scope: a text that is at hand, and then by the few budgets and
 * windows that it is one of. Every step moves one or two of them, and a map of tens of thousands of
 * texts costs more than all that is done with what it finds; so whatever is known of a balance
 * stands in one place, and who has the place looks for nothing again.
 */
import type { Balance, BalanceKey } from "../../domain/budget/budget.ts";
import type { LimitKey } from "../../engine/spending-ports.ts";

/** Places and scopes together, before those that nothing happens to are forgotten. */
const PLACES_MAX_COUNT = 80_000;
/** The windows of a scope go by; the newest few are asked for. */
const IDLE_OF_SCOPE_MAX_COUNT = 8;

/** What is known of one balance. */
export interface BalanceSlot {
  readonly budgetId: number;
  readonly scope: string;
  readonly window: string;
  /** As of the last commit; null: there is none, undefined: the file was not asked yet. */
  balance: Balance | null | undefined;
  /** The file does not have it yet. */
  isPending: boolean;
  /** What the unit on its way to the disk makes of it; null: nothing. */
  sent: Balance | null;
  /** What holds on disk set aside of it. */
  held: bigint;
  /** What the unit on its way sets aside beyond that. */
  heldMore: bigint;
}

interface ScopeRow {
  /** Newest first. */
  slots: BalanceSlot[];
  /** Limits of its own, by budget; null: the budget's. */
  limits: { readonly budgetId: number; limit: bigint | null }[];
}

/** The balances of one workspace, and limits that scopes have of their own. */
export class BalanceSlots {
  readonly #scopes = new Map<string, ScopeRow>();
  readonly #mostCount: number;
  #count = 0;
  #forgetAt: number;

  /** (Default: PLACES_MAX_COUNT.) */
  constructor(mostCount = PLACES_MAX_COUNT) {
    this.#mostCount = mostCount;
    this.#forgetAt = mostCount;
  }

  /** Places and scopes that are remembered. */
  get count(): number {
    return this.#count;
  }

  /** The place of a balance, made where there is none. It stays one while anything is in it. */
  of({ budgetId, scope, window }: BalanceKey): BalanceSlot {
    const row = this.#row(scope);
    for (const slot of row.slots) {
      if (slot.budgetId === budgetId && slot.window === window) return slot;
    }
    const fresh = { budgetId, scope, window, balance: undefined, isPending: false, sent: null };
    const slot: BalanceSlot = { ...fresh, held: 0n, heldMore: 0n };
    const before = row.slots.length;
    row.slots = [slot, ...withoutIdle(row.slots)];
    this.#count += row.slots.length - before;
    return slot;
  }

  /** Undefined: the file was not asked yet. */
  limitOf({ budgetId, scope }: LimitKey): bigint | null | undefined {
    for (const own of this.#row(scope).limits) if (own.budgetId === budgetId) return own.limit;
    return undefined;
  }

  setLimit({ budgetId, scope }: LimitKey, limit: bigint | null): void {
    const { limits } = this.#row(scope);
    const known = limits.find((own) => own.budgetId === budgetId);
    if (known === undefined) limits.push({ budgetId, limit });
    else known.limit = limit;
  }

  /** A unit failed: what is known beside that which holds on disk set aside is asked for again. */
  doubt(): void {
    for (const row of this.#scopes.values()) {
      row.limits = [];
      for (const slot of row.slots) {
        slot.balance = undefined;
        slot.isPending = false;
        slot.sent = null;
        slot.heldMore = 0n;
      }
    }
  }

  /** Every balance of which holds on disk set something aside. */
  *held(): Generator<BalanceKey> {
    for (const { slots } of this.#scopes.values()) {
      for (const slot of slots) if (slot.held !== 0n) yield slot;
    }
  }

  #row(scope: string): ScopeRow {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    if (this.#count >= this.#forgetAt) this.#forget();
    const row = { slots: [], limits: [] };
    this.#scopes.set(scope, row);
    this.#count += 1;
    return row;
  }

  /** An eighth at once, oldest first, of what the file can tell again. */
  #forget(): void {
    const eighth = Math.ceil(this.#mostCount / 8);
    const most = this.#count - eighth;
    for (const [scope, { slots }] of this.#scopes) {
      if (this.#count <= most) break;
      if (slots.some(isInUse)) continue;
      this.#scopes.delete(scope);
      this.#count -= 1 + slots.length;
    }
    // Where all are in use, they are not looked through again for each new one.
    this.#forgetAt = Math.max(this.#mostCount, this.#count + eighth);
  }
}

function isInUse({ isPending, sent, held, heldMore }: BalanceSlot): boolean {
  return isPending || sent !== null || held !== 0n || heldMore !== 0n;
}

function withoutIdle(slots: readonly BalanceSlot[]): readonly BalanceSlot[] {
  if (slots.length < IDLE_OF_SCOPE_MAX_COUNT) return slots;
  return slots.filter((slot, at) => at < IDLE_OF_SCOPE_MAX_COUNT - 1 || isInUse(slot));
}
