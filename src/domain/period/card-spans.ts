/** Which versions of a card were in force for how much of a period. */
import type { RateCardVersion } from "../rating/rate-card.ts";
import { versionInForce } from "../rating/select-version.ts";
import type { CardSpan } from "./period-terms.ts";

/**
 * The spans of a stretch of time, in order; none before the first version takes effect. Of a
 * customer that starts or changes its card in mid-period, give each card its stretch.
 */
export function cardSpans(
  versions: readonly RateCardVersion[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): CardSpan[] {
  const changes = versions
    .map(({ effectiveFromMs }) => effectiveFromMs)
    .filter((atMs) => startMs < atMs && atMs < endMs);
  const starts = [...new Set([startMs, ...changes])].sort((a, b) => a - b);
  return starts.flatMap((fromMs, index): CardSpan[] => {
    const untilMs = starts[index + 1] ?? endMs;
    const version = fromMs < untilMs ? versionInForce(versions, fromMs) : null;
    return version === null ? [] : [{ card: version.card, startMs: fromMs, endMs: untilMs }];
  });
}
