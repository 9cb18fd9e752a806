import assert from "node:assert/strict";
import { test } from "node:test";
import { detectFormat, detectStreamFormat } from "./detect.ts";

const usage = { input_tokens: 1, output_tokens: 1 };

const BODIES: readonly [string | null, unknown][] = [
  ["openai.chat", { object: "chat.completion", usage: { prompt_tokens: 1 } }],
  ["openai.responses", { object: "response", usage }],
  ["openai.responses", { usage: { ...usage, total_tokens: 2 } }],
  ["anthropic.messages", { type: "message", usage }],
  ["anthropic.messages", usage],
  ["gemini.generate", { usageMetadata: { promptTokenCount: 1 } }],
  ["gemini.embeddings", { embedding: { values: [] }, usageMetadata: { promptTokenCount: 1 } }],
  ["gemini.caches", { expireTime: "2026-11-23", usageMetadata: { totalTokenCount: 1 } }],
  ["ollama.embeddings", { model: "m", embeddings: [[0.1]], prompt_eval_count: 3 }],
  ["gemini.live", { usageMetadata: { promptTokenCount: 1, responseTokenCount: 1 } }],
  ["gemini.interactions", { usage: { total_input_tokens: 1 } }],
  ["bedrock.converse", { usage: { inputTokens: 1 } }],
  ["openrouter.chat", { usage: { prompt_tokens: 1, is_byok: false } }],
  [
    "openrouter.embeddings",
    { data: [{ embedding: [0.5] }], usage: { prompt_tokens: 1, is_byok: false } },
  ],
  ["groq.chat", { x_groq: {}, usage: { prompt_tokens: 1 } }],
  ["xai.chat", { usage: { prompt_tokens: 1, num_sources_used: 0 } }],
  ["openai.embeddings", { data: [{ embedding: [] }], usage: { prompt_tokens: 1 } }],
  ["together.rerank", { results: [{ relevance_score: 1 }], usage: { prompt_tokens: 1 } }],
  ["claude-agent.result", { modelUsage: { m: { inputTokens: 1 } } }],
  [null, { object: "chat.completion", usage: null }],
  [null, { error: { message: "no" } }],
  [null, [1]],
  [null, null],
];

test("a body is recognised by its signs, and a body without usage is not", () => {
  for (const [format, body] of BODIES) {
    assert.equal(detectFormat(body), format, JSON.stringify(body));
  }
});

test("a stream is recognised by the first event that holds a usage", () => {
  const events = [{ type: "ping" }, { type: "message_start", message: { usage } }];
  assert.equal(detectStreamFormat(events), "anthropic.messages");
  assert.equal(detectStreamFormat([{ choices: [] }]), null);
});
