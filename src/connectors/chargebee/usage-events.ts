/**
 * Quantities as usage events, which metered features are counted from. An event is known by its
 * time, subscription and deduplication id together, so its time is frozen with the line's key. It
 * must not be older than twelve hours, and cannot be taken back.
 */
import { assert } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { Outcome } from "../../domain/export/capability.ts";
import {
  EXPORT_SCALE,
  type ExportLine,
  formatValue,
  parseValue,
} from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import { quotient } from "../../domain/money/rounding.ts";
import type {
  Freezing,
  HeldSumAsked,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import {
  type Listing,
  outcomeOfAnswer,
  outcomeOfSent,
  type Post,
  parsed,
  post,
  readList,
} from "./chargebee-api.ts";
import { waitsForClock } from "./clock-skew.ts";
import type { FormFields } from "./form.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** "Within the last 12 hours" (ingest a usage event); an hour is kept clear. */
export const EVENT_PAST_MAX_MS = 11 * HOUR_MS;
/** "A single event can be of 1 KB in size". */
const EVENT_MAX_BYTES = 1_024;

/** An event's body. */
interface UsageEvent {
  readonly deduplication_id: string;
  readonly subscription_id: string;
  readonly usage_timestamp: number;
  /** The quantity, and the feature that is counted from it. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Names the feature in an event, for reading back by it and for whoever looks at events there. */
const FEATURE = "tollgate_feature";

/**
 * The bytes of a line. The quantity is written as the number that it is: of 15 digits, none is lost
 * where it is read as a double. Throws `target.invalid` where the window does not begin and end
 * with a minute of UTC, or the event is too long.
 */
export function freezeUsageEvent(line: Freezing, { customer, item }: Theirs): string {
  const { startMs, endMs } = line.window;
  if (startMs % MINUTE_MS !== 0 || endMs % MINUTE_MS !== 0) {
    const start = new Date(startMs).toISOString();
    const detail = `Its window from ${start} does not begin and end with a minute of UTC.`;
    throw new TollgateError("target.invalid", detail);
  }
  const feature = item.id ?? "";
  const field = JSON.stringify(item.property ?? feature);
  const head = JSON.stringify({
    ...{ deduplication_id: line.key, subscription_id: customer.id ?? "" },
    usage_timestamp: endMs - 1,
  });
  const value = formatValue(line.value);
  const properties = `{${field}:${value},${JSON.stringify(FEATURE)}:${JSON.stringify(feature)}}`;
  const body = `${head.slice(0, -1)},"properties":${properties}}`;
  if (Buffer.byteLength(body) <= EVENT_MAX_BYTES) return body;
  throw new TollgateError("target.invalid", "Its event would be longer than 1 KB.");
}

/** Whether a line is an event. */
export function isEvent({ body }: Pick<ExportLine, "body">): boolean {
  return body.startsWith('{"deduplication_id"');
}

function readEvent(body: string): UsageEvent {
  return JSON.parse(body) as UsageEvent;
}

/** The request for lines: one batch. */
export function eventsPost(lines: readonly Pick<ExportLine, "body">[]): Post {
  const body = `{"events":[${lines.map((line) => line.body).join(",")}]}`;
  return { path: "/batch/usage_events", body, idempotencyKey: null };
}

const BAD_REQUEST = 400;

/** Sends lines together; where the batch is refused for one of them, each alone. */
export async function sendUsageEvents(
  lines: readonly ExportLine[],
  session: Session,
): Promise<readonly Outcome[]> {
  const isLate = ({ window }: ExportLine) => session.nowMs() - window.endMs > EVENT_PAST_MAX_MS;
  const going = lines.filter((line) => !isLate(line) && waitsForClock(line, session) === null);
  const outcomes = going.length === 0 ? new Map() : await sendBatch(going, session);
  const late = outcome("closed_period", "not sent: an event is at most 12 hours old");
  return lines.map((line) => outcomes.get(line.key) ?? waitsForClock(line, session) ?? late);
}

async function sendBatch(
  lines: readonly ExportLine[],
  session: Session,
): Promise<ReadonlyMap<string, Outcome>> {
  const sent = await post(eventsPost(lines), session);
  if (sent.kind !== "answered") return all(lines, outcomeOfSent(sent));
  if (sent.answer.status === BAD_REQUEST) return oneByOne(lines, session);
  const became = outcomeOfAnswer(sent.answer);
  if (became.class !== "accepted") return all(lines, became);
  return outcomesOfBatch(lines, failedOf(sent.answer.body));
}

function all(lines: readonly ExportLine[], one: Outcome): ReadonlyMap<string, Outcome> {
  return new Map(lines.map(({ key }) => [key, one]));
}

async function oneByOne(
  lines: readonly ExportLine[],
  session: Session,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { key, body } of lines) {
    const sent = await post({ path: "/usage_events", body, idempotencyKey: null }, session);
    const became = outcomeOfSent(sent);
    const isOld = became.class === "permanent_data" && TOO_OLD.test(became.note);
    outcomes.set(key, isOld ? { ...became, class: "closed_period" } : became);
  }
  return outcomes;
}

/** What a batch did not take; null: its answer is none. */
function failedOf(body: string): readonly unknown[] | null {
  const told = parsed(body) as { failed_events?: unknown } | null;
  if (told === null) return null;
  return Array.isArray(told.failed_events) ? told.failed_events : [];
}

/** The words of this error are not documented. */
const TOO_OLD = /12 hours|too old|timestamp/i;

/** How a failed event looks is not documented, but that it names the event. */
function outcomesOfBatch(
  lines: readonly ExportLine[],
  failed: readonly unknown[] | null,
): ReadonlyMap<string, Outcome> {
  if (failed === null) return all(lines, outcome("unknown_outcome", "an answer that says nothing"));
  const texts = failed.map((one) => JSON.stringify(one));
  const told = lines.map(({ key }) => ({ key, text: texts.find((one) => one.includes(key)) }));
  const isWhole = told.filter(({ text }) => text !== undefined).length === failed.length;
  if (!isWhole) return all(lines, outcome("unknown_outcome", `failed: ${texts.join(" ")}`));
  return new Map(
    told.map(({ key, text }) => {
      if (text === undefined) return [key, outcome("accepted", "202")];
      // The event's own name of its time is no error.
      const reason = text.replaceAll('usage_timestamp":', "");
      const kind = TOO_OLD.test(reason) ? "closed_period" : "permanent_data";
      return [key, outcome(kind, text)];
    }),
  );
}

/** A sum of an hour or minute. */
interface Summary {
  readonly aggregated_value: string;
  readonly aggregated_from: number;
  readonly aggregated_to: number;
}

/**
 * What features counted of a window, under all names that its lines were told by. Sums of days are
 * those of the site's time zone, so whole hours or minutes are added up. A subscription or feature
 * that is not there says nothing: an event waits for either, and counts once it is.
 */
export async function eventsOfWindow(
  lines: readonly ExportLine[],
  session: Session,
): Promise<bigint | null> {
  const [first] = lines;
  if (first === undefined) return 0n;
  const unit = 10n ** BigInt(EXPORT_SCALE - Math.max(...lines.map(decimalsOf)));
  let sum = 0n;
  for (const place of placesOf(lines)) {
    const values = await valuesIn(place, first.window, session);
    for (const value of values ?? [null]) {
      const whole = value === null ? null : rounded(value, unit);
      if (whole === null) return null;
      sum += whole;
    }
  }
  return sum;
}

/**
 * About what features counted of a customer's item in a span, under its name of now and all former
 * ones; a subscription or feature that is not there counted nothing.
 */
export async function heldEvents(
  { lines, names, span }: HeldSumAsked,
  session: Session,
): Promise<bigint | null> {
  // No event of ours is of a window that does not begin with a minute.
  if (span.startMs % MINUTE_MS !== 0 || span.endMs % MINUTE_MS !== 0) return 0n;
  const { customer, item } = names ?? {};
  const now = customer && item ? [{ subscription: customer.id ?? "", feature: item.id ?? "" }] : [];
  const all = new Map([...placesOf(lines), ...now].map((one) => [JSON.stringify(one), one]));
  let sum = 0n;
  for (const place of all.values()) {
    const values = await valuesIn({ ...place, isAbsentEmpty: true }, span, session);
    if (values === null) return null;
    sum += values.reduce((total, value) => total + value, 0n);
  }
  return sum;
}

/** Sums of the hours or minutes of a window; null: they cannot tell. */
async function valuesIn(
  { subscription, feature, isAbsentEmpty }: EventPlace & Pick<Listing, "isAbsentEmpty">,
  { startMs, endMs }: ExportWindow,
  session: Session,
): Promise<bigint[] | null> {
  const isHours = startMs % HOUR_MS === 0 && endMs % HOUR_MS === 0;
  const [startS, endS] = [startMs / SECOND_MS, endMs / SECOND_MS];
  const query: FormFields = [
    ["feature_id", feature],
    ["window_size", isHours ? "hour" : "minute"],
    ["timeframe_start", String(startS)],
    ["timeframe_end", String(endS)],
  ];
  const path = `/subscriptions/${encodeURIComponent(subscription)}/usage_summary`;
  const rows = await readList<Summary>(path, session, {
    ...{ query, name: "usage_summary" },
    ...(isAbsentEmpty === true ? { isAbsentEmpty } : {}),
  });
  if (rows === null) return null;
  const values = rows.map(({ aggregated_value: text, aggregated_from: from, aggregated_to: to }) =>
    // What goes beyond the window says nothing of it.
    from < startS || to > endS ? undefined : parseValue(text),
  );
  return values.includes(undefined) ? null : (values as bigint[]);
}

/** Decimal places of an event's quantity. */
function decimalsOf({ value }: ExportLine): number {
  return formatValue(value).split(".")[1]?.length ?? 0;
}

const DIGITS = 15;

/** A sum to the places of its events, in case it was made of doubles; null: those cannot tell. */
function rounded(value: bigint, unit: bigint): bigint | null {
  const units = quotient(value, unit, "half_even");
  const isExact = units * unit === value;
  return isExact || units < 10n ** BigInt(DIGITS) ? units * unit : null;
}

interface EventPlace {
  readonly subscription: string;
  readonly feature: string;
}

/** Subscriptions and features of lines, each once. */
function placesOf(lines: readonly ExportLine[]): EventPlace[] {
  const places = new Map<string, EventPlace>();
  for (const { body } of lines) {
    const { subscription_id: subscription, properties } = readEvent(body);
    const feature = properties[FEATURE];
    assert(typeof feature === "string", "an event of ours names its feature");
    places.set(JSON.stringify([subscription, feature]), { subscription, feature });
  }
  return [...places.values()];
}
