/**
 * Cohere: `billed_units` is what is charged. `tokens` and `cached_tokens` count what the model
 * read, with Cohere's own preamble; they are shown, not billed.
 */
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep, Tally } from "./mapped-step.ts";

const BILLED = [
  ["input_uncached", ["billed_units.input_tokens"]],
  ["input_image", ["billed_units.image_tokens"]],
  ["output_text", ["billed_units.output_tokens"]],
  ["rerank_searches", ["billed_units.search_units"]],
  ["classifications", ["billed_units.classifications"]],
  ["images", ["billed_units.images"]],
] as const;

/** Chat, embeddings and rerank alike. */
export function mapCohere(response: Response): MappedStep[] {
  const { usage } = response;
  const tally = new Tally();
  usage.ignore(["tokens", "cached_tokens", "api_version"]);
  for (const [name, paths] of BILLED) tally.add(name, usage.count(paths));
  return [mainStep(response, tally)];
}
