/** Which version of a rate card is in force. */
import type { RateCardVersion } from "./rate-card.ts";

/**
 * The version of one card that is in force at an instant: the latest to take effect by then, and
 * of those that take effect together the one recorded last. A version that waits for the next
 * period is not yet there in a period that started before it; it keeps its place in that order all
 * the same, so that a version applied after it is not undone when the period turns. Null before
 * the first one: nothing is charged then, and the step shows it by having no card version.
 */
export function versionInForce(
  versions: readonly RateCardVersion[],
  atMs: number,
  /** Start of the customer's period. (Default: the instant itself, as if one started then.) */
  periodStartMs: number = atMs,
): RateCardVersion | null {
  let best: RateCardVersion | null = null;
  for (const version of versions) {
    const byMs = version.takesEffect === "at_once" ? atMs : periodStartMs;
    if (version.effectiveFromMs > byMs) continue;
    if (best === null || takesOver(version, best)) best = version;
  }
  return best;
}

function takesOver(a: RateCardVersion, b: RateCardVersion): boolean {
  return (
    a.effectiveFromMs > b.effectiveFromMs ||
    (a.effectiveFromMs === b.effectiveFromMs && a.id > b.id)
  );
}
