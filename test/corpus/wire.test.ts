import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_TOKENS } from "./arithmetic.ts";
import { idOf, litellmModel, modelStep, timeOf } from "./wire.ts";

test("a time without a zone is UTC, a number is seconds or milliseconds", () => {
  assert.equal(timeOf("2025-08-01T16:23:24.895557"), "2025-08-01T16:23:24.895Z");
  assert.equal(timeOf("2024-12-04 13:18:48"), "2024-12-04T13:18:48.000Z");
  assert.equal(timeOf("2025-05-12T20:27:36-04:00"), "2025-05-13T00:27:36.000Z");
  assert.equal(timeOf("1733339414.5260448"), "2024-12-04T19:10:14.526Z");
  assert.equal(timeOf("1763681630793"), "2025-11-20T23:33:50.793Z");
  assert.equal(timeOf(undefined, "2025-01-01T00:00:00Z"), "2025-01-01T00:00:00Z");
  assert.equal(timeOf("yesterday", "2025-01-01T00:00:00Z"), "2025-01-01T00:00:00Z");
});

test("a LiteLLM name is a provider and a model, gateways are neither", () => {
  const cases = {
    "gpt-4.1": ["openai", "gpt-4.1"],
    "ft:gpt-4.1-2025-04-14:org:name:id": ["openai", "ft:gpt-4.1-2025-04-14:org:name:id"],
    "deepseek/deepseek-chat": ["deepseek", "deepseek-chat"],
    "gemini/gemini-2.5-pro": ["google", "gemini-2.5-pro"],
    "litellm_proxy/claude-sonnet-4-20250514": ["anthropic", "claude-sonnet-4-20250514"],
    "litellm_proxy/anthropic.claude-x-v2:0": ["aws", "anthropic.claude-x-v2:0"],
    "openrouter/qwen/qwen3": ["openrouter", "qwen/qwen3"],
    "o4-mini": ["openai", "o4-mini"],
    "brand-new": ["unknown", "brand-new"],
  };
  for (const [name, expected] of Object.entries(cases)) {
    const { provider, model } = litellmModel(name);
    assert.deepEqual([provider, model], expected, name);
  }
});

test("a long id is cut to the limit and stays its own", () => {
  const [a, b] = [idOf("x".repeat(300), "a"), idOf("x".repeat(300), "b")];
  assert.equal(a.length, 200);
  assert.notEqual(a, b);
  assert.equal(idOf("run", "line\nbreak"), "run/line break");
});

test("a model step carries only buckets that hold something", () => {
  const run = { dataset: "d", run: "r", agent: "a" };
  const tokens = { ...NO_TOKENS, input: 3, reasoning: 2 };
  const call = { id: "1", at: "2025-01-01T00:00:00Z", provider: "p", model: "m", tokens };
  const step = modelStep(run, call) as { usage: object; customer: string };
  assert.deepEqual(step.usage, { input_uncached: 3, output_reasoning: 2 });
  assert.equal(step.customer, "corpus-d");
});
