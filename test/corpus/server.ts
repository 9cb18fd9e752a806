/**
 * Starts what the corpus command judges. Each dataset gets a fresh one, so that the price list of
 * one dataset cannot price another.
 */
import { StandInMeter } from "./stand-in-meter.ts";
import type { Meter } from "./types.ts";

export interface StartedMeter {
  readonly meter: Meter;
  readonly stop: () => Promise<void>;
}

/** Starts a server on a free port with an empty store. */
export async function startMeter(): Promise<StartedMeter> {
  // Until src/compose.ts starts an HTTP server: then `new HttpMeter({ url, key })` stands here.
  return { meter: new StandInMeter(), stop: async () => {} };
}
