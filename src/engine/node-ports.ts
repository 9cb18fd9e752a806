/**
 * What a store tells of other processes that write to it. Where a store has one process, as the
 * embedded one does, nothing is ever changed by another: `store/sole-writer.ts` says so.
 */
import type { Answer } from "./answer.ts";

/**
 * Versions of what an engine keeps in memory of a workspace. Each changes in the unit of work that
 * changes what it stands for, so a unit that finds the versions it knows decides by what is true.
 * No two states have the same, not even those of two copies of a database that went on apart.
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

/** What one commit told those who look on. */
export interface LiveNote {
  /** Number of the commit. */
  readonly no: number;
  /** The process that told it. */
  readonly node: string;
  readonly text: string;
}

/** What commits of all processes tell those who look on; kept for a moment, and lost in a crash. */
export interface LiveNotes {
  /** Somebody looks on for so long: commits that begin from here on tell. */
  watch(workspace: string, ms: number): Answer<void>;
  /** The number of the last commit, and what commits behind one told, in their order. */
  since(
    workspace: string,
    no: number,
  ): Answer<{ readonly commits: number; readonly notes: readonly LiveNote[] }>;
}

/** How far a commit moved what a customer's period comes to. */
export interface PeriodMove {
  readonly customer: string;
  readonly period: string;
  readonly charge: bigint;
  readonly cost: bigint;
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
  readonly notes: LiveNotes;
}

/** What commits behind a link of the chain did, whichever process made them. */
export interface CommitsBehind {
  /** What each moved, in their order; null: that is not known any more. */
  movedSince(digest: string): readonly (readonly PeriodMove[])[] | null;
  /**
   * Runs that policies must look at anew: those with new steps, new runs below them, or acts on
   * record; null: that is not known any more, or steps were revised.
   */
  runsSince(digest: string): readonly string[] | null;
}

/** A part of the port `UnitOfWork`. */
export interface SharedUnit {
  rules(): Answer<RulesVersions>;
  /** Whether nobody else has taken the lease; nobody does before this unit ends. */
  holds(lease: Lease): Answer<boolean>;
  /** Whether no other process has written to the workspace lately, as far as this one knows. */
  readonly isAlone: boolean;
  /** Whether somebody looks on, in whatever process. */
  readonly isWatched: boolean;
  /** Tells them; once, in a unit that writes. */
  tellLive(note: Pick<LiveNote, "node" | "text">): Answer<void>;
  readonly behind: CommitsBehind;
}
