/**
 * What was called with which arguments, as a digest. Arguments hold what people wrote, so they are
 * looked at and let go: neither they nor a digest that a producer made are kept as they were sent.
 */
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { Digest } from "../../engine/ports.ts";
import { ExactNumber } from "./exact-json.ts";
import { FieldRefused, type Fields, readOptionalId } from "./fields.ts";

/** 66 bits: two calls of one run that share it by chance are not met in a lifetime. */
const HASH_CHARS = 11;

/**
 * The digest of a step's tool or model and its `arguments`, or of the `callHash` that its producer
 * made of both; undefined where it says neither.
 */
export function readCallHash(
  object: Fields,
  { digest }: { readonly digest: Pick<Digest, "content"> },
): string | undefined {
  const { arguments: given, callHash: sent } = object;
  const hash = readOptionalId(sent, "callHash");
  const isGiven = given !== undefined && given !== null;
  if (hash === null && !isGiven) return undefined;
  if (hash !== null && isGiven) {
    const detail = '"arguments" and "callHash" say the same: send one of them.';
    throw new FieldRefused("field.invalid", "callHash", detail);
  }
  const called = isGiven ? { arguments: plain(given) } : { callHash: hash };
  const { kind, tool = null, model = null } = object;
  const text = canonicalJson({ kind, tool, model: tool === null ? model : null, ...called });
  return digest.content(text).slice(0, HASH_CHARS);
}

/** A value whose numbers are their texts: 1e400 is not the same argument as 1e401. */
function plain(value: unknown): unknown {
  if (value instanceof ExactNumber) return { number: value.text };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}
