/**
 * When a message that was not taken is sent again: the schedule of Standard Webhooks, three days in
 * all, each wait a fifth shorter or longer by chance, so that receivers which fall together are not
 * called together. A receiver that names a later time is heard.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Waits behind the first attempt, the second and so on; behind the last there is none. */
export const RETRY_WAITS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

const JITTER = 0.2;
/** Longest that a receiver may put an attempt off. */
const ASKED_MAX_MS = 24 * HOUR_MS;

/**
 * How long to wait behind an attempt; null: that was the last one. `chance` is of [0, 1), `askedMs`
 * what the receiver asked for (0: nothing).
 */
export function retryWaitMs(attempts: number, chance: number, askedMs = 0): number | null {
  const wait = RETRY_WAITS_MS[attempts - 1];
  if (wait === undefined) return null;
  const varied = Math.round(wait * (1 - JITTER + 2 * JITTER * chance));
  return Math.max(varied, Math.min(askedMs, ASKED_MAX_MS));
}
