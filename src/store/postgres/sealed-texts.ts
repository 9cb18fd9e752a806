/** The texts of a unit's steps, where their seal is bytes: read there, not made a second time. */
import { SPAN_NUMBERS } from "../../domain/event/step-bytes.ts";
import { facetsOf, labelsOf, type SealedStep } from "../../domain/event/step-text.ts";
import type { Writes } from "../../engine/ports.ts";

/** The sealed texts of `steps`, in their order; fewer where the rest was not sealed. */
export function textsOfSealed({
  steps,
  sealedSteps,
}: Pick<Writes, "steps" | "sealedSteps">): readonly SealedStep[] {
  if (sealedSteps.bytes === null) return sealedSteps.texts;
  const { spans, bytes } = sealedSteps.bytes;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textAt = (from: number, to: number): string =>
    buffer.toString("latin1", spans[from], spans[to]);
  return steps.map((step, index) => {
    const at = SPAN_NUMBERS * index;
    const parts = { facets: facetsOf(step), body: textAt(at + 3, at + 4), labels: labelsOf(step) };
    return { parts, text: textAt(at, at + 5) };
  });
}
