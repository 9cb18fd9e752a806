import assert from "node:assert/strict";
import { test } from "node:test";
import { formatQuantity } from "../../domain/money/decimal.ts";
import { mapProviderUsage, USAGE_FORMATS } from "./map.ts";

function problemOf(format: string, block: unknown, field?: string) {
  const result = mapProviderUsage(format, block, field === undefined ? {} : { field });
  return "problem" in result ? result.problem : null;
}

function usageOf(format: string, block: unknown): Record<string, string> {
  const result = mapProviderUsage(format, block);
  assert.ok("steps" in result, JSON.stringify(result));
  const usage = result.steps[0]?.usage ?? new Map();
  return Object.fromEntries([...usage].map(([name, n]) => [name, formatQuantity(n)]));
}

test("an unknown format is refused by name, also one that every object inherits", () => {
  for (const name of ["nope.chat", "constructor", ""]) {
    assert.equal(problemOf(name, { input_tokens: 1 })?.code, "usage.format_unknown");
  }
});

test("every format refuses a value without its usage, and never throws", () => {
  for (const format of USAGE_FORMATS) {
    for (const value of [null, undefined, 1, "x", [], {}, { usage: null }, { usage: 7 }]) {
      assert.equal(problemOf(format, value)?.code, "field.missing", format);
    }
  }
});

test("a problem names the field below the place where the sender put the block", () => {
  const body = { usage: { prompt_tokens: -1 } };
  assert.equal(
    problemOf("openai.chat", body, "events[3].providerUsage")?.field,
    "events[3].providerUsage.usage.prompt_tokens",
  );
});

test("the response is believed about the model, the sender about the provider", () => {
  const body = { id: "r1", model: "gpt-5-2025-08-07", usage: { prompt_tokens: 1 } };
  const result = mapProviderUsage("openai.chat", body, { provider: "azure", model: "gpt-5" });
  assert.ok("steps" in result);
  const [step] = result.steps;
  assert.equal(step?.provider, "azure");
  assert.equal(step?.model, "gpt-5-2025-08-07");
  assert.equal(step?.callId, "azure:r1");
});

test("a usage block alone takes model and tier from the sender and has no call id", () => {
  const context = { model: "gpt-5", tier: "batch" };
  const result = mapProviderUsage("openai.chat", { prompt_tokens: 1 }, context);
  assert.ok("steps" in result);
  const [step] = result.steps;
  assert.deepEqual([step?.model, step?.tier, step?.callId], ["gpt-5", "batch", undefined]);
});

test("a count that no rule reads is reported", () => {
  const usage = { prompt_tokens: 1, new_billable_tokens: 5, nested: { more: 0 } };
  const result = mapProviderUsage("openai.chat", { usage });
  assert.ok("unread" in result);
  assert.deepEqual(result.unread, ["providerUsage.usage.new_billable_tokens"]);
});

test("numbers may arrive as text", () => {
  assert.deepEqual(usageOf("openai.chat", { prompt_tokens: "12", completion_tokens: "3" }), {
    input_uncached: "12",
    output_text: "3",
  });
});

/** Format, block, and the buckets expected of it. */
const MAPPED: readonly [string, unknown, Record<string, string>][] = [
  ["voyage.embeddings", { usage: { total_tokens: 57 } }, { input_uncached: "57" }],
  ["openai.embeddings", { prompt_tokens: 4, total_tokens: 4 }, { input_uncached: "4" }],
  [
    "deepseek.chat",
    {
      prompt_tokens: 9,
      completion_tokens: 2,
      prompt_cache_hit_tokens: 5,
      prompt_cache_miss_tokens: 4,
    },
    { cache_read: "5", input_uncached: "4", output_text: "2" },
  ],
  [
    "mistral.chat",
    { prompt_tokens: 13, completion_tokens: 1, total_tokens: 14, prompt_audio_seconds: 36.5 },
    { audio_seconds: "36.5", input_uncached: "13", output_text: "1" },
  ],
  [
    "cohere.chat",
    { tokens: { input_tokens: 1683 }, cached_tokens: 992, billed_units: { input_tokens: 39 } },
    { input_uncached: "39" },
  ],
  ["cohere.rerank", { meta: { billed_units: { search_units: 1 } } }, { rerank_searches: "1" }],
  [
    "perplexity.chat",
    {
      prompt_tokens: 19,
      completion_tokens: 498,
      total_tokens: 517,
      citation_tokens: 10175,
      num_search_queries: 48,
      reasoning_tokens: 95305,
    },
    {
      citation_tokens: "10175",
      input_uncached: "19",
      output_reasoning: "95305",
      output_text: "498",
      web_searches: "48",
    },
  ],
  [
    "ollama.chat",
    { prompt_eval_count: 5, eval_count: 7 },
    { input_uncached: "5", output_text: "7" },
  ],
  [
    "watsonx.generation",
    { results: [{ input_token_count: 8, generated_token_count: 11 }] },
    { input_uncached: "8", output_text: "11" },
  ],
  [
    "bedrock.titan",
    { inputTextTokenCount: 28, results: [{ tokenCount: 197 }, { tokenCount: 3 }] },
    { input_uncached: "28", output_text: "200" },
  ],
  [
    "openai.transcriptions",
    { usage: { type: "duration", seconds: 2.5 } },
    { audio_seconds: "2.5" },
  ],
];

test("formats of one shape differ only in names", () => {
  for (const [format, block, expected] of MAPPED) {
    assert.deepEqual(usageOf(format, block), expected, format);
  }
});

test("an answer of which only the output is told is partial", () => {
  const result = mapProviderUsage("huggingface.tgi", { details: { generated_tokens: 20 } });
  assert.ok("steps" in result);
  assert.equal(result.steps[0]?.completeness, "partial");
});
