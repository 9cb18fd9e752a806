import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { costOfStep } from "../../domain/cost/cost-of-step.ts";
import { PriceCatalog } from "../../domain/cost/find-price.ts";
import { factsOf, usage } from "../../domain/cost/price-fixtures.test.ts";
import { TollgateError } from "../../domain/errors.ts";
import { formatAmount, formatPrice } from "../../domain/money/decimal.ts";
import { parseJsonExact } from "../native/exact-json.ts";
import { importLitellmPrices } from "./litellm.ts";

const importText = (text: string) => importLitellmPrices(parseJsonExact(text));

const CHAT = `"litellm_provider": "openai", "mode": "chat"`;

/** Rates of a file's first model, written short: `unit price >tokens price`. */
function rates(fields: string, head = CHAT): string[] {
  const { entries } = importText(`{ "m": { ${head}, ${fields} } }`);
  return (entries[0]?.periods[0]?.rates ?? []).map(({ unit, price, tiers }) =>
    [
      `${unit} ${formatPrice(price)}`,
      ...tiers.map((tier) => `>${tier.inputAboveTokens} ${formatPrice(tier.price)}`),
    ].join(" "),
  );
}

const notes = (fields: string) =>
  importText(`{ "m": { ${CHAT}, ${fields} } }`).notes.map(
    ({ kind, detail }) => `${kind} ${detail}`,
  );

describe("LiteLLM's price file", () => {
  it("gives exact decimals, from the text of its numbers", () => {
    const fields = `"input_cost_per_token": 1.5e-07, "output_cost_per_token": 0.0000006,
      "cache_read_input_token_cost": 7.5E-8,
      "output_cost_per_reasoning_token": 0.000000600000000001`;
    assert.deepEqual(rates(fields), [
      "input_uncached 0.00000015",
      "output_text 0.0000006",
      "cache_read 0.000000075",
      "output_reasoning 0.000000600000000001",
    ]);
  });

  it("gives cache writes by lifetime, audio, images and fees their own units", () => {
    const fields = `"cache_creation_input_token_cost": 2.5e-06,
      "cache_creation_input_token_cost_above_1hr": 4e-06, "input_cost_per_audio_token": 4e-05,
      "output_cost_per_image": 0.04, "file_search_cost_per_1k_calls": 2.5,
      "search_context_cost_per_query": { "search_context_size_low": 0.03,
        "search_context_size_medium": 0.035, "search_context_size_high": 0.05 }`;
    assert.deepEqual(rates(fields), [
      "cache_write 0.0000025",
      "cache_write_1h 0.000004",
      "input_audio 0.00004",
      "images 0.04",
      "file_searches 0.0025",
      "web_searches_low 0.03",
      "web_searches 0.035",
      "web_searches_high 0.05",
    ]);
  });

  it("gives prices by prompt size, more than the threshold, at xAI at least it", () => {
    const fields = `"input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06,
      "cache_creation_input_token_cost_above_1hr": 4e-06,
      "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 8e-06`;
    assert.deepEqual(rates(fields), [
      "input_uncached 0.000001 >200000 0.000002",
      "cache_write_1h 0.000004 >200000 0.000008",
    ]);
    const xai = rates(fields, `"litellm_provider": "xai", "mode": "chat"`);
    assert.equal(xai[0], "input_uncached 0.000001 >199999 0.000002");
  });

  it("gives tables of prices by range as sizes", () => {
    const fields = `"tiered_pricing": [
      { "range": [0, 32000], "input_cost_per_token": 1e-06 },
      { "range": [32000.0, 128000], "input_cost_per_token": 2e-06 } ]`;
    assert.deepEqual(rates(fields), ["input_uncached 0.000001 >32000 0.000002"]);
  });

  it("gives service tiers rates of their own, with the standard price for large prompts", () => {
    const fields = `"input_cost_per_token": 1e-06, "input_cost_per_token_batches": 4e-07,
      "input_cost_per_token_above_272k_tokens": 2e-06, "input_cost_per_token_priority": 1.7e-06,
      "input_cost_per_token_above_272k_tokens_priority": 3e-06, "input_cost_per_request": 0.01`;
    assert.deepEqual(rates(fields), [
      "input_uncached 0.000001 >272000 0.000002",
      "input_uncached@batch 0.0000004 >272000 0.000002",
      "input_uncached@priority 0.0000017 >272000 0.000003",
      "requests 0.01",
      "requests@batch 0.01",
      "requests@priority 0.01",
    ]);
  });

  it("says what it leaves out or rounds", () => {
    assert.deepEqual(notes(`"input_cost_per_token": 1.0000000000000000001e-6`), [
      "rounded input_cost_per_token: 1.0000000000000000001e-6",
    ]);
    assert.deepEqual(notes(`"input_dbu_cost_per_token": 7e-5, "supports_vision": true`), [
      "left_out input_dbu_cost_per_token",
    ]);
    assert.deepEqual(notes(`"input_cost_per_token": -1, "output_cost_per_token": null`), [
      "left_out input_cost_per_token",
    ]);
    assert.deepEqual(notes(`"input_cost_per_token_above_200k_tokens": 1`), [
      "left_out input_uncached: no price for small prompts",
    ]);
  });

  it("names models as their provider does", () => {
    const model = (provider: string) =>
      `{ "litellm_provider": "${provider}", "input_cost_per_token": 1e-6 }`;
    const { entries, notes } = importText(`{
      "sample_spec": { "input_cost_per_token": 0 },
      "gpt-x": ${model("openai")},
      "xai/grok-x": ${model("xai")},
      "gemini/gemini-x": ${model("gemini")},
      "vertex_ai/gemini-x": ${model("vertex_ai-language-models")},
      "openrouter/openai/gpt-x": ${model("openrouter")},
      "groq/openai/gpt-x": ${model("groq")},
      "unpriced": { "litellm_provider": "openai" } }`);
    assert.deepEqual(
      entries.map(({ provider, subject }) => `${provider} ${subject}`),
      [
        "openai gpt-x",
        "x-ai grok-x",
        "google gemini-x",
        "openrouter openai/gpt-x",
        "groq openai/gpt-x",
      ],
    );
    assert.deepEqual(
      notes.map(({ detail }) => detail),
      ["vertex_ai/gemini-x repeats an earlier name"],
    );
  });

  it("prices a step of a tier by that tier's rates", () => {
    const { entries } = importText(`{ "gpt-x": { ${CHAT}, "input_cost_per_token": 1.1e-06,
      "output_cost_per_token": 4.4e-06, "cache_read_input_token_cost": 2.75e-07,
      "input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 8e-06 } }`);
    const version = { id: 1, source: "", recordedAtMs: 0, effectiveFromMs: null, entries };
    const found = new PriceCatalog([version]).find({ provider: "openai", subject: "gpt-x" }, 0);
    const cost = (quantities: Record<string, number>) => {
      const step = factsOf({ tier: "priority", usage: usage(quantities) });
      const { cost: amount, status } = costOfStep(step, found);
      return `${formatAmount(amount)} ${status}`;
    };
    assert.equal(cost({ input_uncached: 1000, output_text: 100 }), "0.0028 priced");
    assert.equal(cost({ cache_read: 1000 }), "0.000275 partial");
  });

  it("is refused where it is something else", () => {
    for (const text of ["[]", "null", "1.5", `{ "m": 1 }`, `{ "m": 1.5 }`, `{ "m": [] }`]) {
      assert.throws(
        () => importText(text),
        (error) => error instanceof TollgateError && error.code === "price.invalid",
        text.slice(0, 20),
      );
    }
  });

  it("is refused where it is Tollgate's own form, or has nothing in it", () => {
    const refused = (said: RegExp) => (error: unknown) =>
      error instanceof TollgateError && error.code === "price.invalid" && said.test(error.message);
    const own = '{ "format": "tollgate.prices/1", "source": "s", "entries": [] }';
    assert.throws(() => importText(own), refused(/no list of LiteLLM's: it is of the format/));
    for (const text of ["{}", '{ "sample_spec": {} }', `{ "m": { ${CHAT} } }`]) {
      assert.throws(() => importText(text), refused(/No model of this file has a price/));
    }
  });
});
