/**
 * What a store tells of other processes that write to it. Where a store has one process, as the
 * embedded one does, nothing is ever changed by another: `store/sole-writer.ts` says so.
 */
import type { Answer } from "./answer.ts";

/**
 * Versions of what an engine keeps in memory of a workspace. Each grows in the unit of work that
 * changes what it stands for, so a unit that finds the versions it knows decides by what is true.
 */
export interface RulesVersions {
  /** Rate cards, prices and conversion rates. */
  readonly tariff: number;
  readonly budgets: number;
  /** Everything else that acts set: entitlements, ends of credit, a sandbox's clock. */
  readonly terms: number;
}

/** A right to do something that one process may do at a time. */
export interface Lease {
  readonly name: string;
  /** Grows with every change of holder: an older one has lost it, whatever its clock says. */
  readonly fence: number;
}

/** Leases on periodic work. */
export interface Leases {
  /** Takes or renews a lease for so long; null: another one has it. */
  take(name: string, holder: string, ms: number): Answer<Lease | null>;
  /** Gives it back before its time. */
  end(lease: Lease): Answer<void>;
}

/** A part of the port `Store`. */
export interface SharedStore {
  /** As of what is committed. */
  rules(workspace: string): Answer<RulesVersions>;
  /** Whether other processes may write to it too. */
  readonly isShared: boolean;
  /** A number that every commit of any process changes. */
  commits(workspace: string): Answer<number>;
  readonly leases: Leases;
}

/** A part of the port `UnitOfWork`. */
export interface SharedUnit {
  rules(): Answer<RulesVersions>;
  /** Whether nobody else has taken the lease; nobody does before this unit ends. */
  holds(lease: Lease): Answer<boolean>;
}
