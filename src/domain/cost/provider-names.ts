/**
 * One name per provider. Traces, SDKs and gateways name the same provider in many ways; the price
 * book keys it by one. Names not listed here stand for themselves.
 */

/** Where steps without a provider are looked up: prices of one's own tools and services. */
export const LOCAL_PROVIDER = "local";

/** Canonical name → other names in use (OpenTelemetry old and new, AI SDK, LangChain, LiteLLM). */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  openai: ["open_ai", "openai_chat", "openai_responses", "text_completion_openai"],
  anthropic: ["claude", "claude_platform", "vertex.anthropic"],
  google: [
    "gemini",
    "gcp.gemini",
    "gcp.gen_ai",
    "gcp.vertex_ai",
    "google.generative_ai",
    "google.vertex",
    "google_genai",
    "google_gla",
    "google_vertex",
    "google_vertexai",
    "google_ai_studio",
    "vertex",
    "vertex_ai",
    "vertex_ai_beta",
    "vertexai",
  ],
  aws: ["amazon", "amazon_bedrock", "aws.bedrock", "aws_bedrock", "bedrock", "bedrock_converse"],
  azure: [
    "az.ai.inference",
    "az.ai.openai",
    "azure.ai.inference",
    "azure.ai.openai",
    "azure_ai",
    "azure_ai_foundry",
    "azure_openai",
    "azure_text",
    "microsoft.foundry",
  ],
  "x-ai": ["grok", "x_ai", "xai"],
  mistral: ["mistral_ai", "mistralai"],
  cohere: ["cohere_chat"],
  groq: ["groqcloud"],
  together: ["together_ai", "togetherai"],
  fireworks: ["fireworks_ai"],
  perplexity: ["perplexity_ai"],
  moonshotai: ["moonshot", "moonshot_ai"],
  voyageai: ["voyage", "voyage_ai"],
  zhipuai: ["zhipu", "zhipu_ai"],
  zai: ["z.ai", "z_ai"],
  cloudflare: ["cloudflare_workers_ai", "workers_ai"],
  "github-copilot": ["github_copilot", "copilot"],
  openrouter: ["open_router"],
  ovhcloud: ["ovh"],
};

const CANONICAL: ReadonlyMap<string, string> = new Map(
  Object.entries(SPELLINGS).flatMap(([name, others]) =>
    [name, ...others].map((other) => [spelled(other), name] as const),
  ),
);

function spelled(name: string): string {
  return name.trim().toLowerCase().replaceAll(/[-\s]/g, "_");
}

/**
 * The price book's name of a provider. What follows a point is an API of that provider
 * (`openai.chat`, `xai.responses`) unless the whole name is known (`gcp.gemini`).
 */
export function canonicalProvider(name: string): string {
  const plain = spelled(name);
  const listed = CANONICAL.get(plain);
  if (listed !== undefined) return listed;
  for (let point = plain.lastIndexOf("."); point > 0; point = plain.lastIndexOf(".", point - 1)) {
    const family = CANONICAL.get(plain.slice(0, point));
    if (family !== undefined) return family;
  }
  return name.trim().toLowerCase();
}

/**
 * Hosts that sell other makers' models at the makers' list price, with those makers. Tried when
 * the host has no entry of its own. This repeats what @pydantic/genai-prices declares.
 */
const HOSTED: Readonly<Record<string, readonly string[]>> = {
  azure: ["openai", "anthropic", "deepseek", "x-ai", "moonshotai"],
  google: ["anthropic"],
};

/** Makers whose prices a host charges, in the order tried. */
export function makersHostedBy(provider: string): readonly string[] {
  return Object.hasOwn(HOSTED, provider) ? (HOSTED[provider] ?? []) : [];
}

/** Paths that a provider's API puts before a model id. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  google: ["models/", "publishers/google/models/", "publishers/anthropic/models/"],
  fireworks: ["accounts/fireworks/models/"],
};

/** A model id without its provider's API path. */
export function withoutPath(provider: string, subject: string): string {
  const paths = Object.hasOwn(PATHS, provider) ? (PATHS[provider] ?? []) : [];
  const path = paths.find((candidate) => subject.startsWith(candidate));
  return path === undefined ? subject : subject.slice(path.length);
}
