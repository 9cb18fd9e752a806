/**
 * Balances, holds, limits and stops of one workspace, as of the last commit. One process writes the
 * file, so memory is never stale: every hold that counts is here, and what they set aside is kept
 * as a sum for each balance. What a unit changes is staged, and taken over once it is committed.
 */
import { present } from "../../domain/assert.ts";
import type { Balance, BalanceKey, OwnLimit } from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import { ByIdentity } from "../../engine/commit/by-identity.ts";
import type { StepKey } from "../../engine/ports.ts";
import type { KeptBalance, LimitKey, SpendingWrites } from "../../engine/spending-ports.ts";
import { decodeBalance, decodeHold, decodeLimit, decodeStop } from "../stored-budgets.ts";
import { type BalanceSlot, BalanceSlots } from "./balance-slots.ts";
import { CountingHolds } from "./counting-holds.ts";
import { HeldIdentities } from "./held-identities.ts";
import type { Statements } from "./statements.ts";

const COUNTING = `SELECT run, source, id, call_id, reserves FROM holds INDEXED BY holds_counting
  WHERE ws = ? AND state = 'open'`;
const HOLD = "SELECT * FROM holds WHERE ws = ? AND run = ? AND source = ? AND id = ?";
const BALANCE = `SELECT * FROM budget_balances
  WHERE ws = ? AND budget_id = ? AND scope = ? AND window_key = ?`;
const LIMIT = "SELECT * FROM budget_limits WHERE ws = ? AND budget_id = ? AND scope = ?";

interface Sent {
  readonly slot: BalanceSlot;
  readonly balance: Balance;
}

/** What the unit on its way to the disk makes of holds: only the next unit sees it. */
interface OnTheWay {
  /** In their new state, those that ended among them. */
  readonly holds: ByIdentity<Hold>;
  /** Those of calls that count. */
  readonly ofCalls: ReadonlyMap<string, readonly Hold[]>;
  /** Balances that it moves; their places have them as sent. */
  readonly sent: readonly Sent[];
  /** What it sets aside beyond what holds on disk set aside, as its places have it. */
  readonly held: readonly { readonly slot: BalanceSlot; readonly amount: bigint }[];
  /** How many more holds count. */
  readonly countingMore: number;
}

const NOTHING: OnTheWay = {
  holds: new ByIdentity(),
  ofCalls: new Map(),
  sent: [],
  held: [],
  countingMore: 0,
};

/** The rows of one workspace. */
export class BudgetRows {
  readonly #statements: Statements;
  readonly #ws: number;
  readonly #slots = new BalanceSlots();
  #holds: CountingHolds | null = null;
  /** What units that failed made of holds: the file knows which of it stands. */
  #inDoubt: Hold[] = [];
  #held: HeldIdentities;
  #stops: Map<string, Stop> | null = null;
  /** Balances that the file does not have yet. */
  #pending: BalanceSlot[] = [];
  #staged: SpendingWrites | null = null;
  #onTheWay = NOTHING;
  /** How many units have failed. */
  #failures = 0;

  constructor(statements: Statements, ws: number) {
    this.#statements = statements;
    this.#ws = ws;
    this.#held = new HeldIdentities(statements, ws);
  }

  /** Identities of all holds, those that ended among them. */
  get held(): HeldIdentities {
    return this.#held;
  }

  /**
   * A unit failed, and whether the file has what it wrote is not known. Holds that it did not touch
   * stand as they are: to read all of them again took two seconds where 200,000 count.
   */
  doubt(): void {
    if (this.#holds !== null) {
      this.#inDoubt.push(...this.#onTheWay.holds.values(), ...(this.#staged?.holds ?? []));
    }
    this.#failures += 1;
    this.#onTheWay = NOTHING;
    this.#staged = null;
    this.#pending = [];
    this.#stops = null;
    this.#held = new HeldIdentities(this.#statements, this.#ws);
    this.#slots.doubt();
  }

  /** Holds that count; read from the file once. */
  get holds(): CountingHolds {
    if (this.#holds === null) {
      this.#holds = new CountingHolds({
        slots: this.#slots,
        // One after the other: all rows at once would take more memory than all holds.
        rows: () => this.#statements.of(COUNTING).iterate(this.#ws),
        read: (key) => present(this.holdInFile(key), "a hold that counts"),
      });
    }
    if (this.#inDoubt.length > 0) this.#clearUp(this.#holds);
    return this.#holds;
  }

  #clearUp(holds: CountingHolds): void {
    const inDoubt = this.#inDoubt;
    this.#inDoubt = [];
    for (const key of inDoubt) {
      const hold = this.holdInFile(key);
      if (hold !== undefined) holds.put(hold);
    }
  }

  /** A hold as the file has it, whether it counts or ended. */
  holdInFile({ run, source, id }: StepKey): Hold | undefined {
    const row = this.#statements.of(HOLD).get(this.#ws, run, source, id);
    return row === undefined ? undefined : decodeHold(row);
  }

  get stops(): ReadonlyMap<string, Stop> {
    return this.#readStops();
  }

  #readStops(): Map<string, Stop> {
    this.#stops ??= new Map(
      this.#statements
        .of("SELECT * FROM stops WHERE ws = ?")
        .all(this.#ws)
        .map(decodeStop)
        .map((stop) => [stopText(stop), stop]),
    );
    return this.#stops;
  }

  /** How many balances the file does not have yet. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** As of the last commit. */
  balances(keys: readonly BalanceKey[]): KeptBalance[] {
    return this.#kept(keys, false);
  }

  /** As a unit of work finds them, which may stand on one that is on its way. */
  balancesInUnit(keys: readonly BalanceKey[]): KeptBalance[] {
    return this.#kept(keys, true);
  }

  #kept(keys: readonly BalanceKey[], isInUnit: boolean): KeptBalance[] {
    this.#countHolds();
    const found: KeptBalance[] = [];
    for (const key of keys) {
      const slot = this.#slots.of(key);
      const balance = (isInUnit ? slot.sent : null) ?? this.#balance(slot);
      const held = isInUnit ? slot.held + slot.heldMore : slot.held;
      if (balance !== null || held !== 0n) found.push(keptBalance(slot, balance, held));
    }
    return found;
  }

  #balance(slot: BalanceSlot): Balance | null {
    if (slot.balance !== undefined) return slot.balance;
    const { budgetId, scope, window } = slot;
    const row = this.#statements.of(BALANCE).get(this.#ws, budgetId, scope, window);
    slot.balance = row === undefined ? null : decodeBalance(row);
    return slot.balance;
  }

  /** What is held of balances is known once holds that count were read. */
  #countHolds(): CountingHolds {
    return this.holds;
  }

  /** Every balance of which something is set aside. */
  heldKeys(): Iterable<BalanceKey> {
    this.#countHolds();
    return this.#slots.held();
  }

  ownLimits(keys: readonly LimitKey[]): OwnLimit[] {
    const found: OwnLimit[] = [];
    for (const key of keys) {
      const limit = this.#limit(key);
      if (limit === null) continue;
      const { budgetId, scope } = key;
      found.push({ budgetId, scope, limit });
    }
    return found;
  }

  #limit(key: LimitKey): bigint | null {
    const known = this.#slots.limitOf(key);
    if (known !== undefined) return known;
    const row = this.#statements.of(LIMIT).get(this.#ws, key.budgetId, key.scope);
    const limit = row === undefined ? null : decodeLimit(row).limit;
    this.#slots.setLimit(key, limit);
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
   * over once they are there; where they never are, `doubt` is told.
   */
  send(): () => void {
    const sent = this.#sent(this.#staged);
    this.#staged = null;
    this.#onTheWay = sent;
    const failures = this.#failures;
    return () => {
      // What it changed is read from the file by then.
      if (this.#failures !== failures) return;
      for (const { slot, balance } of sent.sent) {
        if (slot.sent === balance) slot.sent = null;
        this.#put(slot, balance);
      }
      for (const { slot, amount } of sent.held) {
        slot.heldMore -= amount;
        slot.held += amount;
      }
      for (const hold of sent.holds.values()) {
        this.holds.keep(hold);
        this.held.add(hold);
      }
      if (this.#onTheWay === sent) this.#onTheWay = NOTHING;
    };
  }

  /** The unit before this one is on disk, and taken over. */
  #sent(staged: SpendingWrites | null): OnTheWay {
    if (staged === null) return NOTHING;
    const sent: Sent[] = [];
    for (const balance of staged.balances) {
      const slot = this.#slots.of(balance);
      slot.sent = balance;
      sent.push({ slot, balance });
    }
    if (staged.holds.length === 0) return { ...NOTHING, sent };
    const holds = new ByIdentity<Hold>();
    const ofCalls = new Map<string, readonly Hold[]>();
    const held: { readonly slot: BalanceSlot; readonly amount: bigint }[] = [];
    let countingMore = 0;
    const count = (reserves: Hold["reserves"], sign: 1 | -1): void => {
      countingMore += sign;
      for (const reserve of reserves) {
        const slot = this.#slots.of(reserve);
        const amount = sign === 1 ? reserve.amount : -reserve.amount;
        slot.heldMore += amount;
        held.push({ slot, amount });
      }
    };
    for (const hold of staged.holds) {
      const former = this.holds.reservesOf(hold);
      if (former !== undefined) count(former, -1);
      holds.set(hold);
      if (!isCounting(hold)) continue;
      count(hold.reserves, 1);
      const { callId } = hold;
      if (callId !== null) ofCalls.set(callId, [...(ofCalls.get(callId) ?? []), hold]);
    }
    return { holds, ofCalls, sent, held, countingMore };
  }

  /** A balance is on disk, by its steps; its row waits. */
  #put(slot: BalanceSlot, balance: Balance): void {
    slot.balance = balance;
    if (slot.isPending) return;
    slot.isPending = true;
    this.#pending.push(slot);
  }

  /** Balances to be written where pending totals go to the file: those of units under way too. */
  balancesToWrite(): Balance[] {
    const all = new Map<BalanceSlot, Balance>();
    for (const slot of this.#pending) all.set(slot, present(slot.balance, "a balance that waits"));
    for (const { slot, balance } of this.#onTheWay.sent) all.set(slot, balance);
    for (const balance of this.#staged?.balances ?? []) all.set(this.#slots.of(balance), balance);
    return [...all.values()];
  }

  /** What was staged is committed. */
  commit(): void {
    const staged = this.#staged;
    this.#staged = null;
    if (staged === null) return;
    for (const balance of staged.balances) this.#put(this.#slots.of(balance), balance);
    for (const hold of staged.holds) {
      this.holds.put(hold);
      this.held.add(hold);
    }
    for (const key of staged.freedLimits) this.#slots.setLimit(key, null);
    for (const own of staged.limits) this.#slots.setLimit(own, own.limit);
    this.#putStops(staged);
  }

  /** In place: where all runs of a workspace are paused, a copy would be made for each of them. */
  #putStops({ lifted, stops }: SpendingWrites): void {
    if (lifted.length === 0 && stops.length === 0) return;
    // Read now, the file has these already.
    const kept = this.#readStops();
    for (const key of lifted) kept.delete(stopText(key));
    for (const stop of stops) kept.set(stopText(stop), stop);
  }

  /** Pending balances are in the file. */
  settle(): void {
    for (const slot of this.#pending) slot.isPending = false;
    this.#pending = [];
  }
}

function keptBalance(slot: BalanceSlot, balance: Balance | null, held: bigint): KeptBalance {
  const { budgetId, scope, window } = slot;
  const [settled, stagesTold] = [balance?.settled ?? 0n, balance?.stagesTold ?? 0];
  const grantedAtMs = balance?.grantedAtMs ?? 0;
  const isKept = balance !== null;
  return { budgetId, scope, window, settled, stagesTold, grantedAtMs, held, isKept };
}
