/**
 * The content of an event as one canonical text. Two sendings of the same content give the same
 * text whatever the order of their keys and however their numbers are written (1, 1.0, 1e0).
 * Identity and `occurredAt` are left out: a retry may carry another clock reading.
 * It covers the fields as sent, so a newer adapter never turns a retry into a conflict.
 */

/** First character of every content hash: raised when the canonical text changes its form. */
export const CONTENT_HASH_VERSION = "1";

const LEFT_OUT: ReadonlySet<string> = new Set(["id", "source", "run", "occurredAt"]);

/** A number that plain JSON parsing would have changed; it keeps its text. */
export interface NumberText {
  readonly text: string;
}

/** Canonical text of an event as sent (a JSON object whose depth is already bounded). */
export function canonicalContent(sent: Readonly<Record<string, unknown>>): string {
  let text = "";
  for (const key of Object.keys(sent).sort()) {
    if (LEFT_OUT.has(key)) continue;
    const value = sent[key];
    text += `${JSON.stringify(key)}:${canonicalValue(value)},`;
  }
  return text;
}

/** Canonical JSON text of any bounded JSON value. */
export function canonicalValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return canonicalNumber(String(value));
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join(",")}]`;
  if (isNumberText(value)) return canonicalNumber(value.text);
  const record = value as Record<string, unknown>;
  const fields = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalValue(record[key])}`);
  return `{${fields.join(",")}}`;
}

function isNumberText(value: object): value is NumberText {
  return Object.getPrototypeOf(value) !== Object.prototype && "text" in value;
}

/** Digits without leading or trailing zeros, and a power of ten: one text for one number. */
function canonicalNumber(text: string): string {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  const trimmed = digits.replace(/0+$/, "");
  const power = BigInt(exponent) - BigInt(fraction.length - (digits.length - trimmed.length));
  return power === 0n ? `${sign}${trimmed}` : `${sign}${trimmed}e${power}`;
}
