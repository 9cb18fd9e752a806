/**
 * Periodic work: what falls due by itself. One node does it at a time, under a lease that it
 * renews; where a node stops, another one takes over when the lease has run out. All of it looks at
 * the rows as they are, in units of work of its own, so what was cut off is begun anew by the next.
 */
import { LEASE_MS } from "../../domain/database-limits.ts";
import type { TopupDelivery } from "../credit/deliver-topups.ts";
import type { Engine } from "../engine.ts";
import { GivenUp } from "./guarded-store.ts";
import type { PeriodicWork } from "./periodic-work.ts";

/** How often runs are looked at for silence, and outcomes for being final. */
const FALLS_DUE_EVERY_MS = 60_000;
const CREDIT_EVERY_MS = 2_000;
const RENEW_EVERY_MS = LEASE_MS / 3;
const LEASE_NAME = "duties";

/** What duties work with. */
export interface DutyParts {
  readonly engine: Engine;
  readonly payments: Pick<TopupDelivery, "run">;
  /** Told of what failed. It is tried again when its time comes. */
  readonly onError: (what: string, error: unknown) => void;
  /** Stands for this process among those that may have the lease. */
  readonly holder: string;
}

/** Periodic work of one process. */
export class Duties {
  readonly #parts: DutyParts;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Null: another process has the lease, or nobody has asked yet. */
  #work: PeriodicWork | null = null;
  #isBusy = false;

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /** Starts the timers. Nothing is done before the first of them. */
  start(): void {
    const every = (ms: number, work: () => Promise<void>): void => {
      this.#timers.push(setInterval(() => void work(), ms).unref());
    };
    every(RENEW_EVERY_MS, () => this.renew());
    every(FALLS_DUE_EVERY_MS, () => this.doWhatIsDue());
    every(CREDIT_EVERY_MS, () => this.watchCredit());
  }

  /** Ends the timers and gives the lease back. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const lease = this.#work?.lease;
    this.#work = null;
    const { leases } = this.#parts.engine.store;
    if (lease !== undefined) await this.#try("give a lease back", async () => leases.end(lease));
  }

  /** Takes the lease, or keeps it. */
  async renew(): Promise<void> {
    const { holder, engine } = this.#parts;
    await this.#try("take a lease", async () => {
      const lease = await engine.store.leases.take(LEASE_NAME, holder, LEASE_MS);
      if (lease === null) this.#work = null;
      else if (this.#work?.lease.fence !== lease.fence) this.#work = engine.periodicWork(lease);
    });
  }

  /** Ends what is over, in every workspace, if this process has the lease. */
  doWhatIsDue(): Promise<void> {
    return this.#inEach("deal with what fell due", (work, workspace) =>
      work.doWhatIsDue(workspace),
    );
  }

  /** Asks for payments that rules want, and tells of those that are awaited. */
  watchCredit(): Promise<void> {
    return this.#inEach("watch credit", async (work, workspace) => {
      if (await work.watchCredit(workspace)) await this.#parts.payments.run(workspace);
    });
  }

  /** One piece at a time: a slow database must not pile them up. */
  async #inEach(
    what: string,
    of: (work: PeriodicWork, workspace: string) => Promise<void>,
  ): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    if (this.#work === null) await this.renew();
    const work = this.#work;
    await this.#try(what, async () => {
      if (work === null) return;
      for (const workspace of await this.#parts.engine.store.workspaces()) {
        await of(work, workspace);
      }
    });
    this.#isBusy = false;
  }

  async #try(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof GivenUp) this.#work = null;
      else this.#parts.onError(what, error);
    }
  }
}
