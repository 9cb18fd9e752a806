import { TollgateError } from "../domain/errors.ts";

/**
 * What a database threw, as an outcome that is unknown: a broken connection, a full disk, a
 * serialization failure. The transaction may stand when it happened at its end, so the caller sends
 * the same identities again. An error of our own stays what it is.
 */
export function unknownOutcome(cause: unknown): TollgateError {
  if (cause instanceof TollgateError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const detail = `The store failed (${reason}); whether the write happened is unknown.`;
  return new TollgateError("store.unknown", detail, undefined, { cause });
}
