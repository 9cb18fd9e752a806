/**
 * Rules of a workspace are kept in memory: its tariff, budgets, entitlements, when credit ends.
 * Another node may change them at any time, so nothing is decided by them before the unit of work
 * has compared their versions under its own lock. Where they differ, the unit is given up before it
 * did anything, what was kept is read again, and it runs anew.
 */
import { RULES_READ_AGAIN_MAX_COUNT } from "../../domain/database-limits.ts";
import { TollgateError } from "../../domain/errors.ts";
import { KNOWN_WORKSPACES_MAX_COUNT, RULES_MEMORY_MAX_BYTES } from "../../domain/limits.ts";
import { RecentByWeight } from "../../domain/recent-by-weight.ts";
import { SEEN_FIRST } from "../customers/customer-defaults.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { Store, UnitOfWork, Writes } from "../ports.ts";

/** Acts that change no rule, and come with the work itself. */
const QUIET = new Set([
  ...["budget.stage_reached", "work.stopped", "work.resumed", "policy.reached"],
  ...["alert.told", "alert.look_due", "alert.looked", "act.signed"],
  // Each is one of many units that move totals alone.
  ...["usage.rerated", "run.restated"],
]);

/** Which rules a unit of work changes. */
export function touchedRules(
  writes: Pick<Writes, "cards" | "prices" | "budgets" | "creditBooks" | "journal">,
): Readonly<Record<keyof RulesVersions, boolean>> {
  const { cards, prices, budgets, creditBooks, journal } = writes;
  const acts = journal.filter(({ run, kind, source }) => {
    // A customer on first sight has the defaults: nothing that is kept in memory says otherwise.
    return run === "" && !QUIET.has(kind) && source !== SEEN_FIRST;
  });
  const hasRates = acts.some(({ kind }) => kind === "rates.imported");
  return {
    tariff: cards.length > 0 || prices.length > 0 || hasRates,
    budgets: budgets.length > 0,
    terms: creditBooks.length > 0 || acts.length > 0,
  };
}

/** What a rule takes up beside its own contents. */
const RULE_BYTES = 1_000;

/** How rules of one kind are read and kept. */
export interface Keeping<T> {
  readonly part: keyof RulesVersions;
  readonly read: (workspace: string) => Promise<T>;
  /** What it takes up, about. (Default: next to nothing.) */
  readonly bytesOf?: (value: T) => number;
  /** Called where a workspace is let go, so as to make room. (Default: nobody need know.) */
  readonly letGo?: (workspace: string, value: T) => void;
  /** (Default: RULES_MEMORY_MAX_BYTES.) */
  readonly maxBytes?: number | undefined;
}

interface KeptRule<T> {
  readonly version: number;
  readonly value: T;
}

/**
 * What one rule's keeper keeps of each workspace, with the version that it was read at. Those that
 * were used longest ago make room for others: all of it follows from rows. Whoever works with what
 * is let go has it in hand, and goes on with it.
 */
export class KeptByVersion<T> {
  readonly #store: Pick<Store, "rules">;
  readonly #keeping: Keeping<T>;
  readonly #kept: RecentByWeight<string, KeptRule<T>>;
  #usedLast = "";

  constructor(store: Pick<Store, "rules">, keeping: Keeping<T>) {
    const { maxBytes = RULES_MEMORY_MAX_BYTES, letGo } = keeping;
    this.#store = store;
    this.#keeping = keeping;
    this.#kept = new RecentByWeight(maxBytes, (workspace, { value }) => letGo?.(workspace, value));
  }

  /** Workspaces of which it is kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** As of `rules`, or of what is committed where they are left out. */
  async of(workspace: string, rules?: RulesVersions): Promise<T> {
    const versions = rules ?? (await this.#store.rules(workspace));
    const version = versions[this.#keeping.part];
    const known = this.#kept.get(workspace);
    if (known?.version === version) {
      this.#keep(workspace, known);
      return known.value;
    }
    // What is read may be newer than its version: the next unit finds out and reads it again.
    const value = await this.#keeping.read(workspace);
    this.#usedLast = "";
    this.#keep(workspace, { version, value });
    return value;
  }

  #keep(workspace: string, rule: KeptRule<T>): void {
    if (workspace === this.#usedLast) return;
    this.#usedLast = workspace;
    const { bytesOf = () => 0 } = this.#keeping;
    this.#kept.set(workspace, rule, RULE_BYTES + bytesOf(rule.value));
  }

  /** What is kept, if it is as of these rules. */
  known(workspace: string, rules: RulesVersions): T | undefined {
    const known = this.#kept.get(workspace);
    return known?.version === rules[this.#keeping.part] ? known.value : undefined;
  }

  /** The next look-up reads the store, whatever the version. */
  forget(workspace: string): void {
    const known = this.#kept.get(workspace);
    if (known === undefined) return;
    this.#usedLast = "";
    // It has its place until it is read again, or let go: whoever keeps it too is told then.
    this.#keep(workspace, { ...known, version: Number.NaN });
  }
}

/** A unit of work began by rules that another node has changed. */
class RulesChanged extends Error {
  readonly now: RulesVersions;

  constructor(now: RulesVersions) {
    super("Another node changed the rules; the unit of work begins anew.");
    this.now = now;
  }
}

/** Throws where a unit finds other rules than those that it was begun by. */
export async function requireRules(unit: UnitOfWork, rules: RulesVersions): Promise<void> {
  const now = await unit.rules();
  const isSame =
    now.tariff === rules.tariff && now.budgets === rules.budgets && now.terms === rules.terms;
  if (!isSame) throw new RulesChanged(now);
}

/** The rules that each workspace was last seen by. */
export class KnownRules {
  readonly #store: Pick<Store, "rules">;
  readonly #last: RecentByWeight<string, RulesVersions>;

  /** (Default: KNOWN_WORKSPACES_MAX_COUNT.) */
  constructor(store: Pick<Store, "rules">, maxCount = KNOWN_WORKSPACES_MAX_COUNT) {
    this.#store = store;
    this.#last = new RecentByWeight(maxCount);
  }

  /**
   * Does work by the rules that are known, and anew where `requireRules` found others. Throws
   * `store.unknown` where they change faster than work can be done: nothing was written.
   */
  async decideBy<T>(workspace: string, work: (rules: RulesVersions) => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= RULES_READ_AGAIN_MAX_COUNT; attempt += 1) {
      const rules = this.#last.get(workspace) ?? (await this.#store.rules(workspace));
      this.#last.set(workspace, rules, 1);
      try {
        return await work(rules);
      } catch (error) {
        if (!(error instanceof RulesChanged)) throw error;
        this.#last.set(workspace, error.now, 1);
      }
    }
    const detail = "Other nodes changed the rules again and again; nothing was written.";
    throw new TollgateError("store.unknown", detail);
  }
}
