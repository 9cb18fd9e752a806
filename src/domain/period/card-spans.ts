/** Which versions of a card were in force for how much of a period. */
import type { RateCardVersion } from "../rating/rate-card.ts";
import { versionInForce } from "../rating/select-version.ts";
import type { CardSpan } from "./period-terms.ts";

/** A stretch of a period. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  /** Start of the whole period, which versions may wait for. (Default: that of the stretch.) */
  readonly periodStartMs?: number;
}

/**
 * The spans of a stretch of time, in order; none before the first version takes effect. Of a
 * customer that starts or changes its card in mid-period, give each card its stretch.
 */
export function cardSpans(
  versions: readonly RateCardVersion[],
  { startMs, endMs, periodStartMs = startMs }: Stretch,
): CardSpan[] {
  const changes = versions
    .filter(({ takesEffect }) => takesEffect === "at_once")
    .map(({ effectiveFromMs }) => effectiveFromMs)
    .filter((atMs) => startMs < atMs && atMs < endMs);
  const starts = [...new Set([startMs, ...changes])].sort((a, b) => a - b);
  return starts.flatMap((fromMs, index): CardSpan[] => {
    const untilMs = starts[index + 1] ?? endMs;
    const version = fromMs < untilMs ? versionInForce(versions, fromMs, periodStartMs) : null;
    return version === null ? [] : [{ card: version.card, startMs: fromMs, endMs: untilMs }];
  });
}
