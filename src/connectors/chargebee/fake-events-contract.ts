/** Usage events and what features count from them ("Ingesting usage events", "Usage events"). */
import { formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { type FakeRequest, given, invalid, listed, notFound } from "./fake-answers-contract.ts";
import type { FakeSubscriptions } from "./fake-subscriptions-contract.ts";

const HOUR_MS = 3_600_000;
/** "The timestamp must be within the last 12 hours". */
const PAST_MAX_MS = 12 * HOUR_MS;
/** "You can ingest 500 events in a batch ingestion, each 1 KB in size". */
const BATCH_MAX_COUNT = 500;
const EVENT_MAX_BYTES = 1_024;
const DEDUPLICATION_MAX_CHARS = 36;
const SUBSCRIPTION_MAX_CHARS = 50;
/** "Limit: 10,000 events per minute". */
const EVENTS_A_MINUTE = 10_000;
const MINUTE_MS = 60_000;
/** How long counting takes at most; the documentation gives no number. */
const COUNTS_WITHIN_MS = 10 * MINUTE_MS;
const SIZES_MS: Readonly<Record<string, number>> = { hour: HOUR_MS, minute: MINUTE_MS };

interface Event {
  readonly deduplication_id: string;
  readonly subscription_id: string;
  readonly usage_timestamp: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Taken extends Event {
  readonly countedAtMs: number;
  /** Null: not looked at yet. */
  isCounted: boolean | null;
}

/** What events are counted with. */
export interface EventOptions {
  readonly world: FakeWorld;
  readonly subscriptions: FakeSubscriptions;
  /** Our item of each metered feature: the sum of the property of its name. */
  readonly items: Readonly<Record<string, string>>;
}

/** All events of a site. */
export class FakeEvents {
  readonly #options: EventOptions;
  readonly #taken = new Map<string, Taken>();
  readonly #minutes = new Map<number, number>();
  readonly complaints: string[] = [];

  constructor(options: EventOptions) {
    this.#options = options;
  }

  /** `POST /usage_events`. */
  create({ json }: FakeRequest): OutgoingAnswer {
    const event = json as Event;
    const problem = this.#take(event);
    return problem === null ? given({ usage_event: event }, 202) : invalid(problem);
  }

  /**
   * `POST /batch/usage_events`: 202 with what failed. Whether a wrong event refuses its batch or
   * only itself is not documented beyond `failed_events`: both happen here.
   */
  batch({ json }: FakeRequest): OutgoingAnswer {
    const { events } = json as { readonly events: readonly Event[] };
    if (events.length > BATCH_MAX_COUNT) return invalid("more than 500 events");
    const isWhole = this.#options.world.chance() < 0.5;
    if (isWhole && events.some((event) => this.#problemOf(event) !== null)) {
      return invalid("an event of the batch is invalid");
    }
    const failed = events.flatMap((event) => {
      const message = this.#take(event);
      return message === null ? [] : [{ ...event, error: { message } }];
    });
    return given({ batch_id: `batch_${this.#taken.size}`, failed_events: failed }, 202);
  }

  #problemOf({ usage_timestamp: atMs, subscription_id: of, ...event }: Event): string | null {
    const nowMs = this.#options.world.nowMs();
    if (atMs < nowMs - PAST_MAX_MS) return "The timestamp must be within the last 12 hours.";
    if (atMs > nowMs) return "The timestamp lies in the future.";
    if (of.length > SUBSCRIPTION_MAX_CHARS) return "subscription_id is too long";
    if (event.deduplication_id.length > DEDUPLICATION_MAX_CHARS) return "deduplication_id";
    const size = JSON.stringify({ usage_timestamp: atMs, subscription_id: of, ...event }).length;
    return size > EVENT_MAX_BYTES ? "longer than 1 KB" : null;
  }

  /** "If both events share the same ID, only one event is recorded". */
  #take(event: Event): string | null {
    const problem = this.#problemOf(event);
    if (problem !== null) return problem;
    const { world } = this.#options;
    const minute = Math.floor(world.nowMs() / MINUTE_MS);
    const count = (this.#minutes.get(minute) ?? 0) + 1;
    this.#minutes.set(minute, count);
    if (count > EVENTS_A_MINUTE) this.complaints.push("more than 10,000 events in a minute");
    const { usage_timestamp: atMs, subscription_id: of, deduplication_id: id } = event;
    const identity = JSON.stringify([atMs, of, id]);
    if (this.#taken.has(identity)) return null;
    const countedAtMs = world.nowMs() + Math.floor(world.chance() * COUNTS_WITHIN_MS);
    this.#taken.set(identity, { ...event, countedAtMs, isCounted: null });
    return null;
  }

  /** Counts what is due: a subscription may come after its events ("Ingest a usage event"). */
  tick(): void {
    const { world, subscriptions } = this.#options;
    for (const event of this.#taken.values()) {
      if (event.isCounted !== null || event.countedAtMs > world.nowMs()) continue;
      event.isCounted = subscriptions.isActive(event.subscription_id);
    }
  }

  #countedOf(feature: string): readonly (Event & { readonly value: bigint })[] {
    return [...this.#taken.values()]
      .filter(({ isCounted, properties }) => isCounted === true && feature in properties)
      .map((event) => ({ ...event, value: valueIn(event.properties[feature]) }));
  }

  /** `GET /subscriptions/{id}/usage_summary`: sums of hours or minutes that have any. */
  summary(subscription: string, request: FakeRequest): OutgoingAnswer {
    this.tick();
    const { fields } = request;
    if (!this.#options.subscriptions.isKnown(subscription)) return notFound(subscription);
    const feature = fields.get("feature_id") ?? "";
    if (!Object.hasOwn(this.#options.items, feature)) return notFound(`feature ${feature}`);
    const sizeMs = SIZES_MS[fields.get("window_size") ?? ""];
    if (sizeMs === undefined) return invalid("this fake sums hours and minutes");
    const [fromMs, toMs] = ["timeframe_start", "timeframe_end"].map((name) => {
      return Number(fields.get(name)) * 1_000;
    }) as [number, number];
    const own = this.#countedOf(feature)
      .filter((event) => event.subscription_id === subscription)
      .filter(({ usage_timestamp: atMs }) => atMs >= fromMs && atMs < toMs);
    const windows = Map.groupBy(own, (event) => Math.floor(event.usage_timestamp / sizeMs));
    const rows = [...windows].map(([no, events]) => ({
      ...{ subscription_id: subscription, feature_id: feature, object: "usage_summary" },
      // Whether sums are exact is not documented: here they are those of doubles.
      aggregated_value: String(events.reduce((sum, one) => sum + numberIn(one.value), 0)),
      aggregated_from: (no * sizeMs) / 1_000,
      aggregated_to: ((no + 1) * sizeMs) / 1_000,
    }));
    return listed("usage_summary", rows, request);
  }

  /** What is or will be invoiced, in our names. */
  total(customer: string, item: string): bigint {
    const { subscriptions, items } = this.#options;
    return Object.keys(items)
      .filter((feature) => items[feature] === item)
      .flatMap((feature) => this.#countedOf(feature))
      .filter((event) => subscriptions.ours(event.subscription_id) === customer)
      .reduce((sum, { value }) => sum + value, 0n);
  }
}

function numberIn(value: bigint): number {
  return Number(formatValue(value));
}

/** A number of JSON, as a double has it. */
function valueIn(value: unknown): bigint {
  const text = typeof value === "number" ? value.toFixed(9) : "";
  return parseValue(text.replace(/\.?0+$/, "")) ?? 0n;
}
