/**
 * Quantities as meter events. The line's key is the event's identifier, which Stripe knows for at
 * least 24 hours. An event says what is new, or where meters keep the newest event of a UTC hour or
 * day, what the whole window comes to: that is right whatever was lost before.
 */

import { TollgateError } from "../../domain/errors.ts";
import type { Outcome } from "../../domain/export/capability.ts";
import { type ExportLine, formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { Told } from "../../domain/export/resolve-window.ts";
import type { ExportTarget, TheirName } from "../../domain/export/target.ts";
import type { Freezing, Session, Theirs } from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import { type FormFields, formBody } from "./form.ts";
import { errorOf, outcomeOfSent, type Post, parsed, post, STREAM_HOST } from "./stripe-api.ts";
import { readSettings, type StripeSettings } from "./stripe-settings.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SECOND_MS = 1_000;

/** Where windows must begin and end, in milliseconds: sums are asked for whole minutes. */
const BUCKET_MS: Readonly<Record<StripeSettings["meters"], number>> = {
  ...{ sum: MINUTE_MS, hour: HOUR_MS, day: DAY_MS },
};

/** An event of ours, or the taking back of one, as its frozen body says it. */
export interface FrozenEvent {
  readonly eventName: string;
  readonly identifier: string;
  /** "" where an event is taken back. */
  readonly customer: string;
  readonly value: string;
  readonly isCancel: boolean;
}

/** The bytes of a line. Throws `target.invalid` where its window is not one of the meters'. */
export function freezeEvent(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  const { api, meters } = readSettings(target);
  const isForm = api === "v1";
  const { key, takesBack } = line;
  if (takesBack !== null) return cancelBody(takesBack, isForm);
  const seconds = eventSeconds(line, meters);
  const { customer, item } = theirs;
  const payload = { [customerKey(item)]: customer.id ?? "", [valueKey(item)]: "" };
  const place = placeKey({ eventName: item.id ?? "", customer: customer.id ?? "" });
  const value = meters === "sum" ? line.value : line.windowTotal - toldElsewhere(line, place);
  payload[valueKey(item)] = formatValue(value);
  const eventName = item.id ?? "";
  if (isForm) {
    const head: FormFields = [
      ...([["event_name", eventName]] as const),
      ...([["identifier", key]] as const),
      ...([["timestamp", String(seconds)]] as const),
    ];
    const fields = Object.entries(payload).map(
      ([name, text]) => [`payload[${name}]`, text] as const,
    );
    return formBody([...head, ...fields]);
  }
  const timestamp = new Date(seconds * SECOND_MS).toISOString().replace(".000Z", "Z");
  return JSON.stringify({ event_name: eventName, identifier: key, payload, timestamp });
}

/** Names of a payload's fields; a meter may have others than the usual ones. */
function customerKey({ customerKey: name = "stripe_customer_id" }: TheirName): string {
  return name;
}

function valueKey({ valueKey: name = "value" }: TheirName): string {
  return name;
}

function cancelBody(line: ExportLine, isForm: boolean): string {
  const { eventName, identifier } = readEvent(line.body);
  if (!isForm) {
    return JSON.stringify({ event_name: eventName, type: "cancel", cancel: { identifier } });
  }
  return formBody([
    ...([["event_name", eventName]] as const),
    ...([["type", "cancel"]] as const),
    ...([["cancel[identifier]", identifier]] as const),
  ]);
}

/**
 * The time of a window's event. Of several in the bucket of a pre-aggregated meter, the newest
 * counts; whether by its time or by when it came is not documented, so a later line has both.
 */
function eventSeconds({ window, revision }: Freezing, meters: StripeSettings["meters"]): number {
  const bucketMs = BUCKET_MS[meters];
  if (window.startMs % bucketMs !== 0 || window.endMs % bucketMs !== 0) {
    const unit = meters === "sum" ? "minute" : meters;
    const start = new Date(window.startMs).toISOString();
    const detail = `Its window from ${start} does not begin and end with a ${unit} of UTC`;
    throw new TollgateError("target.invalid", `${detail}, as Stripe's meters need it.`);
  }
  const last = window.endMs / SECOND_MS - 1;
  if (meters === "sum") return last;
  return Math.min((window.endMs - bucketMs) / SECOND_MS + revision, last);
}

const OPEN: ReadonlySet<ExportLine["state"]> = new Set([
  ...(["ready", "in_flight", "accepted", "unknown"] as const),
]);

/**
 * What stands under other names than a line's own: a customer who was replaced there in the middle
 * of a window keeps what was told of the former one. Throws `export.line_state` while that is in
 * doubt: a total that takes it off would be wrong once it is refused.
 */
function toldElsewhere({ earlier, key }: Freezing, place: string): bigint {
  const newest = new Map<string, bigint>();
  for (const line of earlier) {
    const told = toldBy(line);
    if (told.place === place) continue;
    if (OPEN.has(line.state)) {
      const detail = `"${line.key}" tells a former name of theirs, and may have arrived.`;
      throw new TollgateError("export.line_state", `${detail} "${key}" waits for it.`, "key");
    }
    if (line.state === "confirmed") newest.set(told.place, told.value);
  }
  return [...newest.values()].reduce((sum, value) => sum + value, 0n);
}

/** A customer and meter of theirs, as one text. */
export function placeKey({
  eventName,
  customer,
}: Pick<FrozenEvent, "eventName" | "customer">): string {
  return JSON.stringify([eventName, customer]);
}

interface EventDocument {
  readonly event_name: string;
  readonly identifier?: string;
  readonly payload?: Readonly<Record<string, string>>;
  readonly cancel?: { readonly identifier: string };
}

/** What a frozen body says. The payload's first field is the customer, its second the value. */
export function readEvent(body: string): FrozenEvent {
  const document = body.startsWith("{")
    ? (parsed(body) as EventDocument | null)
    : documentOf(new URLSearchParams(body));
  const [customer = "", value = ""] = Object.values(document?.payload ?? {});
  return {
    ...{ eventName: document?.event_name ?? "", customer, value },
    identifier: document?.cancel?.identifier ?? document?.identifier ?? "",
    isCancel: document?.cancel !== undefined,
  };
}

function documentOf(form: URLSearchParams): EventDocument {
  const payload = [...form].filter(([name]) => name.startsWith("payload["));
  const cancelled = form.get("cancel[identifier]");
  return {
    event_name: form.get("event_name") ?? "",
    identifier: form.get("identifier") ?? "",
    payload: Object.fromEntries(payload),
    ...(cancelled === null ? {} : { cancel: { identifier: cancelled } }),
  };
}

/** What an event says of its window, for meters that keep the newest. */
export function toldBy({ body }: ExportLine): Told {
  const event = readEvent(body);
  return { place: placeKey(event), value: parseValue(event.value) ?? 0n };
}

/** An event can be cancelled for 24 hours after it was received; an hour of it is kept clear. */
const CANCEL_WITHIN_MS = DAY_MS - HOUR_MS;

/** Whether a line's event can still be cancelled. */
export function canCancel({ body, firstSentAtMs }: ExportLine, nowMs: number): boolean {
  if (firstSentAtMs === null || readEvent(body).isCancel) return false;
  return nowMs - firstSentAtMs < CANCEL_WITHIN_MS;
}

type Sendable = Pick<ExportLine, "key" | "body" | "attempts">;

/** Requests for lines, in the order of what they are about. */
export function eventPosts(lines: readonly Sendable[], target: ExportTarget): Post[] {
  const { api } = readSettings(target);
  const streamed = lines.filter((line) => isStreamed(line, api));
  const single = lines.filter((line) => !isStreamed(line, api)).map(singlePost);
  return streamed.length === 0 ? single : [...single, streamPost(streamed)];
}

function isStreamed({ body }: Sendable, api: StripeSettings["api"]): boolean {
  return api === "stream" && body.startsWith("{") && !readEvent(body).isCancel;
}

/**
 * First answers to a header's key are given again, also a 500, so an event, which has its
 * identifier, gets a new one with each attempt. A cancellation has nothing else, and keeps it.
 */
function singlePost({ key, body, attempts }: Sendable): Post {
  const version = body.startsWith("{") ? "v2" : "v1";
  const { isCancel } = readEvent(body);
  const path = `/${version}/billing/${isCancel ? "meter_event_adjustments" : "meter_events"}`;
  const idempotencyKey = isCancel ? key : attemptKey({ key, attempts });
  return { path, body, idempotencyKey };
}

function attemptKey({ key, attempts }: Pick<Sendable, "key" | "attempts">): string {
  return `${key}/${Math.max(attempts, 1)}`;
}

function streamPost(lines: readonly Sendable[]): Post {
  const [first] = lines;
  const body = `{"events":[${lines.map((line) => line.body).join(",")}]}`;
  const idempotencyKey = first === undefined ? "" : attemptKey(first);
  return { host: STREAM_HOST, path: "/v2/billing/meter_event_stream", body, idempotencyKey };
}

/** Sends lines: alone, or together by the stream. */
export async function sendEvents(
  lines: readonly ExportLine[],
  session: Session,
): Promise<Outcome[]> {
  const { api } = readSettings(session.target);
  const streamed = lines.filter((line) => isStreamed(line, api));
  const outcomes = new Map<string, Outcome>();
  if (streamed.length > 0) {
    for (const [key, one] of await sendStream(streamed, session)) outcomes.set(key, one);
  }
  for (const line of lines) {
    if (outcomes.has(line.key)) continue;
    outcomes.set(line.key, outcomeOfSent(await post(singlePost(line), session)));
  }
  return lines.map(({ key }) => outcomes.get(key) ?? outcome("unknown_outcome", "not sent"));
}

const BAD_REQUEST = 400;

/** Empty: the batch was refused for one of its events, and which one is found by sending each. */
async function sendStream(
  lines: readonly ExportLine[],
  session: Session,
): Promise<ReadonlyMap<string, Outcome>> {
  const all = (one: Outcome) => new Map(lines.map(({ key }) => [key, one]));
  const token = await streamToken(session);
  if (typeof token !== "string") return all(token);
  const sent = await post(streamPost(lines), session, token);
  if (sent.kind === "answered") {
    const { type, code } = errorOf(sent.answer);
    if (type === SESSION_EXPIRED || code === SESSION_EXPIRED || sent.answer.status === 401) {
      session.memory.delete(TOKEN);
      return all(outcome("retry_same_bytes", "the stream's session is over"));
    }
    if (sent.answer.status === BAD_REQUEST) return new Map();
  }
  return all(outcomeOfSent(sent));
}

const TOKEN = "stream_token";
const SESSION_EXPIRED = "temporary_session_expired";

/** The token of a session, which lasts for 15 minutes; an outcome where there is none. */
async function streamToken(session: Session): Promise<string | Outcome> {
  const known = session.memory.get(TOKEN);
  if (known !== undefined && session.nowMs() < known.untilMs) return known.value;
  const idempotencyKey = `session/${session.nowMs()}`;
  const path = "/v2/billing/meter_event_session";
  const sent = await post({ path, body: "{}", idempotencyKey }, session);
  const became = outcomeOfSent(sent);
  if (sent.kind !== "answered" || became.class !== "accepted") {
    // No event was sent: whatever became of the session, the lines are as they were.
    return became.class === "auth" ? became : outcome("retry_same_bytes", became.note);
  }
  const opened = parsed(sent.answer.body) as Record<string, unknown> | null;
  const { authentication_token: token, expires_at: end } = opened ?? {};
  const endMs = Date.parse(String(end));
  if (typeof token !== "string" || Number.isNaN(endMs)) {
    return outcome("retry_same_bytes", "the answer names no session");
  }
  session.memory.set(TOKEN, { value: token, untilMs: endMs - MINUTE_MS });
  return token;
}
