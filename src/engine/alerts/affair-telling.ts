/** Who tells, inside units of work, of what their totals begin and end; `tell-affairs.ts` does. */
import type { StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { UnitOfWork } from "../ports.ts";

/** A unit of work that has moved all its totals, and not written them. */
export interface MovedUnit {
  readonly workspace: string;
  readonly unit: UnitOfWork;
  readonly state: BatchState;
  readonly tariff: Tariff;
  /** Digest of the link before it. */
  readonly head: { readonly digest: string };
  readonly seen: RulesVersions;
  /** Statements that it makes. (Default: none.) */
  readonly statements?: readonly StatementRecord[];
}

/** What an act did beside moving totals. */
export interface OfAct {
  /** Customers that it loads or names. */
  readonly touched: readonly string[];
  /** Versions of cards that it applies. */
  readonly cards: readonly RateCardVersion[];
}

/** What a unit has told, to be kept in mind once it is on disk. */
export interface ToldAffairs {
  /** Digest of the unit's own link, once it is sealed. */
  head: string;
}

/** Tells affairs. */
export interface AffairTelling {
  /** Looks at what a unit moves; `act` is null for one of events. */
  tell(unit: MovedUnit, act: OfAct | null): Promise<ToldAffairs>;
  /** A unit is on disk; null: it told nothing. */
  keep(workspace: string, told: ToldAffairs | null): void;
  /** A unit failed. */
  forget(workspace: string): void;
}
