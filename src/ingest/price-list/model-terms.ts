/**
 * What genai-prices does not know of its models: factors of service tiers and providers' fees.
 * Each names its public source. A tier without a factor here is not standard: its cost is flagged.
 */

import { present } from "../../domain/assert.ts";
import type { PriceEntry, Rate, RatePeriod } from "../../domain/cost/price-book.ts";
import { TIER_MARK } from "../../domain/cost/rate-table.ts";
import { isTokenBucket } from "../../domain/event/usage.ts";
import { FACTOR_SCALE } from "../../domain/limits.ts";
import { type Factor, parseScaled } from "../../domain/money/decimal.ts";
import { ownRate } from "./own-entry-builder.ts";

type Factors = Readonly<Record<string, string>>;

/** Factors on tokens by provider, and where they hold for some subjects only, for which. */
interface TierTerms {
  readonly factors: Factors;
  readonly subjects?: RegExp;
}

const TIER_TERMS: Readonly<Record<string, readonly TierTerms[]>> = {
  // openai.com: batch and flex at half price (2026).
  openai: [{ factors: { batch: "0.5", flex: "0.5" } }],
  // learn.microsoft.com: Azure OpenAI global batch at half price (2026).
  azure: [{ factors: { batch: "0.5" } }],
  // platform.claude.com pricing (2026): batch at half price; inference in the US only 1.1 times,
  // on top of batch.
  anthropic: [{ factors: { batch: "0.5", us: "1.1", "batch+us": "0.55" } }],
  // ai.google.dev/gemini-api/docs/optimization (2026): batch and flex at half price. Priority is
  // 1.75 to 2 times, by model: flagged until you import the factor that you pay.
  google: [{ factors: { batch: "0.5" } }, { factors: { flex: "0.5" }, subjects: /^gemini/ }],
  // aws.amazon.com/bedrock/pricing (2025): batch inference at half the on-demand price.
  aws: [{ factors: { batch: "0.5" } }],
  // console.groq.com/docs (2025): batch at half price, flex at the on-demand price.
  groq: [{ factors: { batch: "0.5", flex: "1" } }],
  // docs.mistral.ai (2025): batch at half price.
  mistral: [{ factors: { batch: "0.5" } }],
  // docs.perplexity.ai pricing (2026): how much is searched changes the fee, and no token's price.
  perplexity: [
    { factors: { search_low: "1", search_medium: "1", search_high: "1" } },
    {
      factors: { "search_low+pro": "1", "search_medium+pro": "1", "search_high+pro": "1" },
      subjects: /^sonar-pro$/,
    },
  ],
};

/** openai.com/api-priority-processing, read 2026-11: its prices over the standard ones. */
const OPENAI_PRIORITY: Factors = {
  "gpt-5.5": "2.5",
  "gpt-5.4": "2",
  "gpt-5.4-mini": "2",
  "gpt-5.2": "2",
  "gpt-5.1": "2",
  "gpt-5": "2",
  "gpt-5-mini": "1.8",
  "gpt-4.1": "1.75",
  "gpt-4.1-mini": "1.75",
  "gpt-4.1-nano": "2",
  "gpt-4o": "1.7",
  "gpt-4o-2024-05-13": "1.75",
};

interface FeeTerms {
  readonly subjects: RegExp;
  /** By unit, or by unit and tier (`requests@search_low`). */
  readonly fees: Readonly<Record<string, string>>;
}

/** What Perplexity counts and does not bill where a request has a fee. */
const WITHIN_ITS_FEE = { web_searches: "0", citation_tokens: "0" };

/** Fees beside tokens, where the list names none for the model. */
const FEES: Readonly<Record<string, readonly FeeTerms[]>> = {
  // platform.claude.com pricing (2026): fetching pages costs nothing but their tokens.
  anthropic: [{ subjects: /^claude/, fees: { web_fetches: "0" } }],
  // ai.google.dev pricing (2026): grounding with Google Search is 14 per 1,000 queries from
  // Gemini 3 on, and 35 per 1,000 grounded prompts before. Free allowances are not deducted.
  google: [
    { subjects: /^gemini-3/, fees: { web_searches: "0.014" } },
    { subjects: /^gemini-2/, fees: { grounded_prompts: "0.035" } },
  ],
  // docs.x.ai/developers/pricing (2026): server-side tools, per 1,000 calls.
  "x-ai": [
    {
      subjects: /^grok/,
      fees: {
        web_searches: "0.005",
        x_searches: "0.005",
        code_interpreter_calls: "0.005",
        file_searches: "0.0025",
        document_searches: "0.01",
        mcp_calls: "0",
      },
    },
  ],
  // docs.perplexity.ai pricing, read 2025-08 to 2026-06: per 1,000 requests by the size of the
  // search context. The list has the highest alone, which stays for what tells no size.
  perplexity: [
    {
      subjects: /^sonar(-reasoning)?$/,
      fees: {
        "requests@search_low": "0.005",
        "requests@search_medium": "0.008",
        "requests@search_high": "0.012",
        ...WITHIN_ITS_FEE,
      },
    },
    {
      subjects: /^sonar(-reasoning)?-pro$/,
      fees: {
        "requests@search_low": "0.006",
        "requests@search_medium": "0.01",
        "requests@search_high": "0.014",
        ...WITHIN_ITS_FEE,
      },
    },
    {
      subjects: /^sonar-pro$/,
      fees: {
        "requests@search_low+pro": "0.014",
        "requests@search_medium+pro": "0.018",
        "requests@search_high+pro": "0.022",
      },
    },
  ],
};

/** The entry with the terms of its provider. Fees cost the same in every tier. */
export function withTerms(entry: PriceEntry): PriceEntry {
  const tierFactors = factorsOf(entry);
  const tiers = Object.keys(tierFactors);
  const fees = (FEES[entry.provider] ?? [])
    .filter(({ subjects }) => subjects.test(entry.subject))
    .flatMap((terms) => Object.entries(terms.fees).map(([unit, text]) => ownRate(unit, text)));
  if (tiers.length === 0 && fees.length === 0) return entry;
  const periods = entry.periods.map((period) => periodWith(period, fees, tiers));
  return { ...entry, periods, tierFactors };
}

function factorsOf({ provider, subject }: PriceEntry): Readonly<Record<string, Factor>> {
  const general = (TIER_TERMS[provider] ?? [])
    .filter(({ subjects }) => subjects?.test(subject) ?? true)
    .flatMap(({ factors }) => Object.entries(factors));
  const priority = provider === "openai" ? OPENAI_PRIORITY[subject] : undefined;
  const all = priority === undefined ? general : [...general, ["priority", priority] as const];
  return Object.fromEntries(all.map(([tier, text]) => [tier, factorOf(text)]));
}

function factorOf(text: string): Factor {
  return present(parseScaled(text, FACTOR_SCALE), `the factor ${text}`) as Factor;
}

function periodWith(
  period: RatePeriod,
  fees: readonly Rate[],
  tiers: readonly string[],
): RatePeriod {
  const listed = new Set(period.rates.map(({ unit }) => unit));
  const rates = [...period.rates, ...fees.filter(({ unit }) => !listed.has(unit))];
  const named = new Set(rates.map(({ unit }) => unit));
  const plainFees = rates.filter(({ unit }) => !isTokenBucket(unit) && !unit.includes(TIER_MARK));
  const inTiers = tiers
    .flatMap((tier) => plainFees.map((rate) => ({ ...rate, unit: rate.unit + TIER_MARK + tier })))
    .filter(({ unit }) => !named.has(unit));
  return { ...period, rates: [...rates, ...inTiers] };
}
