/**
 * Guesses the format of a response body by its signs, for imports and recordings. The guess names
 * a mapper that reads the counts right; who was called is better known by the caller (host, key).
 */
import type { JsonObject } from "./block.ts";
import { isObject, valueAt } from "./block.ts";
import { FORMATS } from "./formats.ts";
import { locate } from "./locate.ts";

/**
 * A format and the paths of which one must be present; `=` compares the text, and all must be that
 * `&` joins. First match wins.
 */
type Sign = readonly [format: string, anyOf: readonly string[]];

const SIGNS: readonly Sign[] = [
  ["claude-agent.result", ["modelUsage"]],
  ["gemini.live", ["usageMetadata.responseTokenCount", "responseTokenCount"]],
  ["gemini.caches", ["expireTime", "expire_time"]],
  ["gemini.embeddings", ["embedding.values", "embeddings"]],
  [
    "gemini.generate",
    ["usageMetadata", "usage_metadata", "promptTokenCount", "response.candidates"],
  ],
  [
    "gemini.interactions",
    ["usage.total_input_tokens", "interaction", "metadata.usage.total_tokens"],
  ],
  ["gemini.interactions", ["total_input_tokens"]],
  ["bedrock.guardrail", ["usage.contentPolicyUnits", "contentPolicyUnits"]],
  ["bedrock.converse", ["usage.inputTokens", "metadata.usage.inputTokens", "inputTokens"]],
  ["bedrock.titan", ["inputTextTokenCount"]],
  ["bedrock.llama", ["generation_token_count"]],
  ["cohere.rerank", ["meta.billed_units.search_units"]],
  ["cohere.embeddings", ["meta.billed_units.images", "embeddings"]],
  ["cohere.chat", ["usage.billed_units", "meta.billed_units", "delta.usage.billed_units"]],
  ["cohere.chat", ["response.meta.billed_units", "billed_units"]],
  ["xai.responses", ["response.usage.num_server_side_tools_used"]],
  ["xai.responses", ["usage.num_server_side_tools_used", "num_server_side_tools_used"]],
  ["xai.chat", ["usage.num_sources_used", "usage.cost_in_usd_ticks", "num_sources_used"]],
  ["openrouter.embeddings", ["usage.is_byok&data.0.embedding"]],
  ["openrouter.chat", ["usage.cost_details", "usage.is_byok", "cost_details", "is_byok"]],
  ["deepseek.chat", ["usage.prompt_cache_hit_tokens", "prompt_cache_hit_tokens"]],
  ["groq.chat", ["x_groq", "usage.queue_time", "queue_time"]],
  ["mistral.chat", ["usage.num_cached_tokens", "usage.prompt_audio_seconds", "num_cached_tokens"]],
  ["perplexity.chat", ["usage.num_search_queries", "usage.search_context_size", "citations"]],
  ["openai.responses", ["object=response", "response.object=response", "response.usage"]],
  [
    "openai.responses",
    ["usage.input_tokens_details", "input_tokens_details", "input_token_details"],
  ],
  ["openai.responses", ["output_tokens_details.reasoning_tokens"]],
  ["anthropic.messages", ["type=message", "type=message_start", "type=message_delta"]],
  ["openai.completions", ["object=text_completion"]],
  ["openai.embeddings", ["data.0.embedding"]],
  ["together.rerank", ["results.0.relevance_score", "data.0.relevance_score"]],
  ["openai.chat", ["usage.prompt_tokens", "prompt_tokens"]],
  ["openai.responses", ["usage.total_tokens", "total_tokens"]],
  ["anthropic.messages", ["usage.input_tokens", "input_tokens"]],
  ["watsonx.generation", ["results.0.generated_token_count"]],
  ["alephalpha.complete", ["num_tokens_generated"]],
  ["ollama.chat", ["eval_count"]],
  ["ollama.embeddings", ["embeddings"]],
  ["huggingface.tgi", ["details.generated_tokens"]],
];

/** One part of a sign: a path, perhaps in the first entry of a list, and the text to find there. */
interface Part {
  readonly path: string;
  /** `data.0.embedding` is the field `embedding` of the first entry of the list `data`. */
  readonly field: string | undefined;
  readonly text: string | undefined;
}

/** Read once: a body is asked for most of them. */
const PARSED = SIGNS.map(([name, signs]) => ({
  name,
  signs: signs.map((sign) => sign.split("&").map(partOf)),
}));

function partOf(sign: string): Part {
  const [place = "", text] = sign.split("=");
  const [path = "", field] = place.split(".0.");
  return { path, field, text };
}

/** The format whose signs the body bears and whose usage it holds, or null. */
export function detectFormat(body: unknown): string | null {
  if (!isObject(body)) return null;
  for (const { name, signs } of PARSED) {
    if (!signs.some((parts) => parts.every((part) => bears(body, part)))) continue;
    const format = FORMATS[name];
    if (format !== undefined && locate(format, body) !== null) return name;
  }
  return null;
}

/** The format of a stream: the first that an event bears. */
export function detectStreamFormat(events: readonly unknown[]): string | null {
  for (const event of events) {
    const name = detectFormat(event);
    if (name !== null) return name;
  }
  return null;
}

function bears(body: JsonObject, { path, field, text }: Part): boolean {
  const found = valueAt(body, path);
  const value = field === undefined ? found : inFirst(found, field);
  return text === undefined ? (value ?? null) !== null : value === text;
}

function inFirst(list: unknown, field: string): unknown {
  return Array.isArray(list) ? valueAt(list[0], field) : undefined;
}
