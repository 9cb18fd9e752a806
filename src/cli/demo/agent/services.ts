/** What agents work with: the vendors' SDKs, and where the services listen. */
import { readAnswer } from "../api-answer.ts";
import type { Anthropic, OpenAI, VendorSdks } from "../vendor-sdks.ts";
import { AttemptWatch } from "./attempts.ts";
import { nowText, type RunRecorder } from "./run-recorder.ts";

/** Given to every agent. */
export interface Services {
  readonly sdks: VendorSdks;
  /** The stand-in's address. */
  readonly providerUrl: string;
}

/** A client whose failed attempts are recorded as steps of the run. */
export interface WatchedClient<Client> {
  readonly client: Client;
  readonly watch: AttemptWatch;
}

const MAX_RETRIES = 3;
const NO_KEY = "not-needed";

/** A client of the stand-in's OpenAI; `model` is what its failed attempts are put down to. */
export function openaiClient(
  { sdks, providerUrl }: Services,
  recorder: RunRecorder,
  model: string,
): WatchedClient<OpenAI> {
  const watch = failuresInto(recorder, { provider: "openai", model });
  const baseURL = `${providerUrl}/openai/v1`;
  const options = { baseURL, apiKey: NO_KEY, maxRetries: MAX_RETRIES, fetch: watch.fetch };
  return { client: new sdks.OpenAI(options), watch };
}

/** A client of the stand-in's Anthropic, alike. */
export function anthropicClient(
  { sdks, providerUrl }: Services,
  recorder: RunRecorder,
  model: string,
): WatchedClient<Anthropic> {
  const watch = failuresInto(recorder, { provider: "anthropic", model });
  const baseURL = `${providerUrl}/anthropic`;
  const options = { baseURL, apiKey: NO_KEY, maxRetries: MAX_RETRIES, fetch: watch.fetch };
  return { client: new sdks.Anthropic(options), watch };
}

/** A failed attempt is a step without usage: the provider bills nothing for it. */
function failuresInto(
  recorder: RunRecorder,
  { provider, model }: { readonly provider: string; readonly model: string },
): AttemptWatch {
  return new AttemptWatch(({ attempt, occurredAt, requestId }) => {
    const failed = { kind: "model", status: "error", provider, model, attempt } as const;
    const call = requestId === null ? {} : { callId: `${provider}:${requestId}` };
    recorder.step({ ...failed, ...call }, { occurredAt });
  });
}

interface SearchAnswer {
  readonly request_id: string;
  readonly results: readonly { readonly title: string; readonly content: string }[];
}

/** Searches the web and records what it cost; gives the results as text. */
export async function searchWeb(
  { providerUrl }: Services,
  recorder: RunRecorder,
  { query, parentStep }: { readonly query: string; readonly parentStep: string },
): Promise<string> {
  const service = { provider: "tavily", tool: "tavily_search", usage: { web_searches: 1 } };
  const { maxOutputTokens: _, ...named } = await recorder.leave("tool", service);
  const occurredAt = nowText();
  const answer = await postJson<SearchAnswer>(`${providerUrl}/tavily/search`, { query });
  const callId = `tavily:${answer.request_id}`;
  recorder.step({ kind: "tool", ...service, callId, parentStep }, { ...named, occurredAt });
  return (
    answer.results.map(({ title, content }) => `${title}: ${content}`).join("\n") || "Nothing."
  );
}

interface QueryAnswer {
  readonly matches: readonly {
    readonly id: string;
    readonly metadata: { readonly text: string };
  }[];
  readonly usage: { readonly readUnits: number };
}

/** The nearest articles of the handbook to a vector; records the read units. */
export async function queryVectors(
  { providerUrl }: Services,
  recorder: RunRecorder,
  { vector, parentStep }: { readonly vector: readonly number[]; readonly parentStep: string },
): Promise<string> {
  const occurredAt = nowText();
  const query = { vector, topK: 2, namespace: "handbook" };
  const answer = await postJson<QueryAnswer>(`${providerUrl}/pinecone/query`, query);
  const usage = { read_units: answer.usage.readUnits };
  const service = { provider: "pinecone", model: "serverless", tool: "handbook", usage };
  recorder.step({ kind: "retrieval", ...service, parentStep }, { occurredAt });
  return answer.matches.map(({ metadata }) => metadata.text).join("\n\n");
}

async function postJson<T>(url: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return readAnswer<T>(await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }));
}
