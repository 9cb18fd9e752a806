/** Ids of steps as they are stored: a lower-case UUID takes 16 bytes instead of 36. */
const UUID_CHARS = 36;
const UUID_BYTES = 16;
const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);

/** An id as it is stored: 16 bytes for a lower-case UUID, else its text. */
export function encodeId(id: string): string | Uint8Array {
  return id.length === UUID_CHARS ? (bytesOfUuid(id) ?? id) : id;
}

function bytesOfUuid(id: string): Uint8Array | undefined {
  const bytes = new Uint8Array(UUID_BYTES);
  let filled = 0;
  for (let at = 0; at < UUID_CHARS; at += 2) {
    if (HYPHENS.has(at)) {
      if (id.charCodeAt(at) !== 45) return undefined;
      at += 1;
    }
    const high = hexDigit(id.charCodeAt(at));
    const low = hexDigit(id.charCodeAt(at + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[filled] = high * 16 + low;
    filled += 1;
  }
  return bytes;
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
