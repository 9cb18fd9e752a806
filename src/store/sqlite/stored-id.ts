/** Ids of steps as they are stored: a lower-case UUID takes 16 bytes instead of 36. */
const UUID_CHARS = 36;
const UUID_BYTES = 16;

/** An id as it is stored: 16 bytes for a lower-case UUID, else its text. */
export function encodeId(id: string): string | Uint8Array {
  const bytes = new Uint8Array(UUID_BYTES);
  return id.length === UUID_CHARS && readUuid(bytes, id, 0) ? bytes : id;
}

/**
 * Ids that stand in longer texts, for who stores many. The bytes of one are overwritten by the
 * next, so they must be bound at once: a typed array that leaves the language costs as much as the
 * row's other values together, in memory of its own that has to be registered and swept.
 */
export class IdReader {
  readonly #bytes = new Uint8Array(UUID_BYTES);

  /** The id between two characters, as `encodeId` gives it. */
  read(text: string, from: number, to: number): string | Uint8Array {
    const isUuid = to - from === UUID_CHARS && readUuid(this.#bytes, text, from);
    return isUuid ? this.#bytes : text.slice(from, to);
  }
}

/** Fills in the bytes of a UUID that begins there. False: none does, or not in lower case. */
function readUuid(bytes: Uint8Array, text: string, from: number): boolean {
  let filled = 0;
  for (let at = from; at < from + UUID_CHARS; at += 2) {
    if (isHyphenPlace(at - from)) {
      if (text.charCodeAt(at) !== HYPHEN) return false;
      at += 1;
    }
    const high = hexDigit(text.charCodeAt(at));
    const low = hexDigit(text.charCodeAt(at + 1));
    if (high < 0 || low < 0) return false;
    bytes[filled] = high * 16 + low;
    filled += 1;
  }
  return true;
}

const HYPHEN = 45;

function isHyphenPlace(place: number): boolean {
  return place === 8 || place === 13 || place === 18 || place === 23;
}

/** Value of a lower-case hexadecimal digit; negative for anything else. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

/** The id that `encodeId` stored. */
export function decodeId(stored: unknown): string {
  if (typeof stored === "string") return stored;
  const hex = Buffer.from(stored as Uint8Array).toString("hex");
  const at = (from: number, to?: number): string => hex.slice(from, to);
  return `${at(0, 8)}-${at(8, 12)}-${at(12, 16)}-${at(16, 20)}-${at(20)}`;
}
