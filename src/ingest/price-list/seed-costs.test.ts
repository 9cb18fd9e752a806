/** Costs that public bug reports got wrong, from buckets, at the seed's prices. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CostFacts, costOfFacts, costOfStep } from "../../domain/cost/cost-of-step.ts";
import { PriceCatalog } from "../../domain/cost/find-price.ts";
import { usage } from "../../domain/cost/price-fixtures.test.ts";
import {
  type Amount,
  formatAmount,
  formatQuantity,
  ZERO_AMOUNT,
} from "../../domain/money/decimal.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { seedVersion } from "./seed.ts";

const catalog = new PriceCatalog([seedVersion(0)]);

interface Call {
  readonly at?: string;
  readonly tier?: string;
  readonly kind?: CostFacts["kind"];
}

/** `amount status` of a call of `provider/subject`. */
function cost(name: string, quantities: Record<string, string | number>, call: Call = {}): string {
  const slash = name.indexOf("/");
  const key = { provider: name.slice(0, slash), subject: name.slice(slash + 1) };
  const found = catalog.find(key, Date.parse(call.at ?? "2026-11-01T12:00:00Z"));
  const { kind = "model", tier = "standard" } = call;
  const facts: CostFacts = { kind, tier, status: "ok", usage: usage(quantities) };
  const { cost: amount, status } = costOfStep(facts, found);
  assert.equal(costOfFacts(facts, found).cost, amount);
  return `${formatAmount(amount)} ${status}`;
}

describe("tokens that are part of others", () => {
  it("reasoning is billed once, as output", () => {
    const tokens = { input_uncached: 22_118, output_text: 1_014, output_reasoning: 956 };
    assert.equal(cost("openai/gpt-5.1", tokens), "0.0473475 priced");
  });

  it("cache writes are billed once, at their own price", () => {
    const sonnet = { input_uncached: 3, cache_write_5m: 12_304, output_text: 550 };
    assert.equal(cost("anthropic/claude-3-7-sonnet-20250219", sonnet), "0.054399 priced");
    const opus = { input_uncached: 6, cache_write_5m: 159_217, output_text: 2_745 };
    assert.equal(cost("anthropic/claude-opus-4-7", opus), "1.06376125 priced");
  });

  it("cached and written tokens of OpenAI are inside its input", () => {
    const tokens = { input_uncached: 500, cache_read: 400, cache_write: 100, output_text: 50 };
    assert.equal(cost("openai/gpt-5.6-sol", tokens), "0.00366 priced");
  });

  it("cache writes cost by how long they last", () => {
    const tokens = { input_uncached: 3, cache_read: 77, output_text: 550 };
    const split = { ...tokens, cache_write_5m: 12_000, cache_write_1h: 304 };
    assert.equal(cost("anthropic/claude-sonnet-5", split), "0.0367374 priced");
    const all5m = { ...tokens, cache_write_5m: 12_304 };
    assert.equal(cost("anthropic/claude-sonnet-5", all5m), "0.0362814 priced");
  });

  it("written tokens of which the lifetime was not told are priced too", () => {
    const tokens = { cache_write_5m: 31_490, cache_write: 184_457 - 31_490 };
    assert.equal(cost("anthropic/claude-3-7-sonnet-20250219", tokens), "0.69171375 priced");
  });

  it("compaction and an advisor of another model are steps of their own", () => {
    const compaction = { input_uncached: 180_000, output_text: 3_500 };
    assert.equal(cost("anthropic/claude-sonnet-5", compaction), "0.395 priced");
    const advisor = { input_uncached: 1_000, output_text: 100 };
    assert.equal(cost("anthropic/claude-opus-4-7", advisor), "0.0075 priced");
    assert.equal(cost("anthropic/claude-sonnet-5", advisor), "0.003 priced");
  });

  it("searches of a model call are a fee beside its tokens", () => {
    const tokens = { input_uncached: 1_000, output_text: 100 };
    const withSearch = cost("anthropic/claude-sonnet-5", { ...tokens, web_searches: 2 });
    assert.equal(withSearch, "0.023 priced");
  });

  it("tool results and thoughts of Gemini are input and output", () => {
    const text = { input_uncached: 70, cache_read: 30, output_text: 50, output_reasoning: 25 };
    assert.equal(cost("google/gemini-2.5-pro", { ...text, input_tool: 11 }), "0.000855 priced");
    assert.equal(cost("google/gemini-2.5-pro", text), "0.00084125 priced");
  });
});

describe("prices that change", () => {
  it("with the size of the prompt, at the exact token", () => {
    const gemini = (tokens: number) =>
      cost("google/gemini-2.5-pro", { input_uncached: tokens, output_text: 1_000 });
    assert.equal(gemini(200_000), "0.26 priced");
    assert.equal(gemini(200_001), "0.5150025 priced");
    const gpt = (tokens: number) =>
      cost("openai/gpt-5.6-sol", { input_uncached: tokens, output_text: 1_000 });
    assert.equal(gpt(271_999), "1.107996 priced");
    assert.equal(gpt(272_000), "2.206 priced");
  });

  it("with cached and written tokens counted into that size", () => {
    const tokens = { input_uncached: 1, cache_read: 271_998, cache_write: 1, output_text: 1_000 };
    assert.equal(cost("openai/gpt-5.6-sol", tokens), "0.2476164 priced");
  });

  it("with the service tier that was billed", () => {
    const tokens = { input_uncached: 10_000, output_text: 500 };
    assert.equal(cost("anthropic/claude-sonnet-5", tokens), "0.025 priced");
    assert.equal(cost("anthropic/claude-sonnet-5", tokens, { tier: "batch" }), "0.0125 priced");
    assert.equal(cost("anthropic/claude-sonnet-5", tokens, { tier: "batch+us" }), "0.01375 priced");
    assert.equal(cost("openai/gpt-5", tokens, { tier: "priority" }), "0.035 priced");
    assert.equal(cost("openai/gpt-5", tokens, { tier: "auto" }), "0.0175 partial");
    assert.equal(cost("anthropic/claude-sonnet-5", tokens, { tier: "priority" }), "0.025 partial");
  });

  it("with the tier, but not the fees beside the tokens", () => {
    const tokens = { input_uncached: 10_000, web_searches: 1 };
    assert.equal(cost("anthropic/claude-sonnet-5", tokens, { tier: "batch" }), "0.02 priced");
  });

  it("with the date of the step", () => {
    const sol = (at: string) =>
      cost("openai/gpt-5.6-sol", { input_uncached: 1_000, output_text: 100 }, { at });
    assert.equal(sol("2026-08-01T00:00:00Z"), "0.008 priced");
    assert.equal(sol("2026-08-20T23:59:59.999Z"), "0.008 priced");
    assert.equal(sol("2026-08-21T00:00:00Z"), "0.006 priced");
    assert.equal(sol("2026-09-01T00:00:00Z"), "0.006 priced");
  });

  it("with the hour of the day", () => {
    const deepseek = (at: string) =>
      cost("deepseek/deepseek-v4-flash", { input_uncached: 1_000_000 }, { at });
    assert.equal(deepseek("2026-11-01T00:59:59.999Z"), "0.22 priced");
    assert.equal(deepseek("2026-11-01T01:00:00Z"), "0.44 priced");
    assert.equal(deepseek("2026-11-01T09:59:59.999Z"), "0.44 priced");
    assert.equal(deepseek("2026-11-01T10:00:00Z"), "0.22 priced");
    assert.equal(deepseek("2026-08-16T02:00:00Z"), "0.14 priced");
  });
});

describe("what is not known", () => {
  it("is unpriced, also where the name begins like a known one", () => {
    const tokens = { input_uncached: 1_000, output_text: 100 };
    assert.equal(cost("anthropic/claude-sonnet-5-5", tokens), "0 unpriced");
    assert.equal(cost("openai/ft:gpt-4.1-2025-04-14:acme::abc", tokens), "0 unpriced");
    assert.equal(cost("acme/model", tokens), "0 unpriced");
  });
});

describe("services", () => {
  it("of a vector database are priced by its own units", () => {
    const units = { read_units: "6.25", write_units: 2, gb_months: "0.5" };
    assert.equal(cost("pinecone/serverless", units, { kind: "retrieval" }), "0.165108 priced");
  });

  it("billed by the second are priced by the seconds of the step", () => {
    assert.equal(cost("modal/h100", { seconds: "10.5" }, { kind: "compute" }), "0.0115185 priced");
    assert.equal(cost("e2b/default", { seconds: 60 }, { kind: "compute" }), "0.001815 priced");
  });

  it("billed by the call are priced though the step counts nothing", () => {
    assert.equal(cost("tavily/search", {}, { kind: "tool" }), "0.008 priced");
    assert.equal(cost("tavily/search", { web_searches: 3 }, { kind: "tool" }), "0.024 priced");
    const sonar = { input_uncached: 1_000, output_text: 100 };
    assert.equal(cost("perplexity/sonar", sonar), "0.0131 priced");
  });
});

describe("what a router sells of other makers", () => {
  it("costs what its answers state", () => {
    // 31 tokens at 0.02 per million: stated as 6.2e-7.
    const embedded = cost("openrouter/text-embedding-3-small", { input_uncached: 31 });
    assert.equal(embedded, "0.00000062 priced");
    // 37 at 1.25 and 12 at 5 per million: stated as 0.00010625.
    const heard = { input_uncached: 37, output_text: 12 };
    const transcribed = cost("openrouter/openai/gpt-4o-mini-transcribe", heard);
    assert.equal(transcribed, "0.00010625 priced");
  });
});

describe("a request of Perplexity", () => {
  /** Cost of a response, and its tier. */
  function costOfResponse(body: Record<string, unknown>): string {
    const mapped = mapProviderUsage("perplexity.chat", body);
    assert.ok("steps" in mapped, JSON.stringify(mapped));
    assert.deepEqual(mapped.unread, []);
    const [step] = mapped.steps;
    const counts = [...(step?.usage ?? [])].map(([unit, n]) => [unit, formatQuantity(n)] as const);
    const tier = step?.tier ?? "";
    return `${cost(`perplexity/${step?.model}`, Object.fromEntries(counts), { tier })}, ${tier}`;
  }
  const used = (
    prompt_tokens: number,
    completion_tokens: number,
    search_context_size?: string,
  ) => ({
    ...{ prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    ...(search_context_size === undefined ? {} : { search_context_size }),
  });

  it("costs the fee of the size that it searched, as the response states it", () => {
    // 174 and 320 tokens at 1 per million and a fee of 0.005: stated as total_cost 0.005494.
    const sonar = { model: "sonar", usage: used(174, 320, "low") };
    assert.equal(costOfResponse(sonar), "0.005494 priced, search_low");
    // 20 at 3 and 1,645 at 15 per million, and 0.006: stated, cut to five places, as 0.03073.
    const pro = { model: "sonar-pro", usage: used(20, 1_645, "low") };
    assert.equal(costOfResponse(pro), "0.030735 priced, search_low");
  });

  it("costs by each model and size what the page of prices says", () => {
    const fees: Record<string, readonly string[]> = {
      sonar: ["0.005", "0.008", "0.012"],
      "sonar-reasoning": ["0.005", "0.008", "0.012"],
      "sonar-pro": ["0.006", "0.01", "0.014"],
      "sonar-reasoning-pro": ["0.006", "0.01", "0.014"],
    };
    for (const [model, wanted] of Object.entries(fees)) {
      for (const [at, size] of ["low", "medium", "high"].entries()) {
        const priced = `${wanted[at]} priced`;
        const told = costOfResponse({ model, usage: used(0, 0, size) });
        assert.equal(told, `${priced}, search_${size}`, model);
        // Searches and citations that are counted beside are within the fee.
        const counted = { requests: 1, web_searches: 3, citation_tokens: 900 };
        assert.equal(cost(`perplexity/${model}`, counted, { tier: `search_${size}` }), priced);
      }
    }
  });

  it("whose search was pro is known by the fee that is stated", () => {
    const usage = { ...used(15, 98, "low"), cost: { request_cost: 0.014, total_cost: 0.015 } };
    // 15 at 3 and 98 at 15 per million, and 0.014.
    const told = costOfResponse({ model: "sonar-pro", usage });
    assert.equal(told, "0.015515 priced, search_low+pro");
    const large = { ...used(15, 98, "high"), cost: { request_cost: 0.014, total_cost: 0.015 } };
    const plain = costOfResponse({ model: "sonar-pro", usage: large });
    assert.equal(plain, "0.015515 priced, search_high");
  });

  it("of deep research has no fee, whatever the size", () => {
    const usage = { ...used(19, 498, "high"), num_search_queries: 48, reasoning_tokens: 95_305 };
    // 19 at 2, 498 at 8 and 95,305 at 3 per million, and 48 searches at 0.005.
    const told = costOfResponse({ model: "sonar-deep-research", usage });
    assert.equal(told, "0.529937 priced, search_high");
  });

  it("that tells no size has the highest fee, and a size that nobody knows is flagged", () => {
    assert.equal(
      costOfResponse({ model: "sonar", usage: used(174, 320) }),
      "0.012494 priced, standard",
    );
    const huge = costOfResponse({ model: "sonar", usage: used(174, 320, "huge") });
    assert.equal(huge, "0.012494 partial, search_huge");
  });
});

describe("a million small steps", () => {
  it("cost exactly a million times one", () => {
    const key = { provider: "openai", subject: "gpt-4o-mini" };
    const tokens = usage({ input_uncached: 3, output_text: 1 });
    const facts: CostFacts = { kind: "model", tier: "standard", status: "ok", usage: tokens };
    let sum: bigint = ZERO_AMOUNT;
    for (let step = 0; step < 1_000_000; step += 1) {
      sum += costOfFacts(facts, catalog.find(key, 0)).cost;
    }
    assert.equal(formatAmount(sum as Amount), "1.05");
  });
});
