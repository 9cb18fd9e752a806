import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";

/** The instant that rates an event: its own, unless it is dated too far ahead of its receipt. */
export function ratedAt(occurredAtMs: number, receivedAtMs: number): number {
  return occurredAtMs > receivedAtMs + FUTURE_TOLERANCE_MS ? receivedAtMs : occurredAtMs;
}
