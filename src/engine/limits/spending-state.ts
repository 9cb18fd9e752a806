/** Balances of budgets, holds and stops that one unit of work reads, and what it changes. */
import { present } from "../../domain/assert.ts";
import type {
  Balance,
  BalanceKey,
  BudgetRecord,
  Overrun,
  OwnLimit,
} from "../../domain/budget/budget.ts";
import { type Hold, isCounting } from "../../domain/budget/hold.ts";
import { type Stop, type StopKey, stopText } from "../../domain/budget/stop.ts";
import { ByIdentity } from "../commit/by-identity.ts";
import type { StepKey } from "../ports.ts";
import type { KeptBalance, LimitKey, SpendingWrites } from "../spending-ports.ts";

/**
 * The place of a balance in a unit of work. Every step moves one or two: who has the place needs no
 * look-up by three keys for it again.
 */
export interface BalancePlace extends BalanceKey {
  readonly settled: bigint;
  readonly stagesTold: number;
  readonly grantedAtMs: number;
  readonly held: bigint;
  readonly isKept: boolean;
  /** False: the store was not asked yet. */
  readonly isLoaded: boolean;
  /** The limit that the scope has of its own; null: the budget's. */
  readonly ownLimit: bigint | null;
}

type Editable<T> = { -readonly [K in keyof T]: T[K] };

class Place implements Editable<BalancePlace> {
  readonly budgetId: number;
  readonly scope: string;
  readonly window: string;
  readonly of: ScopePlaces;
  settled = 0n;
  stagesTold = 0;
  grantedAtMs = 0;
  held = 0n;
  isKept = false;
  isLoaded = false;
  isMoved = false;

  constructor(of: ScopePlaces, { budgetId, scope, window }: BalanceKey) {
    this.of = of;
    this.budgetId = budgetId;
    this.scope = scope;
    this.window = window;
  }

  get ownLimit(): bigint | null {
    return this.of.ownLimit ?? null;
  }
}

/** The balances of one scope of a budget: one a window. */
interface ScopePlaces {
  /** Undefined: the store was not asked yet. */
  ownLimit: bigint | null | undefined;
  readonly windows: Place[];
}

/** What one unit of work knows and changes of budgets. */
export class SpendingState {
  /** By budget, then by scope. */
  readonly #places = new Map<number, Map<string, ScopePlaces>>();
  readonly #moved: Place[] = [];
  readonly #holds = new ByIdentity<Hold>();
  readonly #stops = new Map<string, Stop | null>();
  readonly #changedHolds = new ByIdentity<Hold>();
  readonly #changedStops = new Map<string, Stop>();
  readonly #lifted = new Map<string, StopKey>();
  readonly #overruns: Overrun[] = [];
  readonly limits: OwnLimit[] = [];
  readonly freedLimits: LimitKey[] = [];
  readonly budgets: BudgetRecord[] = [];

  /** Whether a balance, hold, stop, limit or budget will be written. */
  get isChanged(): boolean {
    const lists = [this.#moved, this.#overruns, this.limits, this.freedLimits, this.budgets];
    const maps = [this.#changedHolds, this.#changedStops, this.#lifted];
    return lists.some(({ length }) => length > 0) || maps.some(({ size }) => size > 0);
  }

  /** Who asks by a place is at the place: every balance that is loaded is asked about so. */
  #scopeOf(key: LimitKey): ScopePlaces {
    return key instanceof Place ? key.of : this.#scope(key);
  }

  #scope({ budgetId, scope }: LimitKey): ScopePlaces {
    let scopes = this.#places.get(budgetId);
    if (scopes === undefined) {
      scopes = new Map();
      this.#places.set(budgetId, scopes);
    }
    let places = scopes.get(scope);
    if (places === undefined) {
      places = { ownLimit: undefined, windows: [] };
      scopes.set(scope, places);
    }
    return places;
  }

  /** The place of a balance, to be loaded before it is looked at or moved. */
  place(key: BalanceKey): BalancePlace {
    return this.#place(key);
  }

  #place(key: BalanceKey): Place {
    const of = this.#scope(key);
    for (const place of of.windows) if (place.window === key.window) return place;
    const place = new Place(of, key);
    of.windows.push(place);
    return place;
  }

  /** Puts a balance as it is stored; null: there is none. */
  loadBalance(key: BalanceKey, stored: KeptBalance | null): void {
    const place = key instanceof Place ? key : this.#place(key);
    if (place.isLoaded) return;
    place.isLoaded = true;
    if (stored === null) return;
    place.settled = stored.settled;
    place.stagesTold = stored.stagesTold;
    place.grantedAtMs = stored.grantedAtMs;
    place.held = stored.held;
    place.isKept = stored.isKept;
  }

  /** Every balance that the unit has looked at. */
  *places(): Generator<BalancePlace> {
    for (const scopes of this.#places.values()) {
      for (const { windows } of scopes.values()) {
        for (const place of windows) if (place.isLoaded) yield place;
      }
    }
  }

  /** Balances are loaded before they move: an unloaded one would start from nothing. */
  #loaded(key: BalanceKey): Place {
    const place = this.#place(key);
    return place.isLoaded ? place : present<Place>(undefined, `balance of "${key.scope}"`);
  }

  balance(key: BalanceKey): BalancePlace {
    return this.#loaded(key);
  }

  /** Gives a balance new values, which will be written. */
  moveBalance(
    given: BalancePlace,
    change: Partial<Pick<Balance, "settled" | "stagesTold" | "grantedAtMs">>,
  ): void {
    const place = given as Place;
    if (change.settled !== undefined) place.settled = change.settled;
    if (change.stagesTold !== undefined) place.stagesTold = change.stagesTold;
    if (change.grantedAtMs !== undefined) place.grantedAtMs = change.grantedAtMs;
    if (place.isMoved) return;
    place.isMoved = true;
    this.#moved.push(place);
  }

  loadLimit(key: LimitKey, limit: bigint | null): void {
    this.#scopeOf(key).ownLimit = limit;
  }

  knowsLimit(key: LimitKey): boolean {
    return this.#scopeOf(key).ownLimit !== undefined;
  }

  ownLimit(key: LimitKey): bigint | null {
    return this.#scope(key).ownLimit ?? null;
  }

  /** Gives a scope a limit of its own; null: the budget's again. */
  setLimit({ budgetId, scope }: LimitKey, limit: bigint | null): void {
    this.loadLimit({ budgetId, scope }, limit);
    if (limit === null) this.freedLimits.push({ budgetId, scope });
    else this.limits.push({ budgetId, scope, limit });
  }

  loadHold(hold: Hold): void {
    if (this.#holds.get(hold) === undefined) this.#holds.set(hold);
  }

  hold(key: StepKey): Hold | undefined {
    return this.#holds.get(key);
  }

  holds(): Iterable<Hold> {
    return this.#holds.values();
  }

  /** Puts a hold that will be written; what it sets aside changes with it. */
  putHold(hold: Hold): void {
    const former = this.#holds.set(hold);
    if (former !== undefined && isCounting(former)) this.#setAside(former, -1n);
    if (isCounting(hold)) this.#setAside(hold, 1n);
    this.#changedHolds.set(hold);
  }

  #setAside({ reserves }: Hold, sign: bigint): void {
    for (const reserve of reserves) this.#loaded(reserve).held += sign * reserve.amount;
  }

  loadStop(key: StopKey, stop: Stop | null): void {
    const text = stopText(key);
    if (!this.#stops.has(text)) this.#stops.set(text, stop);
  }

  /** False: no stop is in force that the unit was told of, nor any made by it. */
  get knowsStops(): boolean {
    return this.#stops.size > 0;
  }

  stop(key: StopKey): Stop | null {
    if (this.#stops.size === 0) return null;
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
    return {
      balances: this.#moved.map(balanceOf),
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

function balanceOf(place: Place): Balance {
  const { budgetId, scope, window, settled, stagesTold, grantedAtMs } = place;
  return { budgetId, scope, window, settled, stagesTold, grantedAtMs };
}
