/**
 * When the next grant of each workspace ends for good. A unit of work that comes at that time or
 * later ends it first, so it does not matter when somebody looks; until then it costs one look-up.
 */

import { KeptByVersion } from "../commit/rules.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { Store } from "../ports.ts";

/** Remembers, for each workspace, the earliest end of a grant. */
export class CreditDues {
  readonly #dues: KeptByVersion<number>;

  constructor(store: Store, maxBytes?: number) {
    this.#dues = new KeptByVersion<number>(store, {
      part: "terms",
      read: async (workspace) => {
        const [first] = await store.credit.booksDue(workspace, Number.MAX_SAFE_INTEGER, 1);
        return first?.dueAtMs ?? Number.POSITIVE_INFINITY;
      },
      maxBytes,
    });
  }

  /** The earliest end, as of `rules` (Default: of what is committed); infinity: no grant ends. */
  of(workspace: string, rules?: RulesVersions): Promise<number> {
    return this.#dues.of(workspace, rules);
  }

  /** Forgets what was read: a book is about to change. */
  forget(workspace: string): void {
    this.#dues.forget(workspace);
  }
}
