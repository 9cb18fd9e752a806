/**
 * Forms that requests ask of texts: the pattern for the schema, and the words that tell it to
 * whoever sent another, since no one should have to read a pattern.
 */

interface TextForm {
  readonly pattern: string;
  /** What completes "must be …". */
  readonly words: string;
}

/** Every pattern that a schema judges a request by. */
export const FORMS = {
  cleanText: {
    // Neither control characters nor half a surrogate pair.
    pattern: "^[^\\u0000-\\u001f\\u007f\\p{Cs}]*$",
    words: "text of one line, without control characters",
  },
  currency: { pattern: "^[A-Z]{3}$", words: "an ISO 4217 code such as USD" },
  decimal: {
    pattern: "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$",
    words: "a decimal as text, such as 12.50 or -3",
  },
  shortDecimal: {
    pattern: "^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,30})?$",
    words: "a decimal such as 12.50 or -3, with at most 15 digits and 30 places",
  },
  dateOrMonth: {
    pattern: "^\\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?$",
    words: "a date such as 2026-11-01, or a month such as 2026-11",
  },
  sandboxName: {
    pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
    words: "lower-case letters, digits and hyphens, at most 63, such as trial-1",
  },
  conflict: { pattern: "^[1-9][0-9]{0,14}$", words: "the number that a conflict is listed with" },
  line: { pattern: "^[1-9]\\d{0,5}$", words: "the number of a line, from 1" },
  position: { pattern: "^[0-9]{1,15}$", words: "`next` of the page before" },
} as const satisfies Readonly<Record<string, TextForm>>;

const WORDS: ReadonlyMap<string, string> = new Map(
  Object.values(FORMS).map(({ pattern, words }) => [pattern, words]),
);

/** The words of a pattern; undefined where it is none of ours. */
export function wordsOf(pattern: unknown): string | undefined {
  return typeof pattern === "string" ? WORDS.get(pattern) : undefined;
}
