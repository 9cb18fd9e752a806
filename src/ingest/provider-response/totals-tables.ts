/** Names of the facts in usage blocks of the OpenAI family. The order is the precedence. */
import type { Aliases } from "./block.ts";
import type { TotalsTable } from "./totals.ts";

const PROMPT_DETAILS = [
  "prompt_tokens_details",
  "input_tokens_details",
  "prompt_token_details",
  "input_token_details",
];
const OUTPUT_DETAILS = [
  "completion_tokens_details",
  "output_tokens_details",
  "completion_token_details",
  "output_token_details",
];

function below(parents: readonly string[], ...names: string[]): string[] {
  return parents.flatMap((parent) => names.map((name) => `${parent}.${name}`));
}

/** Where writes of one lifetime stand in the details. */
function writes(lifetime: string): string[] {
  const names = ["cache_creation", "cache_creation_token_details"].map((at) => `${at}.${lifetime}`);
  return below(PROMPT_DETAILS, ...names);
}

/** Times and speeds, as hosts of models put them beside the counts: Groq, Azure, GPUStack, … */
const TIMES: Aliases = [
  ...["queue_time", "prompt_time", "completion_time", "total_time"],
  "latency_checkpoint",
  ...["time_to_first_token_ms", "time_per_output_token_ms"],
  ...["tokens_per_second", "prompt_tokens_per_second", "draft_tokens", "draft_tokens_acceptance"],
  ...["avg_tok_per_sec", "avg_prompt_tok_per_sec", "avg_compl_tok_per_sec"],
  ...["total_time_sec", "total_prompt_time_sec", "total_completion_time_sec"],
];

/** Fields that count nothing, or repeat what another field counts. */
const IGNORED: Aliases = [
  ...below(PROMPT_DETAILS, "text_tokens", "multimodal_tokens"),
  ...below(PROMPT_DETAILS, "cached_tokens_details.text_tokens"),
  // Both kinds of predicted tokens are inside the completion.
  ...below(OUTPUT_DETAILS, "text_tokens", "accepted_prediction_tokens"),
  ...below(OUTPUT_DETAILS, "rejected_prediction_tokens"),
  ...TIMES,
  "request_count",
];

/** The names of OpenAI Chat, Completions, Responses, Embeddings, Images and Realtime together. */
export const OPENAI: TotalsTable = {
  input: ["prompt_tokens", "input_tokens"],
  output: ["completion_tokens", "output_tokens"],
  total: ["total_tokens"],
  cached: [
    ...below(PROMPT_DETAILS, "cached_tokens"),
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "num_cached_tokens",
    "cached_prompt_text_tokens",
  ],
  missed: ["prompt_cache_miss_tokens"],
  written: below(
    PROMPT_DETAILS,
    "cache_write_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
  ),
  writtenByTtl: [
    ["cache_write_5m", writes("ephemeral_5m_input_tokens")],
    ["cache_write_30m", below(PROMPT_DETAILS, "cache_write_tokens_details.ttl_30m_tokens")],
    ["cache_write_1h", writes("ephemeral_1h_input_tokens")],
    ["cache_write_12h", below(PROMPT_DETAILS, "cache_write_tokens_details.ttl_12h_tokens")],
  ],
  inputModes: [
    ["input_audio", [...below(PROMPT_DETAILS, "audio_tokens"), "audio_prompt_tokens"]],
    ["input_image", below(PROMPT_DETAILS, "image_tokens")],
    ["input_video", below(PROMPT_DETAILS, "video_tokens")],
  ],
  heard: ["prompt_audio_seconds"],
  cachedModes: [
    ["input_audio", below(PROMPT_DETAILS, "cached_tokens_details.audio_tokens")],
    ["input_image", below(PROMPT_DETAILS, "cached_tokens_details.image_tokens")],
  ],
  reasoning: [...below(OUTPUT_DETAILS, "reasoning_tokens"), "reasoning_tokens"],
  outputModes: [
    ["output_audio", below(OUTPUT_DETAILS, "audio_tokens")],
    ["output_image", below(OUTPUT_DETAILS, "image_tokens")],
  ],
  beside: [],
  units: [
    ["audio_seconds", ["prompt_audio_seconds", "seconds"]],
    ["web_searches", ["server_tool_use_details.web_search_requests", "num_search_queries"]],
  ],
  ignored: IGNORED,
};

const FIVE_MINUTES = "cache_creation.ephemeral_5m_input_tokens";
const ONE_HOUR = "cache_creation.ephemeral_1h_input_tokens";

/**
 * Chat: fronts of Claude, such as LiteLLM and Databricks, put Anthropic's names beside a prompt
 * that holds them. Beside the input of Responses they would be Anthropic's own block misnamed.
 */
export const CHAT: TotalsTable = {
  ...OPENAI,
  cached: [...OPENAI.cached, "cache_read_input_tokens"],
  written: [...OPENAI.written, "cache_creation_input_tokens"],
  writtenByTtl: OPENAI.writtenByTtl.map(([bucket, names]) => {
    if (bucket === "cache_write_5m") return [bucket, [...names, FIVE_MINUTES]];
    return [bucket, bucket === "cache_write_1h" ? [...names, ONE_HOUR] : names];
  }),
};

/** Perplexity counts citations, reasoning and searches of deep research beside its totals. */
export const PERPLEXITY: TotalsTable = {
  ...OPENAI,
  reasoning: below(OUTPUT_DETAILS, "reasoning_tokens"),
  beside: [
    ["citation_tokens", ["citation_tokens"]],
    ["output_reasoning", ["reasoning_tokens"]],
  ],
};

/** xAI bills sources and calls of the tools that it runs itself. */
export const XAI: TotalsTable = {
  ...OPENAI,
  units: [
    ...OPENAI.units.filter(([unit]) => unit !== "web_searches"),
    ["search_sources", ["num_sources_used"]],
    ["web_searches", ["server_side_tool_usage_details.web_search_calls"]],
    ["social_searches", ["server_side_tool_usage_details.x_search_calls"]],
    ["code_executions", ["server_side_tool_usage_details.code_interpreter_calls"]],
    ["storage_searches", ["server_side_tool_usage_details.file_search_calls"]],
    ["storage_searches", ["server_side_tool_usage_details.document_search_calls"]],
    ["image_generations", ["server_side_tool_usage_details.image_generation_calls"]],
  ],
  // The number of tools used is the sum of the details, the context is part of the totals, and
  // calls of one's own MCP servers cost nothing but their tokens.
  ignored: [
    ...IGNORED,
    "num_server_side_tools_used",
    "context_details",
    "server_side_tool_usage_details.mcp_calls",
  ],
};
