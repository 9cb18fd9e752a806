/**
 * What the demo's server reaches instead of the internet: a Stripe account in this process. One
 * answer of it gets lost, as answers do.
 */
import type { OutgoingHttp, OutgoingRequest, Sent } from "../../engine/export/connector-port.ts";
import { FakeStripe } from "./fake-stripe.ts";

/** Key of the demo's account; it is worth nothing anywhere else. */
export const DEMO_API_KEY = "rk_test_tollgate_demo";
const WEBHOOK_SECRET = "whsec_tollgate_demo";
const STRIPE_HOSTS: readonly string[] = ["api.stripe.com", "meter-events.stripe.com"];
/** What documentation leaves open is the same in every demo. */
const CHANCE = 0.5;

/** The account, behind the same port as the real network. */
export class DemoInternet implements OutgoingHttp {
  readonly stripe: FakeStripe;
  #losesAnswerTo: ((request: OutgoingRequest) => boolean) | null = null;

  /** `customers`: their id of each customer of ours. */
  constructor(customers: Readonly<Record<string, string>>) {
    this.stripe = new FakeStripe({
      ...{ customers, meters: [], countsWithinMs: 0, apiKey: DEMO_API_KEY },
      ...{ webhookSecret: WEBHOOK_SECRET },
      clock: { nowMs: () => Date.now(), chance: () => CHANCE },
    });
  }

  /** Loses the answer to the next request that is one of these. */
  loseAnswerTo(isIt: (request: OutgoingRequest) => boolean): void {
    this.#losesAnswerTo = isIt;
  }

  async send(request: OutgoingRequest): Promise<Sent> {
    const { hostname } = new URL(request.url);
    if (!STRIPE_HOSTS.includes(hostname)) {
      return { kind: "not_sent", reason: `the demo does not reach ${hostname}` };
    }
    const answer = this.stripe.answer(request);
    if (this.#losesAnswerTo?.(request) !== true) return { kind: "answered", answer };
    this.#losesAnswerTo = null;
    return { kind: "unclear", reason: "the connection broke before the answer came" };
  }
}
