/**
 * Takes secrets out of what is kept of requests and answers. Three nets, because each has holes:
 * the texts of all secrets that were used, however they are encoded; the places that secrets have
 * (headers, fields of JSON and of forms) by their names; and what secrets look like.
 */

import type { OutgoingRequest } from "./connector-port.ts";

/** What stands where a secret stood, as in a dry run. */
const HIDDEN = "{secret}";

/** Shorter ones are in too many innocent words; they are hidden by their places. */
const SECRET_LEAST_CHARS = 4;

const KEY = "(?:api|private|secret|access|signing)[_-]?key";
const WORDS = "authorization|cookie|token|secret|passw(?:or)?d|signature|credential|assertion";
const NAME = `${WORDS}|${KEY}`;
const SECRET_HEADER = new RegExp(`(?:${NAME})$`, "i");
const FIELD = `[\\w.\\[\\]%-]{0,60}(?:${NAME})`;
/** A field of JSON, and of JSON that stands in a text of JSON; both may be cut off. */
const JSON_FIELD = new RegExp(`("${FIELD}"\\s*:\\s*")(?:[^"\\\\]|\\\\.)+`, "gi");
const INNER_FIELD = new RegExp(`(\\\\"${FIELD}\\\\"\\s*:\\s*\\\\")(?:(?!\\\\")[^])+`, "gi");
const FORM_FIELD = new RegExp(`((?:^|[?&;\\s,])${FIELD}\\]?=)[^&;\\s",]+`, "gi");
const XML_FIELD = new RegExp(`(<${FIELD}>)[^<]+`, "gi");
const FIELDS = [JSON_FIELD, INNER_FIELD, FORM_FIELD, XML_FIELD];
/** Credentials behind their scheme, and texts that secrets of our field look like. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|Digest)(\s+|%20|\+)[\w.~+/=%-]{4,}/gi, `$1$2${HIDDEN}`],
  [/\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(?:sk|rk)_(?:live|test)_\w+/g, HIDDEN],
  [/\bwhs(?:ec|k)_[\w+/=-]+/g, HIDDEN],
];

/** Hides secrets in texts and headers. */
export interface Redactor {
  text(text: string): string;
  /** Headers by lower-case names; a scheme, such as `Bearer`, stays. */
  headers(headers: Readonly<Record<string, string>>): Record<string, string>;
}

/** A redactor that knows the texts of the secrets that were used. */
export function redactor(secrets: Iterable<string>): Redactor {
  const used = [...new Set(secrets)].filter(({ length }) => length >= SECRET_LEAST_CHARS);
  const known = used.flatMap(encodings).sort((a, b) => b.length - a.length);
  const inBase64 = used.flatMap(base64Forms);
  const text = (given: string): string => {
    let now = given;
    for (const one of known) now = now.replaceAll(one, HIDDEN);
    const standard = inStandardBase64(now);
    for (const letters of inBase64) {
      if (standard.includes(letters)) now = now.replace(base64Pattern(letters), HIDDEN);
    }
    for (const field of FIELDS) now = now.replace(field, `$1${HIDDEN}`);
    for (const [shape, put] of SHAPES) now = now.replace(shape, put);
    return now;
  };
  return {
    text,
    headers: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          SECRET_HEADER.test(name) ? withScheme(value) : text(value),
        ]),
      ),
  };
}

/** At least 8 characters, and not a word such as `Credential`. */
const PIECE = /^(?=.{8})(?:.*[^A-Za-z]|.{16})/s;

/**
 * What stands in the places of secrets in a request, whole and in pieces: signatures and the like,
 * which nobody else knows, and which may be told back.
 */
export function secretsIn({ headers, body }: Pick<OutgoingRequest, "headers" | "body">): string[] {
  const inHeaders = Object.entries(headers)
    .filter(([name]) => SECRET_HEADER.test(name))
    .flatMap(([, value]) => [value, ...value.split(/[\s,;=]+/)]);
  const inBody = typeof body === "string" ? FIELDS.flatMap((field) => valuesOf(field, body)) : [];
  return [...inHeaders, ...inBody].filter((text) => PIECE.test(text));
}

function valuesOf(field: RegExp, body: string): string[] {
  return [...body.matchAll(field)].map(([all, name = ""]) => {
    return new URLSearchParams(`v=${all.slice(name.length)}`).get("v") ?? "";
  });
}

/** `Bearer abc` is `Bearer {secret}`. */
function withScheme(value: string): string {
  const [, scheme] = /^(Bearer|Basic|Digest|AWS4-HMAC-SHA256)\s/i.exec(value) ?? [];
  return scheme === undefined ? HIDDEN : `${scheme} ${HIDDEN}`;
}

/** How a secret may stand in a text: as it is, and as URLs, forms and JSON write it. */
function encodings(secret: string): string[] {
  const inUri = encodeURIComponent(secret.toWellFormed());
  const inForm = inUri.replaceAll("%20", "+").replace(/[!'()~]/g, percentOf);
  const inJson = JSON.stringify(secret).slice(1, -1);
  const all = [secret, inUri, inForm, inJson, JSON.stringify(inJson).slice(1, -1)];
  // `whsec_` and the like say what the rest is, and the rest alone is as good as all of it.
  const bare = /^whs(?:ec|k)_(.{16,})$/.exec(secret)?.[1];
  return [...new Set(bare === undefined ? all : [...all, ...encodings(bare)])];
}

function percentOf(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

const encoder = new TextEncoder();
const GROUP_BYTES = 3;
/** Shorter ones make letters of base64 that stand in innocent words. */
const IN_BASE64_LEAST_BYTES = 8;

/**
 * The letters that a secret makes of base64, wherever it begins in what is encoded: as the password
 * of a pair, it begins anywhere.
 */
function base64Forms(secret: string): string[] {
  const bytes = encoder.encode(secret);
  if (bytes.length < IN_BASE64_LEAST_BYTES) return [];
  return [0, 1, 2].map((shift) => {
    const from = (GROUP_BYTES - shift) % GROUP_BYTES;
    const count = Math.floor((bytes.length - from) / GROUP_BYTES) * GROUP_BYTES;
    return btoa(String.fromCharCode(...bytes.subarray(from, from + count)));
  });
}

/** A text in which base64 of URLs is as any other: to look for letters is less than a pattern. */
function inStandardBase64(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

/** Letters in either base64, with those that a secret shares with its neighbours. */
function base64Pattern(letters: string): RegExp {
  const either = letters.replaceAll("+", "[+-]").replaceAll("/", "[/_]");
  return new RegExp(`[\\w+/-]{0,3}${either}[\\w+/-]{0,3}={0,2}`, "g");
}
