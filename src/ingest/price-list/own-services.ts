/**
 * Prices that no model list has: tools, vector databases, sandboxes, GPUs, fees per request. Each
 * group names its public source and the date it was read. Those marked as an example depend on a
 * plan or region: import your own price document over them (a newer version wins).
 */
import type { PriceEntry } from "../../domain/cost/price-book.ts";
import { ownEntry, perHour } from "./own-entry-builder.ts";

/** pinecone.io/pricing, Standard plan, AWS us-east-1, read 2026-11-04; egress beyond 100 GB. */
const PINECONE = {
  read_units: "0.000016",
  write_units: "0.000004",
  gb_months: "0.33",
  egress_gb: "0.10",
};

const VECTOR_DATABASES = [
  ownEntry("pinecone/serverless", PINECONE, ["default", "standard"]),
  // turbopuffer.com/pricing, Launch and Scale, before volume discounts, read 2026-11.
  ownEntry(
    "turbopuffer/default",
    { gb_months: "0.33", gb_written: "2", gb_queried: "0.000001", gb_returned: "0.05" },
    ["turbopuffer"],
  ),
  // docs.trychroma.com/cloud/pricing, read 2026-10-07; queried is 0.0075 per TiB.
  ownEntry(
    "chroma/default",
    {
      gib_months: "0.33",
      gib_written: "2.5",
      gib_queried: "0.00000732421875",
      gib_returned: "0.09",
    },
    ["chroma", "cloud"],
  ),
  // Example: upstash.com/pricing/vector, pay as you go, 0.40 per 100,000 requests (2025).
  ownEntry("upstash/vector", { requests: "0.000004", gb_months: "0.25" }, ["default"]),
];

/** A search or page counts once, by whichever name the producer counts it. */
const searches = (price: string) => ({ requests: price, web_searches: price });

const SEARCH_TOOLS = [
  // docs.tavily.com/documentation/api-credits, pay as you go, 1 credit a basic search, 2026-11.
  ownEntry("tavily/search", { ...searches("0.008"), credits: "0.008" }, [
    "tavily_search",
    "default",
  ]),
  ownEntry("tavily/search_advanced", { ...searches("0.016"), credits: "0.008" }),
  // docs.perplexity.ai, Search API, 5 per 1,000 requests, read 2026-10.
  ownEntry("perplexity/search", searches("0.005")),
  // you.com, web search, 5 per 1,000 calls, read 2026-09.
  ownEntry("you.com/search", searches("0.005"), ["default"]),
  // Examples (2025 list prices): Exa up to 25 results, Brave Data for AI, Google Custom Search.
  ownEntry("exa/search", searches("0.005"), ["exa_search", "default"]),
  ownEntry("brave/search", searches("0.005"), ["brave_search", "default"]),
  ownEntry("google/custom_search", searches("0.005"), ["google_search"]),
  // Example: SerpAPI's Developer plan, 75 for 5,000 searches (2025).
  ownEntry("serpapi/search", searches("0.015"), ["default"]),
];

/** Providers' own tools where a step stands for the tool call rather than the model call. */
const PROVIDER_TOOLS = [
  // openai.com/api/pricing, tools (2026): web search 10 and file search 2.50 per 1,000 calls,
  // storage 0.10 per GB and day, code interpreter 0.03 per container session.
  ownEntry("openai/web_search", searches("0.01"), ["web_search_call", "web_search_preview"]),
  ownEntry("openai/file_search", { requests: "0.0025", file_searches: "0.0025" }, [
    "file_search_call",
  ]),
  ownEntry("openai/vector_store", { gb_days: "0.10" }),
  ownEntry("openai/code_interpreter", {
    requests: "0.03",
    code_interpreter_calls: "0.03",
  }),
  // platform.claude.com/docs/en/about-claude/pricing (2026): web search 10 per 1,000, web fetch
  // free, code execution 0.05 per hour beyond the free hours, managed agents 0.08 per hour.
  ownEntry("anthropic/web_search", searches("0.01")),
  ownEntry("anthropic/web_fetch", { requests: "0", web_fetches: "0" }),
  ownEntry("anthropic/code_execution", { seconds: perHour("0.05") }),
  ownEntry("anthropic/managed_agents", { seconds: perHour("0.08") }),
  // docs.x.ai/developers/pricing (2026): 5 per 1,000 searches and code runs.
  ownEntry("x-ai/web_search", searches("0.005")),
  ownEntry("x-ai/x_search", { requests: "0.005", x_searches: "0.005" }),
  ownEntry("x-ai/code_execution", { requests: "0.005", code_interpreter_calls: "0.005" }),
  // cohere.com/pricing: Rerank 2 per 1,000 searches (2025).
  ownEntry("cohere/rerank-v3.5", { requests: "0.002", searches: "0.002" }, [
    "rerank-english-v3.0",
    "rerank-multilingual-v3.0",
  ]),
];

/** Models of which the list of their router knows none of the kind: per token. */
const ROUTED = [
  // openrouter.ai/models, read 2026-06, and costs that responses stated: what the makers list. Each
  // is served by its maker alone, and answers name it without the maker.
  ownEntry("openrouter/openai/text-embedding-3-small", { input_uncached: "0.00000002" }, [
    "text-embedding-3-small",
  ]),
  ownEntry("openrouter/openai/text-embedding-3-large", { input_uncached: "0.00000013" }, [
    "text-embedding-3-large",
  ]),
  ownEntry("openrouter/openai/text-embedding-ada-002", { input_uncached: "0.0000001" }, [
    "text-embedding-ada-002",
  ]),
  ownEntry("openrouter/google/gemini-embedding-001", { input_uncached: "0.00000015" }, [
    "gemini-embedding-001",
  ]),
  ownEntry("openrouter/openai/gpt-4o-mini-transcribe", {
    input_uncached: "0.00000125",
    output_text: "0.000005",
  }),
];

const COMPUTE = [
  // e2b.dev/pricing, read 2026-06: 0.0504 per vCPU-hour, 0.0162 per GiB-hour, by the second.
  // `default` is the default sandbox: 2 vCPU and 512 MiB.
  ownEntry("e2b/default", { seconds: "0.00003025" }, ["sandbox"]),
  ownEntry("e2b/resources", { vcpu_seconds: "0.000014", gib_seconds: "0.0000045" }),
  // daytona.io/pricing, read 2026-06: the same rates. `default` is 1 vCPU and 1 GiB.
  ownEntry("daytona/default", { seconds: "0.0000185" }, ["sandbox"]),
  ownEntry("daytona/resources", { vcpu_seconds: "0.000014", gib_seconds: "0.0000045" }),
  // Examples: modal.com/pricing, one GPU by the second (2025; H100 again in 2026).
  ...Object.entries({
    b200: "0.001736",
    h200: "0.001261",
    h100: "0.001097",
    "a100-80gb": "0.000694",
    "a100-40gb": "0.000583",
    l40s: "0.000542",
    a10: "0.000306",
    l4: "0.000222",
    t4: "0.000164",
  }).map(([gpu, price]) => ownEntry(`modal/${gpu}`, { seconds: price }, [`gpu-${gpu}`])),
  // Example: browserbase.com/pricing, browser time at 0.10 per hour (2025).
  ownEntry("browserbase/browser", { seconds: perHour("0.10") }, ["default"]),
];

/** All entries of this file; none repeats a model of genai-prices. */
export function ownServices(): readonly PriceEntry[] {
  const all = [VECTOR_DATABASES, SEARCH_TOOLS, PROVIDER_TOOLS, ROUTED, COMPUTE];
  return all.flat().map((build) => build());
}
