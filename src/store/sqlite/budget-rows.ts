/**
 * Balances, holds, limits and stops of one workspace, as of the last commit. One process writes the
 * file, so memory is never stale: every hold that counts is here, and what they set aside is kept
 * as a sum for each balance. What a unit changes is staged, and taken over once it is committed.
 */
import {
  type Balance,
  type BalanceKey,
  balanceText,
  emptyBalance,
  type OwnLimit,
} from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import { ByIdentity } from "../../engine/by-identity.ts";
import type { StepKey } from "../../engine/ports.ts";
import type { KeptBalance, LimitKey, SpendingWrites } from "../../engine/spending-ports.ts";
import { balanceKeyOf } from "../balance-page.ts";
import { Recent } from "../recent.ts";
import { decodeBalance, decodeHold, decodeLimit, decodeStop } from "../stored-budgets.ts";
import { HeldIdentities } from "./held-identities.ts";
import type { Statements } from "./statements.ts";

const BALANCES_MAX_ROWS = 40_000;
const LIMITS_MAX_ROWS = 40_000;
/** Texts of balances that are remembered of one scope. */
const TEXTS_OF_SCOPE_MAX_COUNT = 8;

const COUNTING = `SELECT * FROM holds INDEXED BY holds_counting WHERE ws = ? AND state = 'open'`;
const BALANCE = `SELECT * FROM budget_balances
  WHERE ws = ? AND budget_id = ? AND scope = ? AND window_key = ?`;
const LIMIT = "SELECT * FROM budget_limits WHERE ws = ? AND budget_id = ? AND scope = ?";

/** What the unit on its way to the disk makes of balances and holds: only the next unit sees it. */
interface OnTheWay {
  readonly balances: ReadonlyMap<string, Balance>;
  /** In their new state, those that ended among them. */
  readonly holds: ByIdentity<Hold>;
  /** Those of calls that count. */
  readonly ofCalls: ReadonlyMap<string, readonly Hold[]>;
  /** What is set aside of balances beyond what holds on disk set aside. */
  readonly held: ReadonlyMap<string, bigint>;
  /** How many more holds count. */
  readonly countingMore: number;
}

const NOTHING: OnTheWay = {
  balances: new Map(),
  holds: new ByIdentity(),
  ofCalls: new Map(),
  held: new Map(),
  countingMore: 0,
};

/** The rows of one workspace. */
export class BudgetRows {
  readonly #statements: Statements;
  readonly #ws: number;
  /** Null: there is no such row. */
  readonly #balances = new Recent<string, Balance | null>(BALANCES_MAX_ROWS);
  readonly #limits = new OwnLimits();
  #holds: CountingHolds | null = null;
  /** Identities of all holds, those that ended among them. */
  readonly held: HeldIdentities;
  #stops: Map<string, Stop> | null = null;
  /** Balances that the file does not have yet. */
  readonly pending = new Map<string, Balance>();
  #staged: SpendingWrites | null = null;
  #onTheWay = NOTHING;
  readonly #texts = new BalanceTexts();

  constructor(statements: Statements, ws: number) {
    this.#statements = statements;
    this.#ws = ws;
    this.held = new HeldIdentities(statements, ws);
  }

  /** Holds that count; read from the file once. */
  get holds(): CountingHolds {
    if (this.#holds === null) {
      const rows = this.#statements.of(COUNTING).all(this.#ws);
      this.#holds = new CountingHolds(rows.map(decodeHold), this.#texts);
    }
    return this.#holds;
  }

  get stops(): ReadonlyMap<string, Stop> {
    this.#stops ??= new Map(
      this.#statements
        .of("SELECT * FROM stops WHERE ws = ?")
        .all(this.#ws)
        .map(decodeStop)
        .map((stop) => [stopText(stop), stop]),
    );
    return this.#stops;
  }

  /** As of the last commit. */
  balances(keys: readonly BalanceKey[]): KeptBalance[] {
    return this.#kept(keys, NOTHING);
  }

  /** As a unit of work finds them, which may stand on one that is on its way. */
  balancesInUnit(keys: readonly BalanceKey[]): KeptBalance[] {
    return this.#kept(keys, this.#onTheWay);
  }

  #kept(keys: readonly BalanceKey[], { balances, held: more }: OnTheWay): KeptBalance[] {
    const found: KeptBalance[] = [];
    for (const key of keys) {
      const text = this.#texts.of(key);
      const balance = balances.get(text) ?? this.#balance(key, text);
      const held = (this.holds.heldOf(text) ?? 0n) + (more.get(text) ?? 0n);
      if (balance === null && held === 0n) continue;
      const isKept = balance !== null;
      found.push({ ...(balance ?? emptyBalance(key)), held, isKept });
    }
    return found;
  }

  #balance(key: BalanceKey, text: string): Balance | null {
    const known = this.pending.get(text) ?? this.#balances.get(text);
    if (known !== undefined) return known;
    const { budgetId, scope, window } = key;
    const row = this.#statements.of(BALANCE).get(this.#ws, budgetId, scope, window);
    const balance = row === undefined ? null : decodeBalance(row);
    this.#balances.set(text, balance);
    return balance;
  }

  ownLimits(keys: readonly LimitKey[]): OwnLimit[] {
    const found: OwnLimit[] = [];
    for (const { budgetId, scope } of keys) {
      const limit = this.#limit({ budgetId, scope });
      if (limit !== null) found.push({ budgetId, scope, limit });
    }
    return found;
  }

  #limit(key: LimitKey): bigint | null {
    const known = this.#limits.get(key);
    if (known !== undefined) return known;
    const row = this.#statements.of(LIMIT).get(this.#ws, key.budgetId, key.scope);
    const limit = row === undefined ? null : decodeLimit(row).limit;
    this.#limits.set(key, limit);
    return limit;
  }

  stopsOf(keys: readonly StopKey[]): Stop[] {
    return this.stops.size === 0 ? [] : keys.flatMap((key) => this.stops.get(stopText(key)) ?? []);
  }

  /** What a unit changes; `commit` takes it over. */
  stage(writes: SpendingWrites): void {
    this.#staged = writes;
  }

  /** A hold as a unit of work finds it; undefined: only the file knows whether it ended. */
  holdInUnit(key: StepKey): Hold | undefined {
    return this.#onTheWay.holds.get(key) ?? this.holds.of(key);
  }

  /** Holds of a call that count, as a unit of work finds them. */
  holdsOfCallInUnit(callId: string): Hold[] {
    const { holds, ofCalls } = this.#onTheWay;
    const others = this.holds.ofCall(callId).filter((hold) => holds.get(hold) === undefined);
    return [...others, ...(ofCalls.get(callId) ?? [])];
  }

  /** How many holds count, as a unit of work finds them. */
  countingInUnit(): number {
    return this.holds.size + this.#onTheWay.countingMore;
  }

  /**
   * What is staged, balances and holds alone, is on its way to the disk. Returns what takes them
   * over once they are there; where they never are, all of this is dropped.
   */
  send(): () => void {
    const sent = this.#sent(this.#staged);
    this.#staged = null;
    this.#onTheWay = sent;
    return () => {
      for (const [text, balance] of sent.balances) this.pending.set(text, balance);
      for (const hold of sent.holds.values()) this.#takeOver(hold);
      if (this.#onTheWay === sent) this.#onTheWay = NOTHING;
    };
  }

  /** The unit before this one is on disk, and taken over. */
  #sent(staged: SpendingWrites | null): OnTheWay {
    if (staged === null) return NOTHING;
    const balances = new Map(staged.balances.map((one) => [this.#texts.of(one), one]));
    if (staged.holds.length === 0) return { ...NOTHING, balances };
    const holds = new ByIdentity<Hold>();
    const ofCalls = new Map<string, readonly Hold[]>();
    const held = new Map<string, bigint>();
    let countingMore = 0;
    const count = (hold: Hold, sign: 1 | -1): void => {
      countingMore += sign;
      for (const reserve of hold.reserves) {
        const text = this.#texts.of(reserve);
        held.set(text, (held.get(text) ?? 0n) + BigInt(sign) * reserve.amount);
      }
    };
    for (const hold of staged.holds) {
      const former = this.holds.of(hold);
      if (former !== undefined) count(former, -1);
      holds.set(hold);
      if (!isCounting(hold)) continue;
      count(hold, 1);
      const { callId } = hold;
      if (callId !== null) ofCalls.set(callId, [...(ofCalls.get(callId) ?? []), hold]);
    }
    return { balances, holds, ofCalls, held, countingMore };
  }

  #takeOver(hold: Hold): void {
    this.holds.put(hold);
    this.held.add(hold);
  }

  /** Balances to be written where pending totals go to the file: those of units under way too. */
  balancesToWrite(): Balance[] {
    const all = new Map([...this.pending, ...this.#onTheWay.balances]);
    for (const balance of this.#staged?.balances ?? []) all.set(this.#texts.of(balance), balance);
    return [...all.values()];
  }

  /** What was staged is committed. */
  commit(): void {
    const staged = this.#staged;
    this.#staged = null;
    if (staged === null) return;
    for (const balance of staged.balances) this.pending.set(this.#texts.of(balance), balance);
    for (const hold of staged.holds) this.#takeOver(hold);
    for (const key of staged.freedLimits) this.#limits.set(key, null);
    for (const own of staged.limits) this.#limits.set(own, own.limit);
    this.#putStops(staged);
  }

  #putStops({ lifted, stops }: SpendingWrites): void {
    if (lifted.length === 0 && stops.length === 0) return;
    const kept = new Map(this.stops);
    for (const key of lifted) kept.delete(stopText(key));
    for (const stop of stops) kept.set(stopText(stop), stop);
    this.#stops = kept;
  }

  /** Pending balances are in the file. */
  settle(): void {
    for (const [text, balance] of this.pending) this.#balances.set(text, balance);
    this.pending.clear();
  }
}

/**
 * Limits that scopes have of their own, null: the budget's. They are found by the scope, a text
 * that is at hand, and then by the few budgets that it is one of.
 */
class OwnLimits {
  readonly #ofScopes = new Recent<string, Map<number, bigint | null>>(LIMITS_MAX_ROWS);

  /** Undefined: the file was not asked yet. */
  get({ budgetId, scope }: LimitKey): bigint | null | undefined {
    return this.#ofScopes.get(scope)?.get(budgetId);
  }

  set({ budgetId, scope }: LimitKey, limit: bigint | null): void {
    const known = this.#ofScopes.get(scope);
    if (known === undefined) this.#ofScopes.set(scope, new Map([[budgetId, limit]]));
    else known.set(budgetId, limit);
  }
}

/**
 * The texts of balances, each the same object for as long as it is remembered: a map finds that at
 * once, where a text that was just put together is first looked for letter by letter.
 */
class BalanceTexts {
  readonly #known = new Map<string, { budgetId: number; window: string; text: string }[]>();

  of(key: BalanceKey): string {
    const known = this.#known.get(key.scope);
    for (const one of known ?? []) {
      if (one.budgetId === key.budgetId && one.window === key.window) return one.text;
    }
    if (this.#known.size >= BALANCES_MAX_ROWS) this.#known.clear();
    const { budgetId, scope, window } = key;
    const one = { budgetId, window, text: balanceText(key) };
    // The windows of a scope go by; the newest few are asked for.
    this.#known.set(scope, [one, ...(known ?? []).slice(0, TEXTS_OF_SCOPE_MAX_COUNT - 1)]);
    return one.text;
  }
}

/** Holds that count, by what finds them, and what they set aside. */
class CountingHolds {
  readonly #byStep = new ByIdentity<Hold>();
  readonly #byCall = new Map<string, Hold[]>();
  readonly #held = new Map<string, bigint>();

  readonly #texts: BalanceTexts;

  constructor(holds: readonly Hold[], texts: BalanceTexts) {
    this.#texts = texts;
    for (const hold of holds) this.#add(hold);
  }

  get size(): number {
    return this.#byStep.size;
  }

  /** What is set aside of a balance; undefined: nothing. */
  heldOf(text: string): bigint | undefined {
    return this.#held.get(text);
  }

  /** Every balance of which something is set aside. */
  *heldKeys(): Generator<BalanceKey> {
    for (const text of this.#held.keys()) yield balanceKeyOf(text);
  }

  of(key: StepKey): Hold | undefined {
    return this.#byStep.get(key);
  }

  ofCall(callId: string): readonly Hold[] {
    return this.#byCall.get(callId) ?? [];
  }

  /** Takes over a hold in its new state. */
  put(hold: Hold): void {
    const former = this.#byStep.get(hold);
    if (former !== undefined) this.#remove(former);
    if (isCounting(hold)) this.#add(hold);
  }

  #add(hold: Hold): void {
    this.#byStep.set(hold);
    this.#setAside(hold, 1n);
    if (hold.callId === null) return;
    this.#byCall.set(hold.callId, [...this.ofCall(hold.callId), hold]);
  }

  #remove(hold: Hold): void {
    this.#byStep.delete(hold);
    this.#setAside(hold, -1n);
    if (hold.callId === null) return;
    const others = this.ofCall(hold.callId).filter((one) => one !== hold);
    if (others.length === 0) this.#byCall.delete(hold.callId);
    else this.#byCall.set(hold.callId, others);
  }

  #setAside({ reserves }: Hold, sign: bigint): void {
    for (const reserve of reserves) {
      const text = this.#texts.of(reserve);
      const held = (this.#held.get(text) ?? 0n) + sign * reserve.amount;
      if (held === 0n) this.#held.delete(text);
      else this.#held.set(text, held);
    }
  }
}
