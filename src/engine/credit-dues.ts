/**
 * When the next grant of each workspace ends for good. A unit of work that comes at that time or
 * later ends it first, so it does not matter when somebody looks; until then it costs one look-up.
 */
import type { Store } from "./ports.ts";

/** Remembers, for each workspace, the earliest end of a grant. */
export class CreditDues {
  readonly #store: Store;
  readonly #dues = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The earliest end; infinity where no grant ends. */
  async of(workspace: string): Promise<number> {
    const [first] = await this.#store.credit.booksDue(workspace, Number.MAX_SAFE_INTEGER, 1);
    const dueAtMs = first?.dueAtMs ?? Number.POSITIVE_INFINITY;
    this.#dues.set(workspace, dueAtMs);
    return dueAtMs;
  }

  /** The same without a read where it is known; undefined where it is not. */
  known(workspace: string): number | undefined {
    return this.#dues.get(workspace);
  }

  /** Forgets what was read: a book is about to change. */
  forget(workspace: string): void {
    this.#dues.delete(workspace);
  }
}
