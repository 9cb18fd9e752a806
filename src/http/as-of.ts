/** `?asOf=` of the routes that answer what was known at an instant. */
import type { ErrorCode } from "../domain/errors.ts";
import { optionalInstant } from "./instant.ts";

/** The instant that a reading is as of; null: now. Throws `field.invalid`, `field.out_of_range`. */
export function asOfMs(asOf: string | undefined): number | null {
  return optionalInstant(asOf, "asOf");
}

/** What such a route refuses with, besides its own. */
export const AS_OF_ERRORS: readonly ErrorCode[] = [
  "asof.future",
  "asof.too_early",
  "steps.removed",
  "field.invalid",
  "field.out_of_range",
];
