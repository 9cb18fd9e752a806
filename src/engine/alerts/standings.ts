/**
 * How far a customer's totals may move before anybody must hear of it. A look at credit,
 * commitments and margin costs reads; most units of work move totals by a hair of what is left, and
 * are known by these numbers to change nothing. Memory alone: what is not known is looked at.
 */
import { type MarginMove, type MarginStanding, mayHaveTurned } from "../../domain/alert/affairs.ts";
import { RecentByWeight } from "../../domain/recent-by-weight.ts";
import type { CommitsBehind, PeriodMove, RulesVersions } from "../node-ports.ts";
import type { ToldAffairs } from "./affair-telling.ts";
import { inBillCurrency } from "./affairs-of.ts";

/** How credit and commitments of a customer stood. */
export interface TermsStanding {
  /** How far charges may move before a look; null: it has neither, so nothing moves them. */
  readonly room: bigint | null;
  /** How far they have moved since. */
  readonly moved: bigint;
  /** From then on a look is due anyway. */
  readonly untilMs: number;
}

/** How its margin stood, and how far it has moved since. */
export interface KnownMargin extends MarginMove {
  /** Null: nobody can say what it is. */
  readonly standing: MarginStanding | null;
  /** What a cost of 1 comes to in the bill's currency, in fine units. */
  readonly rate: bigint;
  readonly period: string;
  /** From then on another period lasts. */
  readonly untilMs: number;
}

/** What is known of a customer; null: nothing. */
export interface Standing {
  readonly terms: TermsStanding | null;
  readonly margin: KnownMargin | null;
  /** The seq of the entry that says that a look is due; null: nobody has left one. */
  readonly dueSeq: number | null;
}

/** What a unit of work stands on: the digest of the link before it, and the rules. */
export interface StandsOn {
  readonly head: string;
  readonly seen: RulesVersions;
  /** What commits behind a link moved; null: it is not known. */
  readonly movedSince: CommitsBehind["movedSince"];
}

const UNKNOWN: Standing = { terms: null, margin: null, dueSeq: null };
/** Customers that are known of a workspace, before the memory starts afresh. */
const KNOWN_MAX_COUNT = 50_000;
/** And of all together: workspaces that were used longest ago are forgotten first. */
const KNOWN_OF_ALL_MAX_COUNT = 200_000;

/** What is known of the customers of one workspace. */
class KnownCustomers {
  readonly of = new Map<string, Standing>();
  head = "";
  seen: RulesVersions | null = null;
  /** Whether anybody has commitments; null: not known. */
  hasCommitments: boolean | null = null;
}

/** A margin after so much more was charged and spent in its period. */
export function movedBy(
  margin: KnownMargin,
  { charge, cost }: Pick<PeriodMove, "charge" | "cost">,
): KnownMargin {
  const { standing, rate, period, untilMs } = margin;
  const charged = margin.charged + charge;
  const spent = margin.spent + inBillCurrency(cost, rate);
  return { standing, rate, period, untilMs, charged, spent };
}

/**
 * Another node's commit moved a customer: it told what that began or ended, as this one would have.
 * What it told is not known, so where it may have told anything there is a look to come.
 */
function moveElsewhere(of: Map<string, Standing>, move: PeriodMove): void {
  const known = of.get(move.customer);
  if (known === undefined || known.margin?.period !== move.period) return;
  const margin = movedBy(known.margin, move);
  const isOver = margin.standing !== null && mayHaveTurned(margin.standing, margin);
  of.set(move.customer, { ...known, margin: isOver ? null : margin });
}

/** What is known, by workspace. */
export class Standings {
  readonly #known: RecentByWeight<string, KnownCustomers>;
  readonly #isShared: boolean;

  /** `isShared`: other processes may move totals too. `maxCount` is for tests. */
  constructor({ isShared }: { readonly isShared: boolean }, maxCount = KNOWN_OF_ALL_MAX_COUNT) {
    this.#isShared = isShared;
    this.#known = new RecentByWeight(maxCount);
  }

  #used(workspace: string, known: KnownCustomers): void {
    this.#known.set(workspace, known, 1 + known.of.size);
  }

  /**
   * What a unit may go by. What other nodes moved is taken into account where they have told it;
   * where not, or where they changed rules, nothing is known.
   */
  asOf(workspace: string, { head, seen, movedSince }: StandsOn): StandingsDraft {
    const known = this.#known.get(workspace) ?? new KnownCustomers();
    const { tariff, terms } = known.seen ?? seen;
    if (tariff !== seen.tariff || terms !== seen.terms) {
      known.of.clear();
      known.hasCommitments = null;
    } else if (this.#isShared && head !== known.head) {
      const moves = movedSince(known.head);
      for (const [customer, { terms: kept, margin, dueSeq }] of known.of) {
        // Credit burns with what others are charged, so what others moved is not all of it.
        const terms = kept?.room === null ? kept : null;
        known.of.set(customer, { terms, margin: moves === null ? null : margin, dueSeq });
      }
      for (const commit of moves ?? []) for (const move of commit) moveElsewhere(known.of, move);
    }
    Object.assign(known, { head, seen });
    this.#used(workspace, known);
    return new StandingsDraft(known.of, known.hasCommitments, head);
  }

  /** A unit is on disk: what it found is known, if what it stood on still is. */
  keep(workspace: string, draft: StandingsDraft): void {
    const known = this.#known.get(workspace);
    if (known === undefined) return;
    if (draft.isAllElse) known.of.clear();
    if (known.of.size + draft.changed.size > KNOWN_MAX_COUNT) known.of.clear();
    for (const [customer, standing] of draft.changed) known.of.set(customer, standing);
    known.hasCommitments = draft.hasCommitments;
    known.head = draft.head;
    this.#used(workspace, known);
  }

  /** A unit failed: nothing is known. */
  forget(workspace: string): void {
    this.#known.delete(workspace);
  }
}

/** What one unit of work finds; it is kept once the unit is on disk. */
export class StandingsDraft implements ToldAffairs {
  readonly #before: ReadonlyMap<string, Standing>;
  readonly changed = new Map<string, Standing>();
  hasCommitments: boolean | null;
  /** Digest of the unit's own link, once it is sealed. */
  head: string;
  /** What was decided changes what everybody's totals come to. */
  isAllElse = false;
  /** The unit leaves looks on record. */
  leavesLooks = false;

  constructor(before: ReadonlyMap<string, Standing>, hasCommitments: boolean | null, head: string) {
    this.#before = before;
    this.hasCommitments = hasCommitments;
    this.head = head;
  }

  of(customer: string): Standing {
    return this.changed.get(customer) ?? this.#before.get(customer) ?? UNKNOWN;
  }

  /** Something was decided on a customer. */
  forget(customer: string): void {
    this.changed.set(customer, UNKNOWN);
  }

  set(customer: string, part: Partial<Standing>): void {
    this.put(customer, { ...this.of(customer), ...part });
  }

  put(customer: string, standing: Standing): void {
    this.changed.set(customer, standing);
  }
}
