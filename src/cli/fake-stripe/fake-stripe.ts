/**
 * A Stripe account that behaves as its documentation says, for the demo and for the connector's
 * tests. Each rule names its source where it stands; what the documentation leaves open is decided
 * by chance. It keeps everything in memory and never throws for what a sender does wrong.
 */
import { createHash, createHmac } from "node:crypto";
import type {
  Notice,
  OutgoingAnswer,
  OutgoingRequest,
} from "../../engine/export/connector-port.ts";
import { type FakeClock, type FakeRequest, given, invalid, refused } from "./fake-answers.ts";
import { FakeInvoices } from "./fake-invoices.ts";
import { type FakeMeter, FakeMeters, type LateError, type MeterEvent } from "./fake-meters.ts";
import { TheirIds } from "./their-ids.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** "Keys are eligible to be removed after they're at least 24 hours old" (Idempotent requests). */
const KEY_MS = 24 * 60 * MINUTE_MS;
const KEY_MAX_CHARS = 255;
/** "Authentication tokens are only valid for 15 minutes" (npm stripe 23.1.0, MeterEventSession). */
const SESSION_MS = 15 * MINUTE_MS;
const STREAM_MAX_COUNT = 100;
/** Samples of an error report are few; the documentation gives no number. */
const SAMPLES_MAX_COUNT = 5;

/** What an account has. */
export interface FakeStripeOptions {
  readonly clock: FakeClock;
  readonly apiKey: string;
  /** Signs error reports. */
  readonly webhookSecret: string;
  /** Their id of each customer of ours. */
  readonly customers: Readonly<Record<string, string>>;
  readonly meters: readonly FakeMeter[];
  /** How long counting of events takes at most. */
  readonly countsWithinMs: number;
}

interface KeptAnswer {
  readonly fingerprint: string;
  readonly answer: OutgoingAnswer;
  readonly atMs: number;
}

/** One account. */
export class FakeStripe {
  readonly meters: FakeMeters;
  readonly invoices: FakeInvoices;
  readonly customers: TheirIds;
  readonly #options: FakeStripeOptions;
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #sessions = new Map<string, number>();
  readonly #reports = new Map<string, object>();
  #no = 0;

  constructor(options: FakeStripeOptions) {
    const { clock, meters, countsWithinMs } = options;
    this.#options = options;
    this.customers = new TheirIds(options.customers);
    this.meters = new FakeMeters({ clock, meters, customers: this.customers, countsWithinMs });
    this.invoices = new FakeInvoices(clock, this.customers);
  }

  /** Answers a request and keeps what it says. */
  answer(request: OutgoingRequest): OutgoingAnswer {
    const { hostname } = new URL(request.url);
    if (hostname === "meter-events.stripe.com") return this.#streamed(request);
    if (hostname !== "api.stripe.com") return given({ host: hostname });
    if (request.headers.authorization !== `Bearer ${this.#options.apiKey}`) {
      return refused({ status: 401, code: "", message: "Invalid API Key provided" });
    }
    return request.method === "POST" ? this.#idempotent(request) : this.#routed(request);
  }

  /**
   * The first result of a key is given again, and another body under it is an error. What was
   * refused before anything began is not kept (Idempotent requests).
   */
  #idempotent(request: OutgoingRequest): OutgoingAnswer {
    const key = request.headers["idempotency-key"] ?? "";
    if (key.length > KEY_MAX_CHARS) return invalid("Idempotency-Key is too long");
    const body = `${request.url} ${request.body}`;
    const fingerprint = createHash("sha256").update(body).digest("hex");
    const nowMs = this.#options.clock.nowMs();
    const kept = this.#kept.get(key);
    if (kept !== undefined && nowMs - kept.atMs < KEY_MS) {
      if (kept.fingerprint === fingerprint) {
        return { ...kept.answer, headers: { "idempotent-replayed": "true" } };
      }
      const message = "Keys can only be used with the same parameters they were first used with.";
      return refused({ status: 400, code: "", message, type: "idempotency_error" });
    }
    const answer = this.#routed(request);
    if (answer.status === 200) this.#kept.set(key, { fingerprint, answer, atMs: nowMs });
    return answer;
  }

  #routed(request: OutgoingRequest): OutgoingAnswer {
    const { pathname, searchParams } = new URL(request.url);
    const text = String(request.body ?? "");
    const isJson = text.startsWith("{");
    const parts: FakeRequest = {
      ...{ method: request.method, path: pathname, json: isJson ? JSON.parse(text) : null },
      fields: request.method === "POST" && !isJson ? new URLSearchParams(text) : searchParams,
    };
    const place = `${request.method} ${pathname}`;
    const [, id = ""] = /\/(?:meters|invoices|events)\/([^/]+)/.exec(pathname) ?? [];
    return this.#usage(place, parts, id) ?? this.#money(place, parts, id) ?? notThere(place);
  }

  #usage(place: string, request: FakeRequest, id: string): OutgoingAnswer | undefined {
    const { fields, json } = request;
    switch (place) {
      case "POST /v1/billing/meter_events":
        return this.#event(eventOfForm(fields), false);
      case "POST /v2/billing/meter_events":
        return this.#event(eventOfJson(json), true);
      case "POST /v1/billing/meter_event_adjustments":
        return this.#cancel(fields.get("event_name") ?? "", fields.get("cancel[identifier]") ?? "");
      case "POST /v2/billing/meter_event_adjustments":
        return this.#cancel(
          textIn(json, "event_name"),
          textIn(inside(json, "cancel"), "identifier"),
        );
      case "POST /v2/billing/meter_event_session":
        return this.#session();
      case "GET /v1/billing/meters":
        return this.meters.list(request);
      case `GET /v1/billing/meters/${id}/event_summaries`:
        return this.meters.summaries(id, request);
      case `GET /v2/core/events/${id}`:
        return this.#report(id);
      default:
        return undefined;
    }
  }

  #money(place: string, request: FakeRequest, id: string): OutgoingAnswer | undefined {
    switch (place) {
      case "POST /v1/invoiceitems":
        return this.invoices.createItem(request);
      case "GET /v1/invoiceitems":
        return this.invoices.listItems(request);
      case "POST /v1/invoices":
        return this.invoices.createInvoice(request);
      case "GET /v1/invoices":
        return this.invoices.listInvoices(request);
      case `POST /v1/invoices/${id}/finalize`:
        return this.invoices.finalize(id);
      case `DELETE /v1/invoices/${id}`:
        return this.invoices.remove(id);
      default:
        return undefined;
    }
  }

  #event(event: MeterEvent, isStrict: boolean): OutgoingAnswer {
    const problem = this.meters.create(event, isStrict);
    if (problem !== null) return problem;
    const { eventName, identifier, customer, value, timestampMs } = event;
    return given({
      ...{ object: "billing.meter_event", event_name: eventName, identifier, livemode: false },
      payload: { stripe_customer_id: customer, value },
      timestamp: timestampMs / SECOND_MS,
    });
  }

  #cancel(eventName: string, identifier: string): OutgoingAnswer {
    const problem = this.meters.cancel(eventName, identifier);
    const object = "billing.meter_event_adjustment";
    const cancel = { identifier };
    return (
      problem ?? given({ object, event_name: eventName, type: "cancel", status: "pending", cancel })
    );
  }

  #session(): OutgoingAnswer {
    this.#no += 1;
    const token = `token_fake${this.#no}`;
    const endMs = this.#options.clock.nowMs() + SESSION_MS;
    this.#sessions.set(token, endMs);
    const expires = new Date(endMs).toISOString();
    const object = "v2.billing.meter_event_session";
    return given({ object, authentication_token: token, expires_at: expires, livemode: false });
  }

  /** "Events are processed asynchronously, including validation" (MeterEventStream). */
  #streamed({ headers, url, body }: OutgoingRequest): OutgoingAnswer {
    const token = (headers.authorization ?? "").replace("Bearer ", "");
    const endMs = this.#sessions.get(token) ?? 0;
    if (new URL(url).pathname !== "/v2/billing/meter_event_stream") return notThere(url);
    if (endMs <= this.#options.clock.nowMs()) {
      const code = "billing_meter_event_session_expired";
      const message = "The session is over.";
      return refused({ status: 401, code, message, type: "temporary_session_expired" });
    }
    const { events } = JSON.parse(String(body));
    if (events.length > STREAM_MAX_COUNT) return invalid("more than 100 events");
    for (const event of events) this.meters.stream(eventOfJson(event));
    return given({});
  }

  /** Carries out what is due. */
  tick(): void {
    this.meters.tick();
    this.invoices.tick();
  }

  /**
   * Error reports since the last time, as thin events of a v2 event destination: the message names
   * an event, and what went wrong is read from `/v2/core/events`.
   */
  notices(): readonly Notice[] {
    const late = this.meters.late.splice(0);
    return [...Map.groupBy(late, ({ meter }) => meter).values()].map((own) => this.#notice(own));
  }

  #notice(errors: readonly LateError[]): Notice {
    this.#no += 1;
    const id = `evt_fake${this.#no}`;
    const type = "v1.billing.meter.error_report_triggered";
    const meter = errors[0]?.meter ?? "";
    const types = [...Map.groupBy(errors, ({ code }) => code)].map(([code, own]) => ({
      ...{ code, error_count: own.length },
      sample_errors: own.slice(0, SAMPLES_MAX_COUNT).map(({ message, identifier }) => {
        return { error_message: message, request: { identifier } };
      }),
    }));
    const reason = { error_count: errors.length, error_types: types };
    const related = { id: meter, type: "billing.meter", url: `/v1/billing/meters/${meter}` };
    const thin = { id, object: "v2.core.event", type, livemode: false, related_object: related };
    this.#reports.set(id, { ...thin, data: { reason } });
    const seconds = Math.floor(this.#options.clock.nowMs() / SECOND_MS);
    const body = JSON.stringify(thin);
    const hmac = createHmac("sha256", this.#options.webhookSecret);
    const signature = hmac.update(`${seconds}.${body}`).digest("hex");
    return { headers: { "stripe-signature": `t=${seconds},v1=${signature}` }, body };
  }

  #report(id: string): OutgoingAnswer {
    const report = this.#reports.get(id);
    return report === undefined ? notThere(id) : given(report);
  }

  /** What it would bill a customer for an item, in our names and units of 10^-33. */
  total(customer: string, item: string): bigint {
    return this.meters.total(customer, item) + this.invoices.total(customer, item);
  }
}

function notThere(place: string): OutgoingAnswer {
  return refused({ status: 404, code: "resource_missing", message: `Unrecognized: ${place}` });
}

function inside(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | null)?.[name];
}

function textIn(value: unknown, name: string): string {
  const text = inside(value, name);
  return typeof text === "string" ? text : "";
}

function eventOfForm(fields: URLSearchParams): MeterEvent {
  return {
    ...{ eventName: fields.get("event_name") ?? "", identifier: fields.get("identifier") ?? "" },
    customer: fields.get("payload[stripe_customer_id]") ?? "",
    value: fields.get("payload[value]") ?? "",
    timestampMs: Number(fields.get("timestamp")) * SECOND_MS,
  };
}

function eventOfJson(json: unknown): MeterEvent {
  const payload = inside(json, "payload");
  return {
    ...{ eventName: textIn(json, "event_name"), identifier: textIn(json, "identifier") },
    ...{ customer: textIn(payload, "stripe_customer_id"), value: textIn(payload, "value") },
    timestampMs: Date.parse(textIn(json, "timestamp")),
  };
}
