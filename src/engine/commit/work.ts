/** What the commit loop hands to a unit of work. */
import type { TollgateEvent } from "../../domain/event/event.ts";
import type { HoldsRequest } from "../limits/hold-answers.ts";
import type { UnitOfWork } from "../ports.ts";

/** What one unit of work takes: events, and then what is asked of holds. */
export interface Work {
  readonly events: readonly TollgateEvent[];
  readonly holds: readonly HoldsRequest[];
  /**
   * Its events once it has its turn: these, and where other nodes write to the workspace what has
   * arrived while it waited for theirs. (Default: these.)
   */
  readonly closed?: (unit: { readonly isAlone: boolean }) => readonly TollgateEvent[];
  /** Its events as the unit itself finds them, in place of all others. */
  readonly found?: (unit: UnitOfWork) => Promise<readonly TollgateEvent[]>;
  /** Called when the next unit may begin, if that is before the end. */
  readonly handedOver?: () => void;
}
