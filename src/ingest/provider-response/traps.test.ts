/** Known ways to count a response wrong, with the exact cost of the right way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Usage } from "../../domain/event/usage.ts";
import { inputQuantity } from "../../domain/event/usage.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { formatAmount, ONE_UNIT, parsePrice, priceQuantity } from "../../domain/money/decimal.ts";
import { foldStream } from "./fold.ts";
import { mapProviderUsage } from "./map.ts";
import type { MappedStep } from "./mapped-step.ts";
import { readResponse } from "./response-file.ts";

type Prices = Readonly<Record<string, string>>;

/** US dollars a million tokens, as the providers list them. */
const GPT_5_1 = { input_uncached: "1.25", output_text: "10", output_reasoning: "10" };
const GPT_56_SOL = { input_uncached: "4", cache_read: ".4", cache_write: "5", output_text: "20" };
const SONNET_37 = { input_uncached: "3", cache_read: ".3", cache_write: "3.75", output_text: "15" };
const OPUS_47 = { input_uncached: "5", cache_read: ".5", cache_write: "6.25", output_text: "25" };
const HAIKU_45 = { input_uncached: "1", cache_read: ".1", cache_write: "1.25", output_text: "5" };
const SONNET_5 = {
  input_uncached: "2",
  cache_read: ".2",
  cache_write_5m: "2.5",
  cache_write_1h: "4",
  output_text: "10",
};
const GEMINI_25_PRO = {
  input_uncached: "1.25",
  input_tool: "1.25",
  cache_read: ".125",
  output_text: "10",
  output_reasoning: "10",
};

function stepsOf(format: string, block: unknown): readonly MappedStep[] {
  const mapped = mapProviderUsage(format, block);
  assert.ok("steps" in mapped, JSON.stringify(mapped));
  assert.deepEqual(mapped.unread, []);
  return mapped.steps;
}

function stepOf(format: string, block: unknown): MappedStep {
  const [step, ...others] = stepsOf(format, block);
  assert.ok(step !== undefined && others.length === 0);
  return step;
}

/** Fails where a bucket has no price: a token that nobody prices must not pass unseen. */
function cost(usage: Usage, perMillion: Prices): string {
  let sum = 0n;
  for (const [name, quantity] of usage) {
    const text = perMillion[name];
    assert.ok(text !== undefined, `no price for ${name}`);
    const price = parsePrice(`${text.replace(/^\./, "0.")}e-6`);
    assert.ok(price !== undefined);
    sum += priceQuantity(quantity, price);
  }
  return formatAmount(sum as Amount);
}

function counts(usage: Usage): Record<string, number> {
  return Object.fromEntries([...usage].map(([name, n]) => [name, Number(n / ONE_UNIT)]));
}

test("7: reasoning is part of the output and is not added to it", () => {
  const step = stepOf("openai.chat", {
    prompt_tokens: 22118,
    completion_tokens: 1970,
    total_tokens: 24088,
    completion_tokens_details: { reasoning_tokens: 956 },
  });
  assert.equal(cost(step.usage, GPT_5_1), "0.0473475");
});

test("8: Anthropic's cache write is not part of its input", () => {
  const step = stepOf("anthropic.messages", {
    input_tokens: 3,
    cache_creation_input_tokens: 12304,
    cache_read_input_tokens: 0,
    output_tokens: 550,
  });
  assert.equal(cost(step.usage, SONNET_37), "0.054399");
});

const stream = (start: object, ...deltas: object[]) => [
  { type: "message_start", message: { id: "msg_1", model: "m", usage: start } },
  { type: "ping" },
  ...deltas.map((usage) => ({ type: "message_delta", usage })),
  { type: "message_stop" },
];

test("9: the counts at the end of a stream replace those at its start", () => {
  const written = { input_tokens: 6, cache_creation_input_tokens: 159217 };
  const events = stream({ ...written, output_tokens: 1 }, { ...written, output_tokens: 2745 });
  const step = stepOf("anthropic.messages", foldStream("anthropic.messages", events)?.block);
  assert.equal(cost(step.usage, OPUS_47), "1.06376125");
});

test("10: OpenAI's cached and written tokens are parts of its prompt", () => {
  const step = stepOf("openai.responses", {
    input_tokens: 1000,
    input_tokens_details: { cached_tokens: 400, cache_write_tokens: 100 },
    output_tokens: 50,
    total_tokens: 1050,
  });
  assert.equal(cost(step.usage, GPT_56_SOL), "0.00366");
});

test("11: the first output token of a message is part of the final count", () => {
  const events = stream({ input_tokens: 9, output_tokens: 1 }, { output_tokens: 550 });
  const step = stepOf("anthropic.messages", foldStream("anthropic.messages", events)?.block);
  assert.deepEqual(counts(step.usage), { input_uncached: 9, output_text: 550 });
  assert.equal(step.callId, "anthropic:msg_1");
});

test("12: results of one session run on, so a later one replaces the earlier", () => {
  const result = (outputTokens: number) => ({
    ...{ type: "result", session_id: "s1", total_cost_usd: outputTokens / 200_000 },
    modelUsage: { "claude-haiku-4-5": { inputTokens: 0, outputTokens } },
  });
  // 0.10, then 0.25, then 0.31 after a resume: each is of all that the session has used so far.
  const costs = [20_000, 50_000, 62_000].map((tokens) => {
    const step = stepOf("claude-agent.result", result(tokens));
    assert.equal(step.completeness, "partial", "the next one may say more");
    return cost(step.usage, HAIKU_45);
  });
  assert.deepEqual(costs, ["0.1", "0.25", "0.31"]);
  const read = readResponse(result(50_000), "2026-11-15T12:00:00Z");
  assert.ok("event" in read);
  assert.deepEqual([read.event.id, read.event.completeness], ["s1", "partial"]);
});

test("26: cache writes of five minutes and of an hour are priced apart", () => {
  const step = stepOf("anthropic.messages", {
    input_tokens: 3,
    cache_read_input_tokens: 77,
    cache_creation_input_tokens: 12304,
    cache_creation: { ephemeral_5m_input_tokens: 12000, ephemeral_1h_input_tokens: 304 },
    output_tokens: 550,
  });
  assert.equal(cost(step.usage, SONNET_5), "0.0367374");
});

test("27: a split known only from the stream's start leaves a remainder, and it is priced", () => {
  const split = { ephemeral_5m_input_tokens: 31490, ephemeral_1h_input_tokens: 0 };
  const start = { input_tokens: 0, cache_creation_input_tokens: 31490, cache_creation: split };
  const events = stream(start, { cache_creation_input_tokens: 184457, output_tokens: 0 });
  const step = stepOf("anthropic.messages", foldStream("anthropic.messages", events)?.block);
  assert.deepEqual(counts(step.usage), { cache_write: 152967, cache_write_5m: 31490 });
  assert.equal(cost(step.usage, { ...SONNET_37, cache_write_5m: "3.75" }), "0.69171375");
});

const totals = { input_tokens: 1000, output_tokens: 100 };
const message = { type: "message", ...totals };

test("28: a compaction is outside the totals and is a step of its own", () => {
  const compaction = { type: "compaction", input_tokens: 180_000, output_tokens: 3500 };
  const [main, extra] = stepsOf("anthropic.messages", {
    id: "msg_1",
    model: "sonnet-5",
    usage: { ...totals, iterations: [compaction, message] },
  });
  assert.equal(cost(main?.usage ?? new Map(), SONNET_5), "0.003");
  assert.equal(cost(extra?.usage ?? new Map(), SONNET_5), "0.395");
  assert.equal(extra?.suffix, "compaction-1");
  assert.equal(extra?.model, "sonnet-5");
  assert.equal(extra?.callId, "anthropic:msg_1#compaction-1");
});

test("29: an advisor is a step of its own model", () => {
  const advisor = { type: "advisor_message", model: "opus-4-8", input_tokens: 7, output_tokens: 2 };
  const [, extra] = stepsOf("anthropic.messages", {
    model: "sonnet-5",
    usage: { ...totals, iterations: [message, advisor] },
  });
  assert.equal(extra?.model, "opus-4-8");
  assert.deepEqual(counts(extra?.usage ?? new Map()), { input_uncached: 7, output_text: 2 });
});

test("30: searches that Anthropic ran are units of the step", () => {
  const step = stepOf("anthropic.messages", {
    ...totals,
    server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
  });
  const prices = { ...SONNET_5, web_searches: "10000", web_fetches: "0" };
  assert.equal(cost(step.usage, prices), "0.023");
});

test("31: Gemini's tool prompt and thoughts stand beside prompt and candidates", () => {
  const step = stepOf("gemini.generate", {
    promptTokenCount: 100,
    cachedContentTokenCount: 30,
    toolUsePromptTokenCount: 11,
    candidatesTokenCount: 50,
    thoughtsTokenCount: 25,
    totalTokenCount: 186,
  });
  assert.equal(cost(step.usage, GEMINI_25_PRO), "0.000855");
});

test("32: the prompt that selects a price tier holds cached, fresh and written tokens", () => {
  const step = stepOf("openai.responses", {
    input_tokens: 272_000,
    input_tokens_details: { cached_tokens: 200_000, cache_write_tokens: 70_000 },
    output_tokens: 1000,
  });
  assert.equal(inputQuantity(step.usage), 272_000n * ONE_UNIT);
});

test("33: a result of the agent SDK counts its subagents", () => {
  const step = stepOf("claude-agent.result", {
    type: "result",
    usage: { input_tokens: 33, cache_creation_input_tokens: 53995, output_tokens: 904 },
    modelUsage: {
      "claude-haiku-4-5": {
        inputTokens: 39,
        cacheCreationInputTokens: 123506,
        cacheReadInputTokens: 230827,
        outputTokens: 1284,
        costUSD: 0.1839242,
        contextWindow: 200000,
      },
    },
  });
  assert.equal(cost(step.usage, HAIKU_45), "0.1839242");
  assert.equal(step.reportedCost?.amount, "0.1839242");
});

test("34: the tier is the one that served, not the one that was asked for", () => {
  const batch = { input_tokens: 10_000, output_tokens: 500, service_tier: "batch" };
  assert.equal(stepOf("anthropic.messages", batch).tier, "batch");
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  assert.equal(stepOf("openai.chat", { service_tier: "priority", usage }).tier, "priority");
  assert.equal(stepOf("openai.chat", { service_tier: "default", usage }).tier, "standard");
});

test("41: rejected predictions are part of the completion", () => {
  const details = { accepted_prediction_tokens: 10, rejected_prediction_tokens: 20 };
  const step = stepOf("openai.chat", {
    prompt_tokens: 5,
    completion_tokens: 40,
    total_tokens: 45,
    completion_tokens_details: details,
  });
  assert.deepEqual(counts(step.usage), { input_uncached: 5, output_text: 40 });
});
