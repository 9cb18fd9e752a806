/** The prices of the workload's models. */
const RATES = [
  { unit: "input_uncached", price: "0.00000125" },
  { unit: "cache_read", price: "0.000000125" },
  { unit: "output_text", price: "0.00001" },
];
const MODELS = [
  ["openai", "gpt-5"],
  ["openai", "gpt-5-mini"],
  ["anthropic", "claude-sonnet-4-5"],
  ["google", "gemini-2.5-pro"],
] as const;

/** A price list in Tollgate's own form. */
export const BENCH_PRICES = {
  format: "tollgate.prices/1",
  source: "bench",
  effectiveFrom: null,
  entries: MODELS.map(([provider, subject]) => ({
    ...{ provider, subject, currency: "USD" },
    periods: [{ rates: RATES }],
  })),
};
