/** What every use case works with. */
import type { Actor } from "./actor.ts";
import type { AffairTelling } from "./alerts/affair-telling.ts";
import type { Alarm } from "./alerts/alarm.ts";
import type { MovedCustomers } from "./alerts/moved-customers.ts";
import type { Tariff } from "./cards/tariff.ts";
import type { CommitLoop } from "./commit/commit-loop.ts";
import type { KnownRules } from "./commit/rules.ts";
import type { Turns } from "./commit/turns.ts";
import type { CreditDues } from "./credit/credit-dues.ts";
import type { BudgetBooks } from "./limits/budget-books.ts";
import type { EntitlementBooks } from "./limits/entitlements.ts";
import type { WaitingRuns } from "./limits/waiting-runs.ts";
import type { LiveTelling } from "./live/live-elsewhere.ts";
import type { LiveFeed } from "./live/live-feed.ts";
import type { RulesVersions } from "./node-ports.ts";
import type { PolicyBooks } from "./policies/policy-books.ts";
import type { Clock, Digest, Ids, Reads, Store } from "./ports.ts";
import type { WorkspaceClock } from "./workspaces/workspace-clocks.ts";

/** The tariff of each workspace, kept ready and rebuilt when a version is recorded. */
export interface Tariffs {
  /** As of `rules` (Default: of what is committed). */
  of(workspace: string, rules?: RulesVersions): Promise<Tariff>;
  /** Forgets what was built; the next look-up reads the store again. */
  forget(workspace: string): void;
}

/** The clock of each workspace. */
export interface Clocks {
  of(workspace: string): Promise<WorkspaceClock>;
  /** Forgets what kind of workspace it is: it has just become one. */
  forget(workspace: string): void;
}

/** What reads work with: the present, or what was known at an instant. */
export interface ReadContext {
  readonly store: Reads;
  readonly tariffs: Pick<Tariffs, "of">;
  readonly clocks: Pick<Clocks, "of">;
  /** Last seq that was known. (Default: all are.) */
  readonly untilSeq?: number;
}

/** Reads that bills and commitments are told from. */
export type BillReads = Pick<
  Reads,
  | "acts"
  | "adjustmentPage"
  | "adjustmentsOf"
  | "countersOf"
  | "customer"
  | "lastAct"
  | "listStatements"
  | "periodsOf"
  | "rollups"
  | "statement"
>;

/** What they are told with: of a store, of what it knew, or inside a unit of work. */
export interface BillContext {
  readonly store: BillReads;
  readonly tariffs: Pick<Tariffs, "of">;
  readonly clocks: Pick<Clocks, "of">;
}

/** Ports, tariffs, clocks and the commit loop. */
export interface EngineContext {
  readonly store: Store;
  /** The machine's. What concerns a workspace asks `clocks`. */
  readonly clock: Clock;
  readonly clocks: Clocks;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly tariffs: Tariffs;
  readonly budgets: BudgetBooks;
  readonly entitlements: EntitlementBooks;
  /** Who asks; null: nobody that is known by a key. */
  readonly actor: Actor | null;
  /** Id of the change on record that is carried out; null: none is. */
  readonly approving: string | null;
  /** Wakes those who deliver alerts. */
  readonly alarm: Alarm;
  /** Whose totals have moved. */
  readonly moved: MovedCustomers;
  readonly affairs: AffairTelling;
  /** What each workspace's rules were last seen at. */
  readonly rules: KnownRules;
  readonly policies: PolicyBooks;
  readonly live: LiveFeed;
  readonly telling: LiveTelling;
  /** Totals are added up again by one at a time. */
  readonly recoveries: Turns;
  /** When grants of credit end. */
  readonly dues: CreditDues;
  readonly loop: CommitLoop;
  /** Callers that wait for a paused run. */
  readonly waiting: WaitingRuns;
}

/** What a unit of work is done with: everything but the loop that leads to it. */
export type UnitContext = Omit<EngineContext, "loop" | "clock" | "clocks" | "waiting" | "rules"> & {
  /** That of the workspace. */
  readonly clock: WorkspaceClock;
};

/** A unit of work that stands on rules which it must find unchanged. */
export type RuledContext = UnitContext & { readonly seen: RulesVersions };
