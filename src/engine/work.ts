/** What the commit loop hands to a unit of work. */
import type { TollgateEvent } from "../domain/event/event.ts";
import type { HoldsRequest } from "./hold-answers.ts";

/** What one unit of work takes: events, and then what is asked of holds. */
export interface Work {
  readonly events: readonly TollgateEvent[];
  readonly holds: readonly HoldsRequest[];
  /**
   * Its events once it has its turn: these, and what arrived while it waited for those of other
   * nodes. (Default: these.)
   */
  readonly closed?: () => readonly TollgateEvent[];
  /** Called when the next unit may begin, if that is before the end. */
  readonly handedOver?: () => void;
}
