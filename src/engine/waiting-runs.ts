/**
 * Callers that wait until a run may go on. They are told at once when something that may let it go
 * on was committed in this process: a stop lifted, a limit raised, a hold settled or released.
 */
import type { RunState } from "./read-budgets.ts";

/** Reads the state of a run as of the last commit. */
export type LookAt = (workspace: string, run: string) => Promise<RunState>;

interface Waiting {
  readonly run: string;
  readonly end: (state: RunState) => void;
  readonly fail: (error: unknown) => void;
}

/** Commits come by the hundred a second: waiters look once in so long. */
const LOOK_EVERY_MS = 20;

/** Waiters by workspace. */
export class WaitingRuns {
  readonly #lookAt: LookAt;
  readonly #waiting = new Map<string, Set<Waiting>>();
  readonly #due = new Set<string>();

  constructor(lookAt: LookAt) {
    this.#lookAt = lookAt;
  }

  get count(): number {
    return [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The run's state once it is paused no more, or as it is after `timeoutMs` or the signal. */
  async wait(
    workspace: string,
    run: string,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<RunState> {
    const state = await this.#lookAt(workspace, run);
    if (state.state !== "paused" || timeoutMs <= 0) return state;
    const waiters = this.#waiting.get(workspace) ?? new Set();
    this.#waiting.set(workspace, waiters);
    const { promise, resolve, reject } = Promise.withResolvers<RunState>();
    const waiting = { run, end: resolve, fail: reject };
    waiters.add(waiting);
    const giveUp = (): void => {
      this.#lookAt(workspace, run).then(resolve, reject);
    };
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener("abort", giveUp, { once: true });
    // What was committed between the first look and now was told to nobody.
    this.look(workspace);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      waiters.delete(waiting);
      if (waiters.size === 0) this.#waiting.delete(workspace);
    }
  }

  /** Something was committed: whoever waits looks again, soon. */
  look(workspace: string): void {
    if (!this.#waiting.has(workspace) || this.#due.has(workspace)) return;
    this.#due.add(workspace);
    setTimeout(() => {
      this.#due.delete(workspace);
      for (const waiting of this.#waiting.get(workspace) ?? []) this.#check(workspace, waiting);
    }, LOOK_EVERY_MS).unref();
  }

  #check(workspace: string, { run, end, fail }: Waiting): void {
    this.#lookAt(workspace, run).then((state) => {
      if (state.state !== "paused") end(state);
    }, fail);
  }
}
