/**
 * What is left of a run's steps once they are removed: a mark each, so that a late retry is known
 * as one and never counts again, and a changed record is told. A mark is 72 bits of a hash of the
 * identity and 48 of one of the content: 20 characters where a step takes hundreds. Nothing is
 * counted by them: at worst a record that differs, one in 2^48, would be taken for a retry.
 */

const IDENTITY_CHARS = 12;
const CONTENT_CHARS = 8;
const MARK_CHARS = IDENTITY_CHARS + CONTENT_CHARS;

/** A hash of a text as characters of 6 bits each, at least 12 of them. */
export type ContentHash = (text: string) => string;

/** What a mark is made of. */
export interface Marked {
  readonly source: string;
  readonly id: string;
  readonly contentHash: string;
}

/**
 * What an arriving record is to the steps that were removed: `unknown` where none had its identity.
 */
export type Recognised = "duplicate" | "changed" | "unknown";

/** The marks of a run's steps as one text. */
export function encodeMarks(steps: readonly Marked[], hash: ContentHash): string {
  return steps
    .map((step) => identityMark(step, hash) + contentMark(step, hash))
    .sort()
    .join("");
}

/** How many steps a text of marks stands for. */
export function countMarks(marks: string): number {
  return Math.floor(marks.length / MARK_CHARS);
}

/** Recognises a record among marks. */
export function recognise(marks: string, record: Marked, hash: ContentHash): Recognised {
  const identity = identityMark(record, hash);
  let [low, high] = [0, countMarks(marks)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const at = middle * MARK_CHARS;
    const found = marks.slice(at, at + IDENTITY_CHARS);
    if (found === identity) {
      const content = marks.slice(at + IDENTITY_CHARS, at + MARK_CHARS);
      return content === contentMark(record, hash) ? "duplicate" : "changed";
    }
    if (found < identity) low = middle + 1;
    else high = middle;
  }
  return "unknown";
}

/** Sources and ids hold no control character, so no two identities share a text. */
function identityMark({ source, id }: Marked, hash: ContentHash): string {
  return hash(`${source}\u0000${id}`).slice(0, IDENTITY_CHARS);
}

function contentMark({ contentHash }: Marked, hash: ContentHash): string {
  return hash(contentHash).slice(0, CONTENT_CHARS);
}
