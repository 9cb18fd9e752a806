/**
 * Meters as docs.stripe.com/billing/subscriptions/usage-based/recording-usage-api and the API
 * reference describe them. Events are taken at once and counted in the background.
 */
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import {
  type FakeClock,
  type FakeRequest,
  given,
  invalid,
  listed,
  refused,
} from "./fake-answers.ts";
import type { TheirIds } from "./their-ids.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** "timestamp: must be within the past 35 calendar days or up to 5 minutes in the future". */
const PAST_MAX_MS = 35 * DAY_MS;
const FUTURE_MAX_MS = 5 * MINUTE_MS;
/** "identifier: uniqueness is enforced within a rolling period of at least 24 hours". */
const IDENTIFIER_MS = DAY_MS;
const IDENTIFIER_MAX_CHARS = 100;
/** "You can only cancel an event within 24 hours of Stripe receiving it". */
const CANCEL_MS = DAY_MS;
/** Changelog 2026-04-22.dahlia: values of more than 15 significant digits are refused. */
const DIGITS_MAX = 15;

/** A meter to be there. */
export interface FakeMeter {
  /** Our name of what it counts. */
  readonly item: string;
  readonly eventName: string;
  /** `hour`, `day`: the newest event of each in UTC counts ("event_time_window"). */
  readonly window: "hour" | "day" | null;
}

/** An event as it came. */
export interface MeterEvent {
  readonly eventName: string;
  readonly identifier: string;
  readonly customer: string;
  readonly value: string;
  readonly timestampMs: number;
}

interface Taken extends MeterEvent {
  readonly receivedMs: number;
  readonly no: number;
  countedAtMs: number;
  state: "pending" | "counted" | "cancelled" | "refused";
}

/** An event that was refused after it was taken. */
export interface LateError {
  readonly code: string;
  readonly message: string;
  readonly identifier: string;
  readonly meter: string;
}

/** How a fake counts. */
export interface MeterOptions {
  readonly clock: FakeClock;
  readonly customers: TheirIds;
  readonly meters: readonly FakeMeter[];
  /** How long counting may take at most. */
  readonly countsWithinMs: number;
}

/** All meters of an account. */
export class FakeMeters {
  readonly #options: MeterOptions;
  readonly #taken: Taken[] = [];
  readonly #identifiers = new Map<string, number>();
  readonly #cancels: { readonly identifier: string; readonly dueMs: number }[] = [];
  /** Whether the newest of a window is so by its time or by when it came: not documented. */
  readonly #isNewestByTime: boolean;
  readonly late: LateError[] = [];
  readonly complaints: string[] = [];

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#isNewestByTime = options.clock.chance() < 0.5;
  }

  /** `POST …/meter_events`: v2 tells at once what v1 tells later ("validated synchronously"). */
  create(event: MeterEvent, isStrict: boolean): OutgoingAnswer | null {
    const { customers, clock } = this.#options;
    const problem = this.#problemOf(event);
    if (problem !== null) return problem;
    const known = this.#identifiers.get(event.identifier);
    if (known !== undefined && clock.nowMs() - known < IDENTIFIER_MS) {
      const message = `An event already exists with identifier ${event.identifier}.`;
      return refused({ status: 400, code: "", message });
    }
    if (isStrict && !customers.isActive(event.customer)) {
      return invalid(`No such customer: '${event.customer}'`, "resource_missing");
    }
    this.#take(event);
    return null;
  }

  /** An event of the stream: everything about it is found out later. */
  stream(event: MeterEvent): void {
    const known = this.#identifiers.get(event.identifier);
    const isKnown = known !== undefined && this.#options.clock.nowMs() - known < IDENTIFIER_MS;
    if (!isKnown) this.#take(event);
  }

  #problemOf(event: MeterEvent): OutgoingAnswer | null {
    const nowMs = this.#options.clock.nowMs();
    if (event.identifier.length > IDENTIFIER_MAX_CHARS) return invalid("identifier is too long");
    const late = this.#lateProblem(event, nowMs);
    return late === null ? null : invalid(late.message, late.code);
  }

  /** Codes of `v1.billing.meter.error_report_triggered`. */
  #lateProblem(event: MeterEvent, receivedMs: number): { code: string; message: string } | null {
    const meter = this.#meter(event.eventName);
    if (meter === undefined) {
      return { code: "no_meter", message: `No active meter found for ${event.eventName}.` };
    }
    const digits = event.value.replace(/[-.]/g, "").replace(/^0+/, "").length;
    if (digits > DIGITS_MAX) {
      return { code: "meter_event_value_too_many_digits", message: `${digits} digits.` };
    }
    if (!/^[0-9]+(\.[0-9]+)?$/.test(event.value)) {
      return { code: "meter_event_invalid_value", message: `"${event.value}" is no value.` };
    }
    if (event.timestampMs < receivedMs - PAST_MAX_MS) {
      return { code: "timestamp_too_far_in_past", message: "The timestamp is too old." };
    }
    if (event.timestampMs > receivedMs + FUTURE_MAX_MS) {
      return { code: "timestamp_in_future", message: "The timestamp is in the future." };
    }
    return null;
  }

  #take(event: MeterEvent): void {
    const { clock, countsWithinMs } = this.#options;
    const receivedMs = clock.nowMs();
    this.#identifiers.set(event.identifier, receivedMs);
    const countedAtMs = receivedMs + Math.floor(clock.chance() * countsWithinMs);
    const no = this.#taken.length;
    this.#taken.push({ ...event, receivedMs, no, countedAtMs, state: "pending" });
  }

  /** `POST …/meter_event_adjustments` with type `cancel`; null: it is taken. */
  cancel(eventName: string, identifier: string): OutgoingAnswer | null {
    const { clock, countsWithinMs } = this.#options;
    const event = this.#taken.findLast((one) => one.identifier === identifier);
    if (event === undefined || event.eventName !== eventName) {
      return invalid(`No event was found with identifier ${identifier}.`, "resource_missing");
    }
    if (this.#cancels.some((one) => one.identifier === identifier)) {
      return invalid(`The event ${identifier} is cancelled already.`);
    }
    if (clock.nowMs() - event.receivedMs > CANCEL_MS) {
      return invalid(`The event ${identifier} was received more than 24 hours ago.`);
    }
    const dueMs = clock.nowMs() + Math.floor(clock.chance() * countsWithinMs);
    this.#cancels.push({ identifier, dueMs });
    return null;
  }

  /** Counts what is due. */
  tick(): void {
    const { clock, customers } = this.#options;
    const nowMs = clock.nowMs();
    for (const event of this.#taken) {
      if (event.state !== "pending" || event.countedAtMs > nowMs) continue;
      const problem = this.#lateProblem(event, event.receivedMs);
      const isThere = customers.isActive(event.customer);
      event.state = problem === null && isThere ? "counted" : "refused";
      if (event.state === "counted") continue;
      const meter = idOf(event.eventName);
      const message = `No such customer: '${event.customer}'`;
      const missing = { code: "meter_event_customer_not_found", message };
      this.late.push({ ...(problem ?? missing), identifier: event.identifier, meter });
    }
    for (const { identifier, dueMs } of this.#cancels) {
      if (dueMs > nowMs) continue;
      const event = this.#taken.findLast((one) => one.identifier === identifier);
      if (event !== undefined && event.state === "counted") event.state = "cancelled";
    }
  }

  /** `GET /v1/billing/meters`. */
  list(request: FakeRequest): OutgoingAnswer {
    const rows = this.#options.meters.map(({ eventName, window }) => ({
      ...{ id: idOf(eventName), object: "billing.meter", event_name: eventName, status: "active" },
      ...{ event_time_window: window, default_aggregation: { formula: "sum" } },
      customer_mapping: { type: "by_id", event_payload_key: "stripe_customer_id" },
      value_settings: { event_payload_key: "value" },
    }));
    return listed(rows, request);
  }

  /** `GET /v1/billing/meters/{id}/event_summaries`: a sum of doubles, as JSON has numbers. */
  summaries(id: string, { fields }: FakeRequest): OutgoingAnswer {
    this.tick();
    const meter = this.#options.meters.find(({ eventName }) => idOf(eventName) === id);
    if (meter === undefined) return refused({ status: 404, code: "resource_missing", message: id });
    const customer = fields.get("customer") ?? "";
    if (!this.#options.customers.isKnown(customer)) {
      return invalid(`No such customer: '${customer}'`, "resource_missing");
    }
    const [start, end] = ["start_time", "end_time"].map((name) => Number(fields.get(name)) * 1000);
    const isAligned = [start, end].every((ms) => ms !== undefined && ms % MINUTE_MS === 0);
    if (!isAligned) return invalid("start_time and end_time are aligned with minute boundaries");
    const values = this.#counting(meter)
      .filter((event) => event.customer === customer)
      .filter(({ timestampMs: at }) => at >= (start ?? 0) && at < (end ?? 0));
    const aggregated = values.reduce((sum, { value }) => sum + Number(value), 0);
    const summary = {
      ...{ id: `mtrusg_${id}`, object: "billing.meter_event_summary", livemode: false, meter: id },
      ...{
        aggregated_value: aggregated,
        start_time: (start ?? 0) / 1000,
        end_time: (end ?? 0) / 1000,
      },
    };
    const data = values.length === 0 ? [] : [summary];
    return given({ object: "list", has_more: false, url: "", data });
  }

  /** What counts: all that was added up, or the newest of each window. */
  #counting({ eventName, window }: FakeMeter): readonly Taken[] {
    const counted = this.#taken.filter((one) => {
      return one.state === "counted" && one.eventName === eventName;
    });
    if (window === null) return counted;
    const size = window === "hour" ? HOUR_MS : DAY_MS;
    const newest = new Map<string, Taken>();
    for (const event of counted) {
      const place = `${event.customer} ${Math.floor(event.timestampMs / size)}`;
      const other = newest.get(place);
      if (other === undefined || this.#isNewer(event, other)) newest.set(place, event);
    }
    return [...newest.values()];
  }

  #isNewer(one: Taken, other: Taken): boolean {
    return this.#isNewestByTime ? one.timestampMs >= other.timestampMs : one.no > other.no;
  }

  /** What it would bill a customer for an item, in our names. */
  total(customer: string, item: string): bigint {
    const meter = this.#options.meters.find((one) => one.item === item);
    if (meter === undefined) return 0n;
    return this.#counting(meter)
      .filter((event) => this.#options.customers.ours(event.customer) === customer)
      .reduce((sum, { value }) => sum + (parseValue(value) ?? 0n), 0n);
  }

  #meter(name: string): FakeMeter | undefined {
    return this.#options.meters.find(({ eventName }) => eventName === name);
  }
}

function idOf(eventName: string): string {
  return `mtr_${eventName.replaceAll(/[^A-Za-z0-9]/g, "")}`;
}
