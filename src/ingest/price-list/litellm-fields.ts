/**
 * The price fields of LiteLLM's list. A field's name holds the bucket, and then any of: a cache
 * lifetime, a prompt size, a service tier (`cache_creation_input_token_cost_above_1hr_above_200k_
 * tokens_priority`).
 */

export interface PriceField {
  readonly unit: string;
  /** The price is for so many units. */
  readonly per: number;
  /** Prompt size above which it applies; null: any. */
  readonly aboveTokens: number | null;
  /** Service tier it is for; null: standard. */
  readonly tier: string | null;
}

const UNITS: Readonly<Record<string, string>> = {
  input_cost_per_token: "input_uncached",
  output_cost_per_token: "output_text",
  output_cost_per_reasoning_token: "output_reasoning",
  cache_read_input_token_cost: "cache_read",
  cache_creation_input_token_cost: "cache_write",
  cache_creation_input_token_cost_above_1hr: "cache_write_1h",
  input_cost_per_audio_token: "input_audio",
  cache_read_input_audio_token_cost: "cache_read_audio",
  output_cost_per_audio_token: "output_audio",
  input_cost_per_image_token: "input_image",
  output_cost_per_image_token: "output_image",
  input_cost_per_video_token: "input_video",
  input_cost_per_character: "characters",
  output_cost_per_character: "output_characters",
  input_cost_per_image: "input_images",
  output_cost_per_image: "images",
  input_cost_per_pixel: "input_pixels",
  output_cost_per_pixel: "pixels",
  input_cost_per_audio_per_second: "audio_seconds",
  input_cost_per_video_per_second: "input_video_seconds",
  output_cost_per_video_per_second: "output_video_seconds",
  input_cost_per_second: "audio_seconds",
  output_cost_per_second: "output_seconds",
  input_cost_per_request: "requests",
  code_interpreter_cost_per_session: "code_interpreter_sessions",
  file_search_cost_per_gb_per_day: "gb_days",
  vector_store_cost_per_gb_per_day: "gb_days",
  ocr_cost_per_page: "pages",
  annotation_cost_per_page: "annotated_pages",
};

/** Fields whose price is for a thousand units. */
const PER_THOUSAND: Readonly<Record<string, string>> = {
  file_search_cost_per_1k_calls: "file_searches",
};

/** What `input_cost_per_query` counts, by LiteLLM's `mode`. */
const QUERIES: Readonly<Record<string, string>> = {
  rerank: "searches",
  search: "web_searches",
};

const TIERS: Readonly<Record<string, string>> = {
  batches: "batch",
  flex: "flex",
  priority: "priority",
  ultrafast: "ultrafast",
  balanced: "balanced",
};

const FIELD =
  /^(.+?)(?:_above_(\d{1,6})k_tokens)?(?:_(batches|flex|priority|ultrafast|balanced))?$/;

/** Reads a field's name; undefined where it is no price, or one without a counterpart. */
export function priceField(name: string, mode: string): PriceField | undefined {
  const [, base = "", thousands, tierName] = FIELD.exec(name) ?? [];
  const unit = unitOf(base, mode);
  if (unit === undefined) return undefined;
  const aboveTokens = thousands === undefined ? null : Number(thousands) * 1_000;
  const tier = tierName === undefined ? null : (TIERS[tierName] ?? null);
  return { unit, per: Object.hasOwn(PER_THOUSAND, base) ? 1_000 : 1, aboveTokens, tier };
}

function unitOf(base: string, mode: string): string | undefined {
  if (base === "input_cost_per_query") {
    return Object.hasOwn(QUERIES, mode) ? QUERIES[mode] : "queries";
  }
  if (Object.hasOwn(PER_THOUSAND, base)) return PER_THOUSAND[base];
  return Object.hasOwn(UNITS, base) ? UNITS[base] : undefined;
}

/** Whether a field that is not read looks like money, so that leaving it out must be told. */
export function looksLikePrice(name: string): boolean {
  return /cost|price|pricing/.test(name);
}
