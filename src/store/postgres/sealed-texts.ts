/** The texts of a unit's steps, where their seal is bytes: those, not texts made of them. */
import { SPAN_NUMBERS } from "../../domain/event/step-bytes.ts";
import { facetsOf, labelsOf } from "../../domain/event/step-text.ts";
import type { Writes } from "../../engine/ports.ts";
import type { SealedParts } from "./step-rows.ts";

/** The sealed texts of `steps`, in their order; fewer where the rest was not sealed. */
export function partsOfSealed({
  steps,
  sealedSteps,
}: Pick<Writes, "steps" | "sealedSteps">): readonly SealedParts[] {
  if (sealedSteps.bytes === null) return sealedSteps.texts;
  const { spans, bytes } = sealedSteps.bytes;
  return steps.map((step, index) => {
    const at = SPAN_NUMBERS * index;
    const body = bytes.subarray(spans[at + 3], spans[at + 4]);
    const parts = { facets: facetsOf(step), body, labels: labelsOf(step) };
    return { parts, text: bytes.subarray(spans[at], spans[at + 5]) };
  });
}
