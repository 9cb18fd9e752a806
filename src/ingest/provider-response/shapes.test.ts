/** What the single shapes do beyond the traps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatQuantity, quantityOfInteger } from "../../domain/money/decimal.ts";
import { mapProviderUsage } from "./map.ts";
import type { MappedStep } from "./mapped-step.ts";

function stepsOf(format: string, block: unknown): readonly MappedStep[] {
  const mapped = mapProviderUsage(format, block);
  assert.ok("steps" in mapped, JSON.stringify(mapped));
  return mapped.steps;
}

function counts(step: MappedStep | undefined): Record<string, string> {
  return Object.fromEntries([...(step?.usage ?? [])].map(([k, n]) => [k, formatQuantity(n)]));
}

test("reasoning beside the output is known by the total", () => {
  const details = { completion_tokens_details: { reasoning_tokens: 189 } };
  const block = { prompt_tokens: 291, completion_tokens: 26, total_tokens: 506, ...details };
  const beside = { input_uncached: "291", output_reasoning: "189", output_text: "26" };
  assert.deepEqual(counts(stepsOf("xai.chat", block)[0]), beside);
});

test("tokens that only the total tells of are reasoning, not nothing", () => {
  const block = { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 };
  const told = { input_uncached: "35", output_reasoning: "62", output_text: "12" };
  assert.deepEqual(counts(stepsOf("openai.chat", block)[0]), told);
});

test("audio that Mistral heard stands beside the prompt, and is no reasoning", () => {
  const transcribed = { prompt_tokens: 4, completion_tokens: 10, total_tokens: 389 };
  const heard = { input_uncached: "4", input_audio: "375", output_text: "10" };
  const block = { ...transcribed, prompt_audio_seconds: 5 };
  const expected = { ...heard, audio_seconds: "5" };
  assert.deepEqual(counts(stepsOf("mistral.chat", block)[0]), expected);
  const told = { ...block, prompt_tokens_details: { audio_tokens: 375, cached_tokens: 3 } };
  assert.deepEqual(counts(stepsOf("mistral.chat", told)[0]), {
    ...expected,
    input_uncached: "1",
    cache_read: "3",
  });
  // Inside the prompt it is a part of it, as everywhere else.
  const inside = { ...told, prompt_tokens: 379 };
  assert.deepEqual(
    counts(stepsOf("mistral.chat", inside)[0]),
    counts(stepsOf("mistral.chat", told)[0]),
  );
});

test("Anthropic's names beside an OpenAI prompt are parts of it", () => {
  const [step] = stepsOf("openai.chat", {
    prompt_tokens: 100,
    cache_read_input_tokens: 40,
    cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_1h_input_tokens: 20 },
    prompt_tokens_details: { cached_tokens: 40, cache_creation_tokens: 30 },
    completion_tokens: 5,
    total_tokens: 105,
  });
  assert.deepEqual(counts(step), {
    cache_read: "40",
    cache_write: "10",
    cache_write_1h: "20",
    input_uncached: "30",
    output_text: "5",
  });
});

test("cached tokens of an untold kind are text first, then images, then audio", () => {
  const details = { cached_tokens: 9, audio_tokens: 4, image_tokens: 3 };
  const block = { prompt_tokens: 10, prompt_tokens_details: details };
  assert.deepEqual(counts(stepsOf("openai.chat", block)[0]), {
    cache_read: "6",
    cache_read_audio: "3",
    input_audio: "1",
  });
});

test("Gemini's modalities are split with the cache taken off each", () => {
  const entry = (modality: string | number, tokenCount: number) => ({ modality, tokenCount });
  const [step] = stepsOf("gemini.generate", {
    promptTokenCount: 3297,
    promptTokensDetails: [entry("TEXT", 83), entry("VIDEO", 2893), entry(4, 321)],
    cachedContentTokenCount: 2918,
    cacheTokensDetails: [entry("AUDIO", 284), entry("TEXT", 73), entry("VIDEO", 2561)],
    candidatesTokenCount: 55,
    thoughtsTokenCount: 95,
    totalTokenCount: 3447,
  });
  assert.deepEqual(counts(step), {
    cache_read: "2634",
    cache_read_audio: "284",
    input_audio: "37",
    input_uncached: "10",
    input_video: "332",
    output_reasoning: "95",
    output_text: "55",
  });
});

test("pages that Vertex calls text in the prompt and images in its cache fit", () => {
  const entry = (modality: string, tokenCount: number) => ({ modality, tokenCount });
  const block = (cached: object[]) => ({
    promptTokenCount: 1344,
    promptTokensDetails: [entry("TEXT", 54), entry("DOCUMENT", 1290)],
    cachedContentTokenCount: 1274,
    cacheTokensDetails: cached,
    totalTokenCount: 1344,
  });
  const [step] = stepsOf("gemini.generate", block([entry("TEXT", 51), entry("IMAGE", 1223)]));
  assert.deepEqual(counts(step), { cache_read: "1274", input_uncached: "70" });
  // Audio has a price of its own there: what was not in the prompt cannot come from its cache.
  const heard = mapProviderUsage("gemini.generate", block([entry("AUDIO", 1274)]));
  assert.ok("problem" in heard);
});

test("a cache that Gemini created is input once, however often it is asked for", () => {
  const [step, ...others] = stepsOf("gemini.caches", {
    name: "cachedContents/c1",
    model: "models/gemini-2.5-flash",
    expireTime: "2026-11-23T11:00:00Z",
    usageMetadata: { totalTokenCount: 1081 },
  });
  assert.deepEqual(others, []);
  assert.deepEqual(counts(step), { input_uncached: "1081" });
  assert.deepEqual(
    [step?.kind, step?.model, step?.callId],
    ["custom", "gemini-2.5-flash", "google:cachedContents/c1"],
  );
});

test("searches that an interaction counts are units, and what they found is not billed", () => {
  const mapped = mapProviderUsage("gemini.interactions", {
    model: "gemini-3-flash-preview",
    usage: {
      total_input_tokens: 53,
      total_output_tokens: 269,
      total_tokens: 322,
      raw_prompt_token: 4779,
      grounding_tool_count: [
        { type: "google_search", count: 2 },
        { type: "google_maps", count: 1 },
      ],
    },
  });
  assert.ok("steps" in mapped);
  const expected = { input_uncached: "53", output_text: "269", web_searches: "2" };
  assert.deepEqual(counts(mapped.steps[0]), expected);
  assert.deepEqual(mapped.unread, ["providerUsage.usage.grounding_tool_count[1].count"]);
});

test("Gemini's searches are queries, before Gemini 3 grounded prompts", () => {
  const body = (modelVersion: string) => ({
    modelVersion,
    usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
    candidates: [{ groundingMetadata: { webSearchQueries: ["a", "b"] } }, {}],
  });
  const searches = (model: string) => counts(stepsOf("gemini.generate", body(model))[0]);
  assert.deepEqual(searches("gemini-3-pro"), { input_uncached: "1", web_searches: "2" });
  assert.deepEqual(searches("gemini-2.5-pro"), { grounded_prompts: "1", input_uncached: "1" });
});

test("a Live message counts its audio, and the text entries are the session's context", () => {
  const [step] = stepsOf("gemini.live", {
    promptTokenCount: 50,
    responseTokenCount: 50,
    totalTokenCount: 100,
    promptTokensDetails: [
      { modality: "TEXT", tokenCount: 535 },
      { modality: "AUDIO", tokenCount: 50 },
    ],
    responseTokensDetails: [{ modality: "AUDIO", tokenCount: 50 }],
  });
  assert.deepEqual(counts(step), { input_audio: "50", output_audio: "50" });
});

test("a model that declined is a step of its own beside the one that served", () => {
  const declined = { type: "message", model: "fable-5", input_tokens: 408, output_tokens: 0 };
  const served = { type: "fallback_message", model: "opus-4-8", input_tokens: 412 };
  const iterations = [declined, { ...served, output_tokens: 264 }];
  const usage = { input_tokens: 412, output_tokens: 264, iterations };
  const [main, extra] = stepsOf("anthropic.messages", { model: "opus-4-8", usage });
  assert.deepEqual(counts(main), { input_uncached: "412", output_text: "264" });
  assert.deepEqual([extra?.suffix, extra?.model], ["declined-1", "fable-5"]);
  assert.deepEqual(counts(extra), { input_uncached: "408" });
});

test("a redeemed fallback credit makes the count an estimate", () => {
  const usage = { input_tokens: 1, fallback_credit: { status: { type: "redeemed" } } };
  assert.equal(stepsOf("anthropic.messages", usage)[0]?.completeness, "estimated");
});

test("tools that OpenAI runs are units, and its image model is a step of its own", () => {
  const [main, image] = stepsOf("openai.responses", {
    id: "resp_1",
    model: "gpt-5",
    tools: [{ type: "image_generation", model: "gpt-image-1" }],
    output: [
      { type: "web_search_call", action: { type: "search" } },
      { type: "web_search_call", action: { type: "open_page" } },
      { type: "file_search_call" },
      { type: "message" },
    ],
    usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 },
    tool_usage: {
      image_gen: { input_tokens: 10, input_tokens_details: { image_tokens: 4, text_tokens: 6 } },
    },
  });
  assert.deepEqual(counts(main), {
    input_uncached: "5",
    output_text: "1",
    storage_searches: "1",
    web_searches: "1",
  });
  assert.deepEqual([image?.suffix, image?.model], ["image-1", "gpt-image-1"]);
  assert.deepEqual(counts(image), { input_image: "4", input_uncached: "6" });
});

test("calls that a router ran and did not name are counted beside its searches", () => {
  const server_tool_use_details = { tool_calls_executed: 3, web_search_requests: 1 };
  const [step] = stepsOf("openrouter.chat", { prompt_tokens: 1, server_tool_use_details });
  assert.deepEqual(counts(step), {
    input_uncached: "1",
    server_tool_calls: "2",
    web_searches: "1",
  });
});

test("Gemini's searches are counted in either spelling, and so is its model known", () => {
  const queries = ["a", "b"];
  const usage = { prompt_token_count: 10, candidates_token_count: 2, total_token_count: 12 };
  for (const body of [
    {
      candidates: [{ groundingMetadata: { webSearchQueries: queries } }],
      modelVersion: "gemini-3-pro",
    },
    {
      candidates: [{ grounding_metadata: { web_search_queries: queries } }],
      model_version: "gemini-3-pro",
    },
  ]) {
    const [step] = stepsOf("gemini.generate", { ...body, usage_metadata: usage });
    assert.equal(step?.model, "gemini-3-pro");
    assert.deepEqual(counts(step), { input_uncached: "10", output_text: "2", web_searches: "2" });
  }
});

test("Bedrock's guardrails are a step of their own, without their free units", () => {
  const units = { contentPolicyUnits: 1, sensitiveInformationPolicyFreeUnits: 9 };
  const [main, guard] = stepsOf("bedrock.converse", {
    usage: { inputTokens: 28, outputTokens: 26, totalTokens: 54 },
    trace: {
      guardrail: {
        inputAssessment: { g1: { invocationMetrics: { usage: units } } },
        outputAssessments: { g1: [{ invocationMetrics: { usage: units } }] },
      },
    },
  });
  assert.equal(main?.usage.size, 2);
  assert.equal(guard?.kind, "custom");
  assert.deepEqual(counts(guard), { content_policy_units: "2" });
});

const count = fc.integer({ min: 0, max: 1_000_000 });
const call = fc.record({
  fresh: count,
  audio: count,
  image: count,
  written: count,
  cached: count,
  text: count,
  reasoning: count,
  beside: fc.boolean(),
});

test("the buckets of any consistent block sum up to the provider's total", () => {
  fc.assert(
    fc.property(call, ({ fresh, audio, image, written, cached, text, reasoning, beside }) => {
      const prompt_tokens = fresh + audio + image + written + cached;
      const total_tokens = prompt_tokens + text + reasoning;
      const [step] = stepsOf("openai.chat", {
        prompt_tokens,
        prompt_tokens_details: {
          audio_tokens: audio,
          image_tokens: image,
          cache_write_tokens: written,
          cached_tokens: cached,
        },
        completion_tokens: beside ? text : text + reasoning,
        completion_tokens_details: { reasoning_tokens: reasoning },
        total_tokens,
      });
      const buckets = [...(step?.usage.values() ?? [])];
      assert.equal(
        buckets.reduce((sum, one) => sum + one, 0n),
        quantityOfInteger(total_tokens),
      );
      assert.ok(buckets.every((one) => one > 0n));
    }),
  );
});
