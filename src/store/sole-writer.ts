/** What a store says of other processes where there are none: it is its process's alone. */
import { assert } from "../domain/assert.ts";
import type {
  CommitsBehind,
  Lease,
  Leases,
  LiveNotes,
  RulesVersions,
  SharedStore,
  SharedUnit,
} from "../engine/node-ports.ts";

/** The engine that changes rules forgets what it kept by itself: a version never has to tell it. */
const RULES: RulesVersions = { tariff: 0, budgets: 0, terms: 0 };
const LEASES: Leases = { take: (name): Lease => ({ name, fence: 0 }), end: () => undefined };

/** A unit of work of the only process. */
export class SoleUnit implements SharedUnit {
  rules(): RulesVersions {
    return RULES;
  }

  holds(_lease: Lease): boolean {
    return true;
  }

  /** Whoever looks on does so in this process, which tells itself. */
  readonly isAlone = true;
  readonly isWatched = false;

  tellLive(): void {
    assert(this.isWatched, "a note is for another process");
  }

  /** Nobody else moves anything. */
  readonly behind: CommitsBehind = { movedSince: () => null, runsSince: () => null };
}

/** A store of the only process. */
export class SoleStore implements SharedStore {
  readonly isShared = false;
  readonly leases = LEASES;
  readonly notes: LiveNotes = {
    watch: () => undefined,
    since: () => ({ commits: 0, notes: [] }),
  };

  rules(_workspace: string): RulesVersions {
    return RULES;
  }

  /** Whoever waits is told by the process itself: nobody asks. */
  commits(_workspace: string): number {
    return 0;
  }
}
