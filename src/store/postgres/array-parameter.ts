/**
 * Lists as the protocol's binary arrays. As text, each element would be searched for quotes twice
 * by the driver and parsed again by the server: a fifth of what a batch cost this process. They are
 * written into one room that is used again, from where a copy of the right size is taken.
 */
import { assert } from "../../domain/assert.ts";
import { LISTS_ROOM_MAX_BYTES } from "../../domain/database-limits.ts";

/** Types of columns whose lists are sent as bytes, by the numbers that PostgreSQL gives them. */
const OIDS = { bool: 16, int8: 20, int4: 23, text: 25, numeric: 1700 } as const;
const FIXED_BYTES = { bool: 1, int8: 8, int4: 4 } as const;
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
const HAS_NULLS_AT = 4;
const HALF = 2 ** 32;
const INT4_MAX = 2 ** 31 - 1;
const ASCII_MAX = 0x7f;
/** No character takes more bytes a UTF-16 unit. */
const UNIT_MAX_BYTES = 3;
/** Longer texts are written by the engine: calling it costs as much as so many characters. */
const SHORT_MAX_CHARS = 64;

/** A value of one column. Bytes are those of a text. */
type Value = string | number | bigint | boolean | Uint8Array | null;

/** Rows of a table, each a list of its values. */
export type Rows = readonly (readonly Value[])[];

const ROOM_BYTES = 64 * 1024;
let room = Buffer.allocUnsafeSlow(ROOM_BYTES);
let view = new DataView(room.buffer);

function moveInto(other: Buffer<ArrayBuffer>): void {
  room = other;
  view = new DataView(other.buffer);
}

/** Makes sure that so much fits; what stands in front of `at` stays. */
function reserve(at: number, bytes: number): void {
  if (at + bytes <= room.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (at + bytes));
  room.copy(larger, 0, 0, at);
  moveInto(larger);
}

/** What stands at `index` in each row, as a list for a parameter of the type `type[]`. */
export function arrayParameter(type: string, rows: Rows, index: number): Buffer {
  assert(Object.hasOwn(OIDS, type), `a list of ${type} is sent to the database`);
  const known = type as keyof typeof OIDS;
  // One dimension, whether there are nulls, the type, how many, and that the first has number 1.
  reserve(0, HEAD_BYTES);
  view.setInt32(0, 1);
  view.setInt32(HAS_NULLS_AT, 0);
  view.setInt32(8, OIDS[known]);
  view.setInt32(12, rows.length);
  view.setInt32(16, 1);
  const isFixed = known !== "text" && known !== "numeric";
  const write = known === "text" ? writeValueAsText : writeNumeric;
  const end = isFixed ? writeFixed(known, rows, index) : writeEach(rows, index, write);
  return taken(end);
}

/** A room that one large document made is not kept. */
function taken(end: number): Buffer {
  const list = room.subarray(0, end);
  if (room.length <= LISTS_ROOM_MAX_BYTES) return Buffer.from(list);
  moveInto(Buffer.allocUnsafeSlow(ROOM_BYTES));
  return list;
}

function writeNull(at: number): number {
  view.setInt32(at, NULL_LENGTH);
  view.setInt32(HAS_NULLS_AT, 1);
  return at + LENGTH_BYTES;
}

/** Each behind its length, which `write` returns. */
function writeEach(
  rows: Rows,
  index: number,
  write: (value: NonNullable<Value>, at: number) => number,
): number {
  let at = HEAD_BYTES;
  for (let no = 0; no < rows.length; no += 1) {
    const value = rows[no]?.[index] ?? null;
    reserve(at, LENGTH_BYTES);
    if (value === null) {
      at = writeNull(at);
      continue;
    }
    const length = write(value, at + LENGTH_BYTES);
    view.setInt32(at, length);
    at += LENGTH_BYTES + length;
  }
  return at;
}

function writeValueAsText(value: NonNullable<Value>, at: number): number {
  if (value instanceof Uint8Array) {
    reserve(at, value.length);
    room.set(value, at);
    return value.length;
  }
  const text = typeof value === "string" ? value : String(value);
  reserve(at, UNIT_MAX_BYTES * text.length);
  return writeText(text, at);
}

/** How many bytes it took. */
function writeText(text: string, at: number): number {
  const { length } = text;
  if (length > SHORT_MAX_CHARS) return room.write(text, at, "utf8");
  let seen = 0;
  for (let from = 0; from < length; from += 1) {
    const code = text.charCodeAt(from);
    seen |= code;
    room[at + from] = code;
  }
  return seen <= ASCII_MAX ? length : room.write(text, at, "utf8");
}

const GROUP_DIGITS = 4;
const NUMERIC_HEAD_BYTES = 8;
const NEGATIVE = 0x4000;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;

/** How many digits are missing in the last of their groups. */
const missingIn = (digits: number): number =>
  (GROUP_DIGITS - (digits % GROUP_DIGITS)) % GROUP_DIGITS;

/**
 * A decimal as the server keeps it: digits in groups of four from the point on, without zeros at
 * either end, how many groups stand in front of the point, and how many places are shown.
 */
function writeNumeric(value: NonNullable<Value>, at: number): number {
  const text = String(value);
  const { length } = text;
  const from = text.charCodeAt(0) === MINUS ? 1 : 0;
  const point = text.indexOf(".");
  const places = point === -1 ? 0 : length - point - 1;
  const whole = (point === -1 ? length : point) - from;
  assert(whole > 0, `${text} is sent to the database as a decimal`);
  reserve(at, NUMERIC_HEAD_BYTES + 2 * length);
  // One by one: lists that are taken apart at once would be garbage for every amount.
  let group = 0;
  let filled = missingIn(whole);
  let groups = 0;
  let end = 0;
  let weight = Math.ceil(whole / GROUP_DIGITS) - 1;
  for (let place = from; place < length + missingIn(places); place += 1) {
    if (place === point) continue;
    const digit = place < length ? text.charCodeAt(place) - DIGIT_0 : 0;
    assert(digit >= 0 && digit <= 9, `${text} is sent to the database as a decimal`);
    group = 10 * group + digit;
    filled += 1;
    if (filled < GROUP_DIGITS) continue;
    if (group === 0 && groups === 0) weight -= 1;
    else {
      view.setInt16(at + NUMERIC_HEAD_BYTES + 2 * groups, group);
      groups += 1;
      if (group !== 0) end = groups;
    }
    group = 0;
    filled = 0;
  }
  view.setInt16(at, end);
  view.setInt16(at + 2, end === 0 ? 0 : weight);
  view.setInt16(at + 4, end > 0 && from === 1 ? NEGATIVE : 0);
  view.setInt16(at + 6, places);
  return NUMERIC_HEAD_BYTES + 2 * end;
}

function writeFixed(type: keyof typeof FIXED_BYTES, rows: Rows, index: number): number {
  const width = FIXED_BYTES[type];
  reserve(HEAD_BYTES, (LENGTH_BYTES + width) * rows.length);
  let at = HEAD_BYTES;
  for (let no = 0; no < rows.length; no += 1) {
    const value = rows[no]?.[index] ?? null;
    if (value === null) {
      at = writeNull(at);
      continue;
    }
    view.setInt32(at, width);
    at += LENGTH_BYTES;
    if (type === "bool") room[at] = Number(value) === 0 ? 0 : 1;
    else if (type === "int4") view.setInt32(at, wholeNumber(value, INT4_MAX));
    else writeInt8(value, at);
    at += width;
  }
  return at;
}

function writeInt8(value: Value, at: number): void {
  if (typeof value === "bigint") {
    assert(BigInt.asIntN(64, value) === value, `${value} is sent to the database as an integer`);
    view.setBigInt64(at, value);
    return;
  }
  const whole = wholeNumber(value, Number.MAX_SAFE_INTEGER);
  const high = Math.floor(whole / HALF);
  view.setInt32(at, high);
  view.setUint32(at + 4, whole - high * HALF);
}

/** What does not fit is a defect, and would be another number in the database. */
function wholeNumber(value: Value, max: number): number {
  const whole = Number(value);
  const fits = Number.isInteger(whole) && whole <= max && whole >= -max - 1;
  assert(fits, `${value} is sent to the database as an integer`);
  return whole;
}
