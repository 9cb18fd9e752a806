/** Which version of a rate card is in force. */
import type { RateCardVersion } from "./rate-card.ts";

/**
 * The version of one card that is in force at an instant: the latest to take effect by then, and
 * of those that take effect together the one recorded last. Null before the first one: nothing is
 * charged then, and the step shows it by having no card version.
 */
export function versionInForce(
  versions: readonly RateCardVersion[],
  atMs: number,
): RateCardVersion | null {
  let best: RateCardVersion | null = null;
  for (const version of versions) {
    if (version.effectiveFromMs > atMs) continue;
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
