/** What SQLite throws, as the rest of Tollgate knows it. */
import { unknownOutcome } from "../unknown-outcome.ts";

/** An error of SQLite as `store.unknown`; any other stays what it is. */
export function told(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? unknownOutcome(error) : error;
}

/** Calls SQLite. Throws `store.unknown` where it fails. */
export function ask<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw told(error);
  }
}
