/**
 * Which records of a billing system are lines of a target: others write to the same account, by
 * hand, by other programs, or from another workspace.
 */
import { TollgateError } from "../domain/errors.ts";
import type { NameMap } from "../domain/export/target.ts";
import type { Session } from "../engine/export/connector-port.ts";

/** How far a clock of theirs may be off. */
const CLOCK_SKEW_MAX_MS = 3_600_000;
const DAY_MS = 24 * CLOCK_SKEW_MAX_MS;
/** A key of a line (lineKey): a UUID of version 8. */
const KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a key of a line, of whomever. */
export function isLineKey(text: unknown): text is string {
  return typeof text === "string" && KEY.test(text);
}

/** When the first of a target's lines may have been written that is asked for; null: of all. */
export function heldSinceMs(
  { target, nowMs }: Pick<Session, "target" | "nowMs">,
  sinceMs: number | null,
): number {
  // Nothing is told before the first period has begun, somewhere on earth.
  const first = Date.parse(`${target.since}T00:00:00Z`) - DAY_MS;
  // Periods of a sandbox may lie ahead of the machine's time.
  const least = first > nowMs() ? 0 : first;
  return sinceMs === null ? least : Math.max(least, sinceMs - CLOCK_SKEW_MAX_MS);
}

/** What cannot be listed now; `isRefused`: nor later, so that it stops no run. */
export function unlisted(what: string, isRefused = false): TollgateError {
  const field = isRefused ? "query" : undefined;
  const detail = isRefused ? `They refuse to list "${what}".` : `"${what}" cannot be read now.`;
  return new TollgateError("export.unlisted", detail, field);
}

/** Our name of what they call so; null: it is none of this target's. */
export function ourName({ names, others }: NameMap, theirs: string): string | null {
  const listed = Object.entries(names).find(([, { id }]) => id === theirs);
  if (listed !== undefined) return listed[0];
  return others === "same" && !Object.hasOwn(names, theirs) ? theirs : null;
}
