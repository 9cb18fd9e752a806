/** Meters of the account, and the sums that they have. */
import {
  EXPORT_SCALE,
  type ExportLine,
  formatValue,
  parseValue,
} from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import { quotient } from "../../domain/money/rounding.ts";
import { parseJsonWithSources, type ReviveSource } from "../../domain/parse-json.ts";
import type { HeldSumAsked, OutgoingAnswer, Session } from "../../engine/export/connector-port.ts";
import { type FrozenEvent, placeKey, readEvent } from "./meter-events.ts";
import { errorOf, read, readList } from "./stripe-api.ts";
import { readSettings } from "./stripe-settings.ts";

/** A meter, as far as it matters here. */
interface Meter {
  readonly id: string;
  readonly event_name: string;
  readonly status: string;
  readonly event_time_window: string | null;
  readonly default_aggregation: { readonly formula: string };
  readonly customer_mapping?: { readonly event_payload_key: string };
  readonly value_settings?: { readonly event_payload_key: string };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;
const KNOWN = "meters";

/** All meters, archived ones too; null: they cannot be read now. Kept for an hour. */
async function readMeters(session: Session): Promise<readonly Meter[] | null> {
  const known = session.memory.get(KNOWN);
  if (known !== undefined && session.nowMs() < known.untilMs) return JSON.parse(known.value);
  const meters = await readList<Meter>("/v1/billing/meters", session, { query: [] });
  if (meters === null) return null;
  const untilMs = session.nowMs() + HOUR_MS;
  session.memory.set(KNOWN, { value: JSON.stringify(meters), untilMs });
  return meters;
}

function meterOf(meters: readonly Meter[], eventName: string): Meter | undefined {
  const own = meters.filter((one) => one.event_name === eventName);
  return own.find(({ status }) => status === "active") ?? own[0];
}

/**
 * What Stripe has of one customer, item and window, under all names that our lines told it by;
 * null: it cannot tell. Sums are doubles, so they are rounded to the places that our lines use, and
 * say nothing where 15 digits do not reach that far.
 */
export async function totalOfWindow(
  lines: readonly ExportLine[],
  session: Session,
): Promise<string | null> {
  const events = lines.map(({ body }) => readEvent(body)).filter(({ isCancel }) => !isCancel);
  const places = new Map(events.map((event) => [placeKey(event), event]));
  const window = lines[0]?.window;
  if (window === undefined) return null;
  const meters = await readMeters(session);
  if (meters === null) return null;
  const unit = 10n ** BigInt(EXPORT_SCALE - Math.max(...events.map(decimalsOf), 0));
  let sum = 0n;
  for (const { eventName, customer } of places.values()) {
    const meter = meterOf(meters, eventName);
    if (meter === undefined) return null;
    const part = await sumOf(meter.id, session, { customer, window, unit });
    if (part === null) return null;
    sum += part;
  }
  return formatValue(sum);
}

/** About what Stripe has of a customer's item in a span, whoever told it. */
export async function heldInMeters(
  { lines, names, span }: HeldSumAsked,
  session: Session,
): Promise<bigint | null> {
  const events = lines.map(({ body }) => readEvent(body)).filter(({ isCancel }) => !isCancel);
  const now = { eventName: names?.item.id ?? "", customer: names?.customer.id ?? "" };
  const all = names === null ? events : [...events, now];
  const places = new Map(all.map((event) => [placeKey(event), event]));
  // No event of ours is of a window that does not begin with a minute.
  if (span.startMs % MINUTE_MS !== 0 || span.endMs % MINUTE_MS !== 0) return 0n;
  const meters = await readMeters(session);
  if (meters === null) return null;
  let sum = 0n;
  for (const { eventName, customer } of places.values()) {
    const meter = meterOf(meters, eventName);
    if (meter === undefined) continue;
    const answer = await summaries(meter.id, session, { customer, window: span });
    // Whom they do not know has nothing there.
    if (answer !== null && isNotThere(answer)) continue;
    const parts = answer?.status === 200 ? valuesIn(answer.body) : null;
    if (parts === null) return null;
    sum += parts.reduce((total, value) => total + value, 0n);
  }
  return sum;
}

const NOT_FOUND = 404;

function isNotThere(answer: OutgoingAnswer): boolean {
  return answer.status === NOT_FOUND || errorOf(answer).code === "resource_missing";
}

function decimalsOf({ value }: FrozenEvent): number {
  return value.split(".")[1]?.length ?? 0;
}

const DIGITS = 15;

interface SumAsked {
  readonly customer: string;
  readonly window: ExportWindow;
}

function summaries(meter: string, session: Session, { customer, window }: SumAsked) {
  const path = `/v1/billing/meters/${encodeURIComponent(meter)}/event_summaries`;
  return read(path, session, [
    ...([["customer", customer]] as const),
    ...([["start_time", String(window.startMs / SECOND_MS)]] as const),
    ...([["end_time", String(window.endMs / SECOND_MS)]] as const),
    ["limit", "100"],
  ]);
}

/** Values of an answer, as they stand there; null: it tells none. */
function valuesIn(body: string): bigint[] | null {
  const values = aggregatesIn(body)?.map(parseValue) ?? [undefined];
  return values.includes(undefined) ? null : (values as bigint[]);
}

/** A sum to a unit; null: 15 digits do not reach that far. */
async function sumOf(
  meter: string,
  session: Session,
  { unit, ...asked }: SumAsked & { readonly unit: bigint },
): Promise<bigint | null> {
  const answer = await summaries(meter, session, asked);
  const values = answer?.status === 200 ? valuesIn(answer.body) : null;
  if (values === null) return null;
  let sum = 0n;
  for (const value of values) {
    const rounded = quotient(value, unit, "half_even");
    const magnitude = rounded < 0n ? -rounded : rounded;
    if (magnitude >= 10n ** BigInt(DIGITS)) return null;
    sum += rounded * unit;
  }
  return sum;
}

interface Summaries {
  readonly data: readonly { readonly aggregated_value: string }[];
  readonly has_more?: unknown;
}

const asText: ReviveSource = (key, value, { source }) =>
  key === "aggregated_value" ? (source ?? null) : value;

/** Values of a list of summaries as they are written, no digit lost; null: it is none. */
function aggregatesIn(body: string): readonly string[] | null {
  try {
    const { data, has_more: hasMore } = parseJsonWithSources(body, asText) as Summaries;
    // Without a grouping, a window is one summary.
    if (hasMore === true) return null;
    return data.map((one) => one.aggregated_value);
  } catch {
    return null;
  }
}

/** What of the account does not fit the target's names and settings. */
export async function checkMeters(session: Session): Promise<Missing[]> {
  session.memory.delete(KNOWN);
  const meters = await readMeters(session);
  if (meters === null) {
    const detail = "The account's meters cannot be read: the key needs that right.";
    return [{ place: "secrets.api_key", detail }];
  }
  return Object.entries(session.target.items.names).flatMap(([ours, item]) => {
    const meter = meters.find(({ event_name: name, status }) => {
      return name === item.id && status === "active";
    });
    const place = `items.${ours}`;
    if (meter === undefined) return [{ place, detail: `No active meter takes "${item.id}".` }];
    return problemsOf(meter, item, session.target).map((detail) => ({ place, detail }));
  });
}

function problemsOf(
  meter: Meter,
  item: Readonly<Record<string, string>>,
  target: ExportTarget,
): string[] {
  const { meters } = readSettings(target);
  const window = meters === "sum" ? null : meters;
  const { customerKey, valueKey } = item;
  const customer = meter.customer_mapping?.event_payload_key ?? "stripe_customer_id";
  const value = meter.value_settings?.event_payload_key ?? "value";
  const problems: string[] = [];
  if (meter.default_aggregation.formula !== "sum") {
    problems.push(`Its formula is ${meter.default_aggregation.formula}; only sum can be kept up.`);
  }
  if ((meter.event_time_window ?? null) !== window) {
    const has = meter.event_time_window ?? "none";
    problems.push(`Its event_time_window is ${has}, and settings.meters says ${meters}.`);
  }
  if (customer !== (customerKey ?? "stripe_customer_id")) {
    problems.push(`Its customer stands in "${customer}": set customerKey.`);
  }
  if (value !== (valueKey ?? "value")) {
    problems.push(`Its value stands in "${value}": set valueKey.`);
  }
  return problems;
}
