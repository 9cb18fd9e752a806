/**
 * The content of an event as one canonical text. Two sendings of the same content give the same
 * text whatever the order of their keys and however their numbers are written (1, 1.0, 1e0), and
 * differing content never does. Identity and `occurredAt` are left out: a retry may carry another
 * clock reading. It covers the fields as sent, so a newer adapter never turns a retry into a
 * conflict.
 *
 * The text is made for a digest, not for reading back. Every value says where it ends: a string
 * states its length first, so nothing in it needs an escape and nothing in it can pass for a
 * separator.
 *
 *     event   = (name ":" value)…        names of the document's fields, ascending
 *     value   = "n" | "t" | "f" | "#" number ";" | string | list | record
 *     list    = "[" value… "]"
 *     record  = "{" (string value)… "}"
 *     string  = length in UTF-16 units, "\"", the string as it is
 */
import { NUMBER_TEXT_MAX_CHARS } from "../limits.ts";
import { sortedKeys } from "../sorted-keys.ts";

/** First character of every content hash: raised when the canonical text changes its form. */
export const CONTENT_HASH_VERSION = "1";

const LEFT_OUT: ReadonlySet<string> = new Set(["id", "source", "run", "occurredAt"]);

/** A number that plain JSON parsing would have changed; it keeps its text. */
export interface NumberText {
  readonly text: string;
}

/** Fields of a document that are content, in the order in which they are written. */
export type ContentFields = readonly { readonly name: string; readonly head: string }[];

/**
 * What of a closed document is content. Looking for its known fields in a fixed order costs a
 * third of sorting the keys of each event.
 */
export function contentFields(known: Iterable<string>): ContentFields {
  const names = [...known].filter((name) => !LEFT_OUT.has(name)).sort();
  return names.map((name) => ({ name, head: `${name}:` }));
}

/**
 * Canonical text of an event as sent. The caller has refused fields that are not of `fields`, and
 * has bounded the depth.
 */
export function canonicalContent(
  sent: Readonly<Record<string, unknown>>,
  fields: ContentFields,
): string {
  let text = "";
  for (let at = 0; at < fields.length; at += 1) {
    const { name, head } = fields[at] as ContentFields[number];
    const value = sent[name];
    if (value !== undefined) text += head + canonicalValue(value);
  }
  // Half a surrogate pair has no UTF-8, and a digest would see the same substitute for each.
  return text.isWellFormed() ? text : JSON.stringify(text);
}

/** The canonical text of one value. */
export function canonicalValue(value: unknown): string {
  if (typeof value === "string") return lengthText(value) + value;
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? `#${value};` : numberText(String(value));
  }
  if (typeof value === "object" && value !== null) return objectText(value);
  if (value === true) return "t";
  return value === false ? "f" : "n";
}

/** Beginnings of strings; making each anew would cost a tenth of the whole text. */
const LENGTHS = Array.from({ length: 64 }, (_, length) => `${length}"`);

function lengthText({ length }: string): string {
  return LENGTHS[length] ?? `${length}"`;
}

function objectText(value: object): string {
  if (Array.isArray(value)) return listText(value);
  if (isNumberText(value)) return numberText(value.text);
  const record = value as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of sortedKeys(record)) text += lengthText(key) + key + canonicalValue(record[key]);
  return `${text}}`;
}

function listText(values: readonly unknown[]): string {
  let text = "[";
  for (const value of values) text += canonicalValue(value);
  return `${text}]`;
}

function isNumberText(value: object): value is NumberText {
  return Object.getPrototypeOf(value) !== Object.prototype && "text" in value;
}

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/** Digits of the largest safe integer: up to here integers are written in full. */
const SAFE_DIGITS = 16;

/**
 * One text for one number: an integer of few digits as it is, else the digits without leading or
 * trailing zeros and a power of ten. A number that is too long for any field is not converted but
 * compared as it was written: a million digits must not keep the process busy.
 */
function numberText(text: string): string {
  const match = text.length > NUMBER_TEXT_MAX_CHARS ? null : NUMBER.exec(text);
  if (match === null) return `#${text};`;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "#0;";
  const trimmed = digits.replace(/0+$/, "");
  const power = BigInt(exponent) - BigInt(fraction.length - (digits.length - trimmed.length));
  const length = BigInt(trimmed.length) + power;
  const isWhole = power >= 0n && length <= SAFE_DIGITS;
  return `#${sign}${isWhole ? trimmed.padEnd(Number(length), "0") : `${trimmed}e${power}`};`;
}
