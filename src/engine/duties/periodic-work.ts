/** What falls due by itself, done under a lease: once another process has it, nothing is done. */
import { ATTEMPTS_KEPT_MS } from "../../domain/limits.ts";
import { settleOutcomes } from "../booking/settle-outcomes.ts";
import { finishRuns } from "../commit/finish-runs.ts";
import type { EngineContext } from "../context.ts";
import { expireDueCredit } from "../credit/move-credit.ts";
import { runTopupRules } from "../credit/topup.ts";
import { endQuarantine, Quarantine } from "../limits/end-quarantine.ts";
import type { Lease } from "../node-ports.ts";
import { abandonSilentRuns } from "../runs/abandon-runs.ts";
import { underLease } from "./guarded-store.ts";

/** Periodic work of the process that has a lease. Everything throws `GivenUp` without it. */
export class PeriodicWork {
  readonly lease: Lease;
  readonly #context: EngineContext;
  /** A new holder sees holds expired anew: it waits longer for them, never less. */
  readonly #quarantines = new Map<string, Quarantine>();

  constructor(context: EngineContext, lease: Lease) {
    this.lease = lease;
    this.#context = { ...context, store: underLease(context.store, lease) };
  }

  /**
   * Ends what is over in a workspace: outcomes' windows, silent runs, quarantines, credit; forgets
   * what was kept long enough; and does what late openings that were cut off have left.
   */
  async doWhatIsDue(workspace: string): Promise<void> {
    await finishRuns(this.#context, workspace);
    await settleOutcomes(this.#context, workspace);
    await abandonSilentRuns(this.#context, workspace);
    const quarantine = this.#quarantines.get(workspace) ?? new Quarantine();
    this.#quarantines.set(workspace, quarantine);
    await endQuarantine(this.#context, workspace, { quarantine });
    await expireDueCredit(this.#context, workspace);
    // By the machine's clock: other systems know no sandbox's time.
    const { store, clock } = this.#context;
    await store.outbox.forgetAttempts(workspace, clock.nowMs() - ATTEMPTS_KEPT_MS);
  }

  /** Asks for the payments that rules want. True where anything is watched. */
  async watchCredit(workspace: string): Promise<boolean> {
    const [watched] = await this.#context.store.credit.booksWatched(workspace, 1);
    if (watched === undefined) return false;
    await runTopupRules(this.#context, workspace);
    return true;
  }
}
