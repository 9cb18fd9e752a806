/**
 * Price documents of datasets whose prices the seeded price book does not hold as they were when
 * the runs were made. Each says where it comes from. They are declared, not derived from the runs.
 */

/** Per token. */
const rate = (unit: string, price: string): object => ({ unit, price, tiers: [] });

interface Period {
  readonly from: string | null;
  readonly rates: readonly object[];
}

function entry(provider: string, subject: string, periods: readonly Period[]): object {
  return {
    provider,
    subject,
    aliases: [],
    prefixes: [],
    currency: "USD",
    tierFactors: {},
    periods: periods.map(({ from, rates }) => ({ effectiveFrom: from, daily: null, rates })),
  };
}

/** Input, cached input and output, per token. */
function deepseek(from: string | null, prices: readonly [string, string, string]): Period {
  const [input, cached, output] = prices;
  const rates = [
    rate("input_uncached", input),
    rate("cache_read", cached),
    rate("output_text", output),
  ];
  return { from, rates };
}

/** One price for chat and reasoner since V3.1. */
const SINCE_V31 = [
  deepseek("2025-09-05T16:00:00Z", ["0.00000056", "0.00000007", "0.00000168"]),
  deepseek("2025-09-29T00:00:00Z", ["0.00000028", "0.000000028", "0.00000042"]),
];

/**
 * DeepSeek's standard list over time: since V3.2 (29 September 2025) a million tokens cost 0.28
 * (cache miss), 0.028 (cache hit) and 0.42 USD (output). The seed knows the list before that.
 */
export const DEEPSEEK_PRICES = {
  format: "tollgate.prices/1",
  source: "DeepSeek API pricing page and its change notices, 2025",
  effectiveFrom: null,
  entries: [
    entry("deepseek", "deepseek-chat", [
      deepseek(null, ["0.00000014", "0.000000014", "0.00000028"]),
      deepseek("2025-02-08T16:00:00Z", ["0.00000027", "0.00000007", "0.0000011"]),
      ...SINCE_V31,
    ]),
    entry("deepseek", "deepseek-reasoner", [
      deepseek(null, ["0.00000055", "0.00000014", "0.00000219"]),
      ...SINCE_V31,
    ]),
  ],
};

/**
 * Claude 3.5 Sonnet v2 on Amazon Bedrock, under the id that LiteLLM reports: 3 and 15 USD per
 * million, as Amazon lists it on demand. The seed has it under its regional name only.
 */
export const BEDROCK_SONNET_PRICES = {
  format: "tollgate.prices/1",
  source: "Amazon Bedrock on-demand list, December 2024",
  effectiveFrom: null,
  entries: [
    entry("aws", "anthropic.claude-3-5-sonnet-20241022-v2:0", [
      {
        from: null,
        rates: [
          rate("input_uncached", "0.000003"),
          rate("cache_read", "0.0000003"),
          rate("cache_write", "0.00000375"),
          rate("output_text", "0.000015"),
        ],
      },
    ]),
  ],
};
