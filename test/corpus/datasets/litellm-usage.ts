/** Usage as LiteLLM returns it, in the shape of a chat completion. */
import { type CallTokens, NO_TOKENS } from "../arithmetic.ts";
import { countOf, type JsonObject, objectAt } from "../number-text.ts";

export interface LitellmTokens {
  readonly tokens: CallTokens;
  /** Nothing in the block says how much of the prompt was cached. */
  readonly isCacheLost: boolean;
}

/** Disjoint tokens: the prompt holds what was cached, the completion holds what was reasoned. */
export function litellmTokens(usage: JsonObject): LitellmTokens {
  const prompt = countOf(usage.prompt_tokens);
  const completion = countOf(usage.completion_tokens);
  const details = objectAt(usage.prompt_tokens_details);
  const reads = [
    usage.cache_read_input_tokens,
    usage.prompt_cache_hit_tokens,
    details.cached_tokens,
  ];
  const cacheRead = Math.min(prompt, Math.max(...reads.map(countOf)));
  const written = countOf(usage.cache_creation_input_tokens ?? details.cache_creation_tokens);
  const cacheWrite = Math.min(prompt - cacheRead, written);
  const reasoned = countOf(objectAt(usage.completion_tokens_details).reasoning_tokens);
  const reasoning = Math.min(completion, reasoned);
  const tokens = {
    ...NO_TOKENS,
    input: prompt - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: completion - reasoning,
    reasoning,
  };
  return { tokens, isCacheLost: reads.every((read) => typeof read !== "string") };
}
