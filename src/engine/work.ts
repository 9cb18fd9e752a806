/** What the commit loop hands to a unit of work. */
import type { TollgateEvent } from "../domain/event/event.ts";
import type { HoldsRequest } from "./hold-answers.ts";

/** What one unit of work takes: events, and then what is asked of holds. */
export interface Work {
  readonly events: readonly TollgateEvent[];
  readonly holds: readonly HoldsRequest[];
  /** Called when the next unit may begin, if that is before the end. */
  readonly handedOver?: () => void;
}
