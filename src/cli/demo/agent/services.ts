/** What agents work with: the vendors' SDKs, metered, and where other services listen. */

import { readAnswer } from "../api-answer.ts";
import type { Metering } from "../metering.ts";
import type { Run } from "../sdk.ts";
import type { Anthropic, OpenAI, VendorSdks } from "../vendor-sdks.ts";

/** Given to every agent. */
export interface Services {
  readonly sdks: VendorSdks;
  /** The stand-in's address. */
  readonly providerUrl: string;
}

/** What one agent works with in one run. */
export interface Work {
  readonly services: Services;
  readonly metering: Metering;
  readonly run: Run;
}

const MAX_RETRIES = 3;
const NO_KEY = "not-needed";

/** OpenAI's own client: each attempt is held and recorded by the fetch that it is given. */
export function openaiClient({ services, metering }: Omit<Work, "run">): OpenAI {
  const { fetch } = metering.tollgate;
  const baseURL = "https://api.openai.com/v1";
  return new services.sdks.OpenAI({ baseURL, apiKey: NO_KEY, maxRetries: MAX_RETRIES, fetch });
}

/** Anthropic's, alike. */
export function anthropicClient({ services, metering }: Omit<Work, "run">): Anthropic {
  const { fetch } = metering.tollgate;
  const baseURL = "https://api.anthropic.com";
  return new services.sdks.Anthropic({ baseURL, apiKey: NO_KEY, maxRetries: MAX_RETRIES, fetch });
}

interface SearchAnswer {
  readonly request_id: string;
  readonly results: readonly { readonly title: string; readonly content: string }[];
}

/** Searches the web, held before and recorded after; gives the results as text. */
export function searchWeb({ services, run }: Work, query: string): Promise<string> {
  const search = { provider: "tavily", units: { web_searches: 1 }, arguments: { query } };
  return run.tool("tavily_search", search, async (call) => {
    const url = `${services.providerUrl}/tavily/search`;
    const { request_id: id, results } = await postJson<SearchAnswer>(url, { query });
    call.identify(`tavily:${id}`);
    return results.map(({ title, content }) => `${title}: ${content}`).join("\n") || "Nothing.";
  });
}

interface QueryAnswer {
  readonly matches: readonly {
    readonly id: string;
    readonly metadata: { readonly text: string };
  }[];
  readonly usage: { readonly readUnits: number };
}

const READ_UNITS_AT_MOST = 10;

/** The nearest articles of the handbook to a vector; what it read is known afterwards. */
export function queryVectors({ services, run }: Work, vector: readonly number[]): Promise<string> {
  const index = { provider: "pinecone", model: "serverless", tool: "handbook" };
  const facts = { kind: "retrieval", ...index, usage: { read_units: READ_UNITS_AT_MOST } } as const;
  return run.step(facts, async (call) => {
    const query = { vector, topK: 2, namespace: "handbook" };
    const answer = await postJson<QueryAnswer>(`${services.providerUrl}/pinecone/query`, query);
    call.use({ read_units: answer.usage.readUnits });
    return answer.matches.map(({ metadata }) => metadata.text).join("\n\n");
  });
}

async function postJson<T>(url: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return readAnswer<T>(await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }));
}
