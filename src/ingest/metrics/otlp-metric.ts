/**
 * A metric of OpenTelemetry, as OTLP writes it in JSON (opentelemetry-proto, metrics.proto), to its
 * points. What only grows is usage: a monotonic sum, or the sum of a histogram. A level (a gauge, a
 * sum that may fall) is none.
 *
 * Points of a delta metric are each of their own span of time. Those of a cumulative one repeat all
 * that was counted since `startTimeUnixNano`: the start, not the time, says what a point is about,
 * and a counter that began anew has a new start. Without one a fall could not be told from a point
 * that comes late, so it is required.
 */
import { canonicalValue } from "../../domain/event/content-hash.ts";
import {
  METRIC_POINTS_MAX_COUNT,
  OCCURRED_AT_MAX_MS,
  OCCURRED_AT_MIN_MS,
} from "../../domain/limits.ts";
import { formatQuantity, ONE_UNIT, type Quantity } from "../../domain/money/decimal.ts";
import { ExactNumber } from "../native/exact-json.ts";
import type { Fields } from "../native/fields.ts";
import { FieldRefused, readInteger, readObject, readQuantity } from "../native/fields.ts";

/** Of what time the points of a metric tell. */
export type Temporality = "delta" | "cumulative";

/** One point, its numbers and times exact. */
export interface MetricPoint {
  /** Where it stands in the event: `metric.sum.dataPoints[3]`. */
  readonly field: string;
  /** Attributes that are texts. */
  readonly texts: ReadonlyMap<string, string>;
  /** What of it is the same record: its series and start, and of a delta point its time. */
  readonly identity: string;
  /** Of a delta point when its time ended, of a cumulative one when its counter began. */
  readonly occurredAtMs: number;
  readonly timeNs: bigint;
  readonly value: Quantity;
}

/** A metric that was read. */
export interface Metric {
  readonly name: string;
  readonly temporality: Temporality;
  /** At least one. */
  readonly points: readonly MetricPoint[];
}

/** Reads a metric. Throws what is wrong with it, with the place below `metric`. */
export function readMetric(value: unknown): Metric {
  if (!present(value)) throw new FieldRefused("field.missing", "metric", '"metric" is required.');
  const metric = readObject(value, "metric");
  const { name, unit } = metric;
  if (typeof name !== "string" || name === "") refuse("metric.name", "a text that is not empty");
  const kind = KINDS.find((one) => present(metric[one]));
  if (kind === undefined) {
    refuse("metric", `a metric with one of ${KINDS.join(", ")}; others tell no usage`);
  }
  const field = `metric.${kind}`;
  const data = readObject(metric[kind], field);
  if (kind === "sum" && data.isMonotonic !== true) {
    refuse(`${field}.isMonotonic`, "true: what may fall is a level and no usage");
  }
  const temporality = readTemporality(data.aggregationTemporality, field);
  const about: About = { kind, temporality, head: [name, unit ?? "", temporality] };
  const points = readPoints(data.dataPoints, `${field}.dataPoints`, about);
  if (temporality === "cumulative") refuseFalls(points);
  return { name, temporality, points };
}

const KINDS = ["sum", "histogram", "exponentialHistogram"] as const;

/** What the points of a metric share. */
interface About {
  readonly kind: (typeof KINDS)[number];
  readonly temporality: Temporality;
  readonly head: readonly unknown[];
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function refuse(field: string, expected: string): never {
  throw new FieldRefused("field.invalid", field, `"${field}" must be ${expected}.`);
}

/** OTLP writes the number; protobuf's own JSON may write the name. */
function readTemporality(value: unknown, field: string): Temporality {
  if (value === 1 || value === "AGGREGATION_TEMPORALITY_DELTA") return "delta";
  if (value === 2 || value === "AGGREGATION_TEMPORALITY_CUMULATIVE") return "cumulative";
  return refuse(`${field}.aggregationTemporality`, "1 (delta) or 2 (cumulative)");
}

function readPoints(value: unknown, field: string, about: About): MetricPoint[] {
  if (!Array.isArray(value)) refuse(field, "a list");
  if (value.length > METRIC_POINTS_MAX_COUNT) {
    const limit = METRIC_POINTS_MAX_COUNT;
    const detail = `"${field}" has ${value.length} points; the limit is ${limit}.`;
    throw new FieldRefused("field.out_of_range", field, detail);
  }
  const points = value.flatMap((item: unknown, at) => readPoint(item, `${field}[${at}]`, about));
  if (points.length > 0) return points;
  throw new FieldRefused("field.missing", field, `"${field}" has no point with a value.`);
}

const NO_RECORDED_VALUE = 1;
const FLAGS = { min: 0, max: 2 ** 32 - 1, otherwise: 0 } as const;

/** None where the point says that there is nothing to tell. */
function readPoint(value: unknown, field: string, about: About): MetricPoint[] {
  const point = readObject(value, field);
  const flags = readInteger(point.flags, `${field}.flags`, FLAGS);
  if (flags % 2 === NO_RECORDED_VALUE) return [];
  const isCumulative = about.temporality === "cumulative";
  const time = readNanos(point.timeUnixNano, `${field}.timeUnixNano`);
  const startField = `${field}.startTimeUnixNano`;
  // A delta point is of its own even where it does not say since when.
  const start = isCumulative || present(point.startTimeUnixNano);
  const startNs = start ? readStart(point.startTimeUnixNano, startField, isCumulative) : 0n;
  const timeMs = readInstantOf(time, `${field}.timeUnixNano`);
  const occurredAtMs = isCumulative ? readInstantOf(startNs, startField) : timeMs;
  if (startNs > time) {
    const detail = `"${startField}" is later than the point's own time.`;
    throw new FieldRefused("usage.inconsistent", startField, detail);
  }
  const attributes = readAttributes(point.attributes, `${field}.attributes`);
  const span = isCumulative ? [`${startNs}`] : [`${startNs}`, `${time}`];
  const identity = canonicalValue([...about.head, attributes.canonical, ...span]);
  const { texts } = attributes;
  return [
    { field, texts, identity, occurredAtMs, timeNs: time, value: readValue(point, field, about) },
  ];
}

function readValue(point: Fields, field: string, { kind }: About): Quantity {
  if (kind !== "sum") {
    if (present(point.sum)) return readQuantity(point.sum, field, "sum");
    throw new FieldRefused("field.missing", `${field}.sum`, `"${field}.sum" is required.`);
  }
  if (present(point.asInt) === present(point.asDouble)) {
    refuse(field, 'a point with either "asInt" or "asDouble"');
  }
  if (present(point.asDouble)) return readQuantity(point.asDouble, field, "asDouble");
  const whole = readQuantity(point.asInt, field, "asInt");
  return whole % ONE_UNIT === 0n ? whole : refuse(`${field}.asInt`, "a whole number");
}

const NANOS_PER_MS = 1_000_000n;
/** Digits of the largest of 64 bits. */
const NANOS = /^(0|[1-9][0-9]{0,19})$/;

/** Nanoseconds since 1970: 64 bits, which OTLP writes as text and some exporters as a number. */
function readNanos(value: unknown, field: string): bigint {
  if (!present(value)) throw new FieldRefused("field.missing", field, `"${field}" is required.`);
  const text = integerText(value) ?? "";
  return NANOS.test(text) ? BigInt(text) : refuse(field, "nanoseconds since 1970, as text");
}

function readStart(value: unknown, field: string, isRequired: boolean): bigint {
  const startNs = present(value) ? readNanos(value, field) : 0n;
  if (startNs > 0n || !isRequired) return startNs;
  const detail = `"${field}" is required: by it a counter that began anew is told from the former.`;
  throw new FieldRefused("field.missing", field, detail);
}

function readInstantOf(nanos: bigint, field: string): number {
  const atMs = Number(nanos / NANOS_PER_MS);
  if (atMs >= OCCURRED_AT_MIN_MS && atMs < OCCURRED_AT_MAX_MS) return atMs;
  const detail = `"${field}" must lie between the years 2000 and 2200, not ${nanos}.`;
  throw new FieldRefused("field.out_of_range", field, detail);
}

interface Attributes {
  readonly texts: ReadonlyMap<string, string>;
  /** In ascending order of their keys, each with the text of its value. */
  readonly canonical: readonly (readonly [string, string])[];
}

function readAttributes(value: unknown, field: string): Attributes {
  if (!present(value)) return { texts: new Map(), canonical: [] };
  if (!Array.isArray(value)) refuse(field, "a list");
  const texts = new Map<string, string>();
  const values = new Map<string, string>();
  for (const [at, item] of value.entries()) {
    const place = `${field}[${at}]`;
    const { key, value: told } = readObject(item, place);
    if (typeof key !== "string") refuse(`${place}.key`, "a text");
    if (values.has(key)) refuse(`${place}.key`, "a key that no other attribute has");
    const any = present(told) ? readObject(told, `${place}.value`) : {};
    if (typeof any.stringValue === "string") texts.set(key, any.stringValue);
    values.set(key, canonicalValue(plain(any)));
  }
  return { texts, canonical: [...values].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** An integer may be written as a number or as its text. */
function plain(value: Fields): Fields {
  const text = integerText(value.intValue);
  return text === undefined ? value : { intValue: text };
}

function integerText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** What one start has counted never falls. Only what one event says can be held against itself. */
function refuseFalls(points: readonly MetricPoint[]): void {
  const last = new Map<string, MetricPoint>();
  const inTime = [...points].sort((a, b) => Number(a.timeNs - b.timeNs));
  for (const point of inTime) {
    const before = last.get(point.identity);
    last.set(point.identity, point);
    if (before === undefined || point.value >= before.value) continue;
    const fall = `${formatQuantity(before.value)} to ${formatQuantity(point.value)}`;
    const detail = `"${point.field}" falls from ${fall}: what began anew has a new start.`;
    throw new FieldRefused("usage.inconsistent", point.field, detail);
  }
}
