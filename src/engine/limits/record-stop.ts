/** Puts a stop on record. */
import type { Stop } from "../../domain/budget/stop.ts";
import type { BatchState } from "../commit/batch-state.ts";

/**
 * Every stop has its act, whoever or whatever stopped the work; one that was in force already is
 * told to nobody.
 */
export function recordStop(
  { state }: { readonly state: BatchState },
  stop: Stop,
  again: { readonly isAgain?: true } = {},
): void {
  const id = JSON.stringify([stop.of, stop.id]);
  const identity = { run: "", source: "work.stopped", id, contentHash: "" };
  state.record("work.stopped", identity, JSON.stringify({ ...stop, ...again }));
}
