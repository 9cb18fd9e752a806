/** Reading the fields of one untrusted JSON object: each reader refuses with the field's path. */
import type { ErrorCode, Problem } from "../../domain/errors.ts";
import { isTokenBucket, isUsageName, type Usage } from "../../domain/event/usage.ts";
import {
  BUCKETS_MAX_COUNT,
  ID_MAX_CHARS,
  LABELS_MAX_COUNT,
  OCCURRED_AT_MAX_MS,
  OCCURRED_AT_MIN_MS,
  QUANTITY_MAX_UNITS,
  TEXT_MAX_CHARS,
} from "../../domain/limits.ts";
import {
  ONE_UNIT,
  parseQuantity,
  type Quantity,
  quantityOfInteger,
} from "../../domain/money/decimal.ts";
import { askWhetherMeant } from "../../domain/nearest-name.ts";
import { sortedKeys } from "../../domain/sorted-keys.ts";
import { ExactNumber } from "./exact-json.ts";
import { parseInstant } from "./rfc3339.ts";

/** Thrown inside a parser and caught at its edge: it becomes the problem of that one event. */
export class FieldRefused {
  readonly problem: Problem;

  constructor(code: ErrorCode, field: string, detail: string) {
    this.problem = { code, detail, field };
  }
}

export type Fields = Readonly<Record<string, unknown>>;

const RESERVED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const MAX_QUANTITY = QUANTITY_MAX_UNITS * ONE_UNIT;
const MAX_UNITS = Number(QUANTITY_MAX_UNITS);

/** A value as an error may show it: its type, or a short beginning of its text. */
function shown(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof ExactNumber) return shorten(value.text);
  if (typeof value === "object") return "an object";
  return shorten(typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value));
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function refuse(field: string, expected: string, value: unknown): never {
  const detail = `"${field}" must be ${expected}, not ${shown(value)}.`;
  throw new FieldRefused("field.invalid", field, detail);
}

/** The fields of a JSON object. */
export function readObject(value: unknown, field: string): Fields {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || value instanceof ExactNumber) refuse(field, "an object", value);
  return value as Fields;
}

/** Refuses any key that the document does not know. */
export function refuseUnknown(object: Fields, known: ReadonlySet<string>, path: string): void {
  for (const key in object) {
    if (known.has(key)) continue;
    const name = shorten(key);
    const field = path === "" ? name : `${path}.${name}`;
    const detail = `There is no field ${shown(field)}.${askWhetherMeant(name, known)}`;
    throw new FieldRefused("field.unknown", field, detail);
  }
}

/** True for a text of printable ASCII alone, as nearly every id is. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 32 || code > 126) return false;
  }
  return true;
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** An id: 1 to ID_MAX_CHARS characters, well-formed, without control characters. */
export function readId(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "") refuse(field, "a text that is not empty", value);
  if (value.length > ID_MAX_CHARS) {
    const detail = `"${field}" has ${value.length} characters; the limit is ${ID_MAX_CHARS}.`;
    throw new FieldRefused("field.out_of_range", field, detail);
  }
  if (isPlain(value)) return value;
  if (hasControlCharacter(value) || !value.isWellFormed()) {
    refuse(field, "a text without control characters", value);
  }
  return value;
}

/** An id, or null where it is absent. */
export function readOptionalId(value: unknown, field: string): string | null {
  return value === undefined || value === null ? null : readId(value, field);
}

/** An id that must be there. */
export function readRequiredId(value: unknown, field: string): string {
  if (value === undefined || value === null) {
    throw new FieldRefused("field.missing", field, `"${field}" is required.`);
  }
  return readId(value, field);
}

/** A text of at most TEXT_MAX_CHARS characters; "" where it is absent. */
export function readText(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string" || !value.isWellFormed()) refuse(field, "a text", value);
  if (value.length > TEXT_MAX_CHARS) {
    const detail = `"${field}" has ${value.length} characters; the limit is ${TEXT_MAX_CHARS}.`;
    throw new FieldRefused("field.out_of_range", field, detail);
  }
  return value;
}

/** True or false; false where it is absent. */
export function readFlag(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") refuse(field, "true or false", value);
  return value;
}

/** One of a few texts, or `otherwise` where it is absent. */
export function readChoice<T extends string>(
  value: unknown,
  field: string,
  { values, otherwise }: { readonly values: readonly T[]; readonly otherwise?: T },
): T {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (value === undefined) {
    throw new FieldRefused("field.missing", field, `"${field}" is required.`);
  }
  for (const candidate of values) if (candidate === value) return candidate;
  return refuse(field, `one of ${values.join(", ")}`, value);
}

/** An RFC 3339 instant between the years 2000 and 2200, in milliseconds. */
export function readInstant(value: unknown, field: string): number {
  if (value === undefined || value === null) {
    throw new FieldRefused("field.missing", field, `"${field}" is required.`);
  }
  const atMs = typeof value === "string" ? parseInstant(value) : undefined;
  if (atMs === undefined) refuse(field, "an RFC 3339 time such as 2026-11-23T10:00:00Z", value);
  if (atMs < OCCURRED_AT_MIN_MS || atMs >= OCCURRED_AT_MAX_MS) {
    const detail = `"${field}" must lie between the years 2000 and 2200, not ${shown(value)}.`;
    throw new FieldRefused("field.out_of_range", field, detail);
  }
  return atMs;
}

/** A whole number from `min` to `max`. */
export function readInteger(
  value: unknown,
  field: string,
  {
    min,
    max,
    otherwise,
  }: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  if (value === undefined) return otherwise;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    refuse(field, "a whole number", value);
  }
  if (value < min || value > max) {
    const detail = `"${field}" must be ${min} to ${max}, not ${value}.`;
    throw new FieldRefused("field.out_of_range", field, detail);
  }
  return value;
}

/** A quantity: a whole JSON number, or a decimal with at most nine places as text or number. */
export function readQuantity(value: unknown, field: string, name: string): Quantity {
  if (Number.isSafeInteger(value)) {
    const units = value as number;
    if (units >= 0 && units <= MAX_UNITS) return quantityOfInteger(units);
    return refuseSize(value, field, name);
  }
  const quantity = decimalFrom(value);
  if (quantity === undefined) {
    const expected = "a decimal with at most 9 places (a whole number or a text)";
    refuse(`${field}.${name}`, expected, value);
  }
  return quantity < 0n || quantity > MAX_QUANTITY ? refuseSize(value, field, name) : quantity;
}

function refuseSize(value: unknown, field: string, name: string): never {
  const path = `${field}.${name}`;
  const detail = `"${path}" must be 0 to ${QUANTITY_MAX_UNITS}, not ${shown(value)}.`;
  throw new FieldRefused("field.out_of_range", path, detail);
}

function decimalFrom(value: unknown): Quantity | undefined {
  if (typeof value === "string") return parseQuantity(value);
  return value instanceof ExactNumber ? parseQuantity(value.text) : undefined;
}

function refuseCount(field: string, count: number, max: number): never {
  const detail = `"${field}" has ${count} entries; the limit is ${max}.`;
  throw new FieldRefused("field.out_of_range", field, detail);
}

/** The keys of an object in ascending order. They are counted before they are sorted. */
function readKeys(object: Fields, field: string, max: number): string[] {
  const count = Object.keys(object).length;
  return count > max ? refuseCount(field, count, max) : sortedKeys(object);
}

/** Whether a step may state usage under that name. */
export function isUsageKey(name: string): boolean {
  return isTokenBucket(name) || (isUsageName(name) && !RESERVED_KEYS.has(name));
}

/** Disjoint quantities by bucket or unit name, zeros left out. */
export function readUsage(value: unknown, field: string): Usage {
  if (value === undefined || value === null) return new Map();
  const object = readObject(value, field);
  const usage = new Map<string, Quantity>();
  for (const name of readKeys(object, field, BUCKETS_MAX_COUNT)) {
    if (!isUsageKey(name)) {
      const detail = `${shown(name)} is no usage name: lower snake case, at most 50 characters.`;
      throw new FieldRefused("field.invalid", field, detail);
    }
    const quantity = readQuantity(object[name], field, name);
    if (quantity !== 0n) usage.set(name, quantity);
  }
  return usage;
}

/** Labels with their keys in ascending order; null where there are none. */
export function readLabels(value: unknown, field: string): Record<string, string> | null {
  if (value === undefined || value === null) return null;
  const object = readObject(value, field);
  const keys = readKeys(object, field, LABELS_MAX_COUNT);
  const labels: Record<string, string> = {};
  for (const key of keys) {
    if (RESERVED_KEYS.has(key)) refuse(field, "free of reserved names", key);
    labels[readId(key, field)] = readLabel(object[key], field, key);
  }
  return keys.length === 0 ? null : labels;
}

function readLabel(value: unknown, field: string, key: string): string {
  const isShort = typeof value === "string" && value.length <= TEXT_MAX_CHARS;
  if (isShort && value.isWellFormed()) return value;
  return readText(value, `${field}.${key.slice(0, 40)}`);
}
