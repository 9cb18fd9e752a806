/** How long to wait before trying again. */
import { EXPORT_WAIT_FIRST_MS, EXPORT_WAIT_MAX_MS } from "../limits.ts";

/**
 * Twice as long after each attempt, with a part by chance, so that senders that failed together do
 * not return together. `chance` is from 0 up to 1. In milliseconds.
 */
export function backoffMs(attempts: number, chance: number): number {
  const full = Math.min(EXPORT_WAIT_MAX_MS, EXPORT_WAIT_FIRST_MS * 2 ** Math.min(attempts, 30));
  return Math.floor(full / 2 + (full / 2) * chance);
}
