/** What every run of one Tollgate works with. */
import type { AsyncContext } from "./async-context.ts";
import type { EventBuffer } from "./event-buffer.ts";
import type { Guard } from "./guard.ts";
import type { Settings } from "./options.ts";
import type { OnProblem } from "./problem.ts";

/** A call that is under way and must be recorded even if nobody finishes it. */
export interface OpenCall {
  /** Records what is known so far. */
  giveUp(): void;
}

/** Shared by all runs. */
export interface Workshop {
  readonly settings: Settings;
  readonly buffer: EventBuffer;
  readonly guard: Guard;
  readonly context: AsyncContext;
  readonly report: OnProblem;
  /** The fetch that reaches providers. */
  readonly send: typeof fetch;
  readonly openCalls: Set<OpenCall>;
}
