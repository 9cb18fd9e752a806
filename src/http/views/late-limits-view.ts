/** Terms of closed periods that adjustments of a bill are not held against. */
import type { LateLimits } from "../../engine/periods/late-limits.ts";

/** A field of a bill and a statement; none where its adjustments miss nothing. */
export function lateLimitsField(all: readonly LateLimits[]): object {
  return all.length === 0 ? {} : { lateLimits: all };
}
