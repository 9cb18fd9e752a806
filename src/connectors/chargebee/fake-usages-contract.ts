/** Usages of metered item prices, as the API reference ("Usages") and its guide describe them. */
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import {
  type FakeRequest,
  given,
  invalid,
  listed,
  notFound,
  refused,
} from "./fake-answers-contract.ts";
import type { FakeSubscriptions } from "./fake-subscriptions-contract.ts";

const SECOND_MS = 1_000;
/** "The maximum number of usages ... for the entire lifetime of a subscription is 5000". */
export const USAGES_MAX_COUNT = 5_000;
const ID_MAX_CHARS = 100;
const QUANTITY_MAX_CHARS = 40;

interface Usage {
  readonly id: string;
  readonly subscription_id: string;
  readonly item_price_id: string;
  readonly usage_date: number;
  readonly quantity: string;
  readonly created_at: number;
  /** Whether it came after the invoice of its term was closed: then no invoice ever has it. */
  readonly isLate: boolean;
  isDeleted: boolean;
  /** Deleted when its invoice was closed already: that stays as it is. */
  isBilled: boolean;
}

/** How the fake's terms end. */
export interface UsageOptions {
  readonly world: FakeWorld;
  readonly subscriptions: FakeSubscriptions;
  /** Our item of each metered item price. */
  readonly items: Readonly<Record<string, string>>;
  /** How long an invoice is pending after its term, a month of UTC. */
  readonly closesAfterMs: number;
  /** Usages of a subscription; support raises it. */
  readonly usagesMaxCount: number;
}

/** All usages of a site. */
export class FakeUsages {
  readonly #options: UsageOptions;
  readonly #usages: Usage[] = [];

  constructor(options: UsageOptions) {
    this.#options = options;
  }

  /** `POST /subscriptions/{id}/usages`. */
  create(subscription: string, { fields }: FakeRequest): OutgoingAnswer {
    const { world, subscriptions, items } = this.#options;
    if (!subscriptions.isActive(subscription)) return notFound(subscription);
    const [id, item, quantity] = ["id", "item_price_id", "quantity"].map((one) => fields.get(one));
    const seconds = Number(fields.get("usage_date"));
    if (item === null || item === undefined || !Object.hasOwn(items, item)) {
      return notFound(`item price ${item}`);
    }
    // Not documented; refused here, for it is worse for us.
    if (seconds * SECOND_MS > world.nowMs()) return invalid("usage_date lies in the future");
    const problem = problemOf({ id: id ?? "", quantity: quantity ?? "", seconds });
    if (problem !== null) return invalid(problem);
    const own = this.#usages.filter((one) => one.subscription_id === subscription);
    const there = own.filter((one) => !one.isDeleted);
    const duplicate = this.#duplicate(there, { id: id ?? "", item, seconds });
    if (duplicate !== null) return duplicate;
    if (own.length >= this.#options.usagesMaxCount) {
      return refused(400, "resource_limit_exhausted", "no more usages of a subscription");
    }
    // "Stored but never invoiced": a usage of a term that is invoiced (API reference, Usages).
    const isLate = world.nowMs() >= this.#closesAtMs(seconds);
    const usage: Usage = {
      ...{ id: id ?? "", subscription_id: subscription, item_price_id: item, isLate },
      ...{ usage_date: seconds, quantity: quantity ?? "", isDeleted: false, isBilled: false },
      created_at: Math.floor(world.nowMs() / SECOND_MS),
    };
    this.#usages.push(usage);
    return given({ usage: shown(usage) }, 201);
  }

  /** One of an id; "only one usage record for a specific usage_date" of an item price. */
  #duplicate(
    there: readonly Usage[],
    { id, item, seconds }: { readonly id: string; readonly item: string; readonly seconds: number },
  ): OutgoingAnswer | null {
    const hasId = there.some((one) => one.id === id);
    const hasDate = there.some((one) => one.item_price_id === item && one.usage_date === seconds);
    if (!hasId && !hasDate) return null;
    return refused(400, "duplicate_entry", hasId ? "id is there already" : "usage_date is taken");
  }

  #closesAtMs(seconds: number): number {
    const date = new Date(seconds * SECOND_MS);
    const endMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    return endMs + this.#options.closesAfterMs;
  }

  /** `POST /subscriptions/{id}/delete_usage`. */
  remove(subscription: string, { fields }: FakeRequest): OutgoingAnswer {
    const usage = this.#usages.find((one) => {
      const isIt = one.id === fields.get("id") && one.subscription_id === subscription;
      return isIt && !one.isDeleted;
    });
    if (usage === undefined) return notFound("usage");
    usage.isDeleted = true;
    const isClosed = this.#options.world.nowMs() >= this.#closesAtMs(usage.usage_date);
    usage.isBilled = isClosed && !usage.isLate;
    return given({ usage: shown(usage) });
  }

  /** `GET /usages`. */
  list(request: FakeRequest): OutgoingAnswer {
    const { fields } = request;
    const is = (name: string, value: string) => [null, value].includes(fields.get(`${name}[is]`));
    const between = fields.get("usage_date[between]") ?? "[0,9999999999]";
    const [from, to] = JSON.parse(between) as [number, number];
    const rows = this.#usages
      .filter((one) => !one.isDeleted && is("id", one.id))
      .filter((one) => is("subscription_id", one.subscription_id))
      .filter((one) => is("item_price_id", one.item_price_id))
      .filter((one) => one.usage_date >= from && one.usage_date <= to);
    return listed("usage", rows.map(shown), request);
  }

  /** What is or will be invoiced, in our names. */
  total(customer: string, item: string): bigint {
    const { subscriptions, items } = this.#options;
    return this.#usages
      .filter((one) => subscriptions.ours(one.subscription_id) === customer)
      .filter((one) => items[one.item_price_id] === item && !one.isLate)
      .filter((one) => !one.isDeleted || one.isBilled)
      .reduce((sum, { quantity }) => sum + (parseValue(quantity) ?? 0n), 0n);
  }
}

function problemOf(usage: {
  readonly id: string;
  readonly quantity: string;
  readonly seconds: number;
}): string | null {
  const { id, quantity, seconds } = usage;
  if (id.length > ID_MAX_CHARS) return "id has more than 100 characters";
  const isQuantity = quantity.length <= QUANTITY_MAX_CHARS && /^[0-9]+(\.[0-9]+)?$/.test(quantity);
  if (!isQuantity) return `quantity "${quantity}"`;
  return Number.isSafeInteger(seconds) && seconds > 0 ? null : "usage_date";
}

function shown({ isLate: _, isDeleted: __, isBilled: ___, ...usage }: Usage): object {
  return { ...usage, source: "api", object: "usage" };
}
