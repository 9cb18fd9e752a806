/** A block that contradicts itself is refused with the field; it is never made to fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mapProviderUsage } from "./map.ts";

/** Format, block, and the field that the problem names below `providerUsage`. */
const CONTRADICTIONS: readonly [string, Record<string, unknown>, string][] = [
  ["openai.chat", { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 6 } }, ""],
  ["openai.chat", { prompt_tokens: 5, prompt_tokens_details: { audio_tokens: 6 } }, ""],
  [
    "openai.chat",
    { prompt_tokens: 5, cached_tokens: 3, prompt_tokens_details: { cache_write_tokens: 3 } },
    "",
  ],
  [
    "openai.chat",
    { completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 6 } },
    ".completion_tokens",
  ],
  ["openai.chat", { prompt_tokens: 5, completion_tokens: 5, total_tokens: 9 }, ".total_tokens"],
  [
    "openai.chat",
    {
      prompt_tokens: 5,
      completion_tokens: 5,
      total_tokens: 13,
      completion_tokens_details: { reasoning_tokens: 2 },
    },
    ".total_tokens",
  ],
  [
    "mistral.chat",
    {
      prompt_tokens: 5,
      completion_tokens: 5,
      total_tokens: 20,
      prompt_audio_seconds: 1,
      prompt_tokens_details: { audio_tokens: 3 },
    },
    ".total_tokens",
  ],
  ["openai.chat", { prompt_tokens: 10, cache_read_input_tokens: 100, total_tokens: 110 }, ""],
  [
    "deepseek.chat",
    { prompt_tokens: 9, prompt_cache_hit_tokens: 5, prompt_cache_miss_tokens: 3 },
    ".prompt_cache_miss_tokens",
  ],
  [
    "openai.responses",
    {
      input_tokens: 9,
      input_tokens_details: {
        cache_write_tokens: 3,
        cache_write_tokens_details: { ttl_12h_tokens: 4 },
      },
    },
    "",
  ],
  [
    "anthropic.messages",
    {
      input_tokens: 1,
      cache_creation_input_tokens: 5,
      cache_creation: { ephemeral_1h_input_tokens: 6 },
    },
    "",
  ],
  [
    "anthropic.messages",
    { output_tokens: 1, output_tokens_details: { thinking_tokens: 2 } },
    ".output_tokens_details.thinking_tokens",
  ],
  [
    "anthropic.messages",
    { input_tokens: 2, iterations: [{ type: "message", input_tokens: 1 }] },
    ".input_tokens",
  ],
  ["gemini.generate", { promptTokenCount: 5, cachedContentTokenCount: 6 }, ""],
  [
    "gemini.generate",
    { promptTokenCount: 5, promptTokensDetails: [{ modality: "TEXT", tokenCount: 6 }] },
    ".promptTokenCount",
  ],
  [
    "gemini.generate",
    {
      promptTokenCount: 5,
      cachedContentTokenCount: 1,
      cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 2 }],
    },
    "",
  ],
  [
    "gemini.generate",
    { candidatesTokenCount: 1, candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 2 }] },
    ".candidatesTokenCount",
  ],
  ["gemini.generate", { promptTokenCount: 5, totalTokenCount: 6 }, ".totalTokenCount"],
  ["bedrock.converse", { inputTokens: 5, outputTokens: 1, totalTokens: 7 }, ".totalTokens"],
];

test("contradictions are refused with the path of a field that takes part", () => {
  for (const [format, block, field] of CONTRADICTIONS) {
    const result = mapProviderUsage(format, block);
    const shown = `${format} ${JSON.stringify(block)}`;
    assert.ok("problem" in result, shown);
    assert.equal(result.problem.code, "usage.inconsistent", shown);
    assert.equal(result.problem.field, `providerUsage${field}`, shown);
  }
});
