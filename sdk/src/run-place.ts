/** A run as the parts of this package see it. */
import type { Labels, StepFacts } from "./events.ts";
import type { HeldRun } from "./guard.ts";
import type { Cap } from "./holds.ts";

/** Where a run stands. */
export interface RunPlace {
  readonly id: string;
  readonly customer: string | null;
  readonly agent: string;
  /** The run above it where that is of this process; its id where it is not. */
  readonly parent: RecordedRun | null;
  readonly parentRun: string | null;
  readonly endUser: string | null;
  readonly labels: Labels;
  readonly caps: readonly Cap[];
  readonly isGuarded: boolean;
}

/** A run in which something is recorded. */
export interface RecordedRun extends HeldRun {
  readonly place: RunPlace;
  /** Records a step as it is given. (Default of `occurredAt`: now) */
  record(id: string, facts: StepFacts, occurredAt?: string): void;
  /** Opens the runs above this one, so that their caps count for its first hold. */
  openAbove(): Promise<void>;
  /** Resolves when the server knows the run, or after a while if it cannot be told. */
  openOnServer(): Promise<void>;
}
