/** Knows a call again without keeping what it was called with. */

/** Bytes of the digest that are sent: two arguments of one run do not share them by chance. */
const HASH_BYTES = 12;

/**
 * The digest of what a call is given: SHA-256 of its JSON with sorted keys, as hexadecimal text.
 * Undefined where JSON cannot say it, such as a circle.
 */
export async function callHashOf(given: unknown): Promise<string | undefined> {
  const text = sortedJson(given);
  if (text === undefined) return undefined;
  const bytes = new TextEncoder().encode(text);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const shown = [...digest.subarray(0, HASH_BYTES)];
  return shown.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sortedJson(given: unknown): string | undefined {
  try {
    return JSON.stringify(given, (_, value: unknown) => {
      if (typeof value === "bigint") return { bigint: String(value) };
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(
        Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    });
  } catch {
    return undefined;
  }
}
