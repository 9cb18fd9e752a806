/**
 * Subscriptions of the fake: one that is replaced by another is cancelled. It keeps what was
 * recorded and takes no more.
 */
import { TheirIds } from "../../cli/fake-stripe/their-ids.ts";

/** The subscription of each customer of ours, now and before. */
export class FakeSubscriptions extends TheirIds {
  /** The customer there, who stays whatever becomes of subscriptions. */
  payer(ours: string): string {
    return `cb_${ours}`;
  }
}
