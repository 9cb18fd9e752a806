/** The demo's Stripe, with every request judged by the schema of its API. */
import { FakeStripe, type FakeStripeOptions } from "../../cli/fake-stripe/fake-stripe.ts";
import type { TheirName } from "../../domain/export/target.ts";
import type {
  Notice,
  OutgoingAnswer,
  OutgoingRequest,
} from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import { judgeOf } from "../request-judge-contract.ts";

const COUNTS_WITHIN_MS = 10 * 60 * 1000;

/** Lists that the schema leaves out; stripe-bytes.test.ts compares them with the SDK's. */
const JUDGED_BY_SDK = new Set([
  "GET /v1/invoices",
  "DELETE /v1/invoices/{id}",
  "GET /v2/core/events/{id}",
]);

/** Adapts the fake to the suite. */
export class JudgedStripe implements FakeTarget {
  readonly #fake: FakeStripe;
  readonly #judge = judgeOf("stripe-billing.openapi.json", JUDGED_BY_SDK);
  readonly #complaints: string[] = [];

  constructor(clock: FakeWorld, options: Omit<FakeStripeOptions, "clock" | "countsWithinMs">) {
    this.#fake = new FakeStripe({ ...options, clock, countsWithinMs: COUNTS_WITHIN_MS });
  }

  answer(request: OutgoingRequest): OutgoingAnswer {
    this.#complaints.push(...this.#judge(request));
    return this.#fake.answer(request);
  }

  get complaints(): readonly string[] {
    return [...this.#complaints, ...this.#fake.meters.complaints];
  }

  total(customer: string, item: string): bigint {
    return this.#fake.total(customer, item);
  }

  tick(): void {
    this.#fake.tick();
  }

  notices(): readonly Notice[] {
    return this.#fake.notices();
  }

  rename(customer: string): TheirName {
    return { id: this.#fake.customers.replace(customer) };
  }
}
