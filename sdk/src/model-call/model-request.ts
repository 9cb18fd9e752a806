/** A model call's request: read once, and sent with the few fields that are ours to change. */
import type { Endpoint } from "./endpoint.ts";
import { bytesOf, inputTokenBound } from "./token-bound.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What of a request matters to metering and guarding. */
export interface ModelRequest {
  readonly url: URL;
  /** Which try of the call this is, from 1; the vendors' SDKs count in a header. */
  readonly attempt: number;
  readonly signal: AbortSignal | null;
  readonly bytes: number;
  readonly model: string | null;
  readonly isStream: boolean;
  /** Whether the caller itself asked a stream for its usage. */
  readonly wantsUsage: boolean;
  /** Output tokens that all its answers may have together; null: it sets no bound. */
  readonly maxOutputTokens: number | null;
  /** How many answers it asks for. */
  readonly answers: number;
  /** Output tokens that a reasoning budget takes before anything is answered. */
  readonly reasoningTokens: number;
  readonly tier: string | null;
  readonly body: Fields;
  /** The body as it was sent. */
  readonly text: string;
  readonly input: Request | string | URL;
  readonly init: RequestInit;
}

/** Reads a request. A body that is no JSON object has no facts, and is sent as it is. */
export async function readModelRequest(
  input: Request | string | URL,
  init: RequestInit = {},
): Promise<ModelRequest> {
  const isRequest = input instanceof Request;
  const text = await bodyText(isRequest ? new Request(input, init) : init);
  const headers = new Headers(init.headers ?? (isRequest ? input.headers : undefined));
  const body = parsedObject(text);
  const answers = countIn(body.n) ?? 1;
  const each = countIn(body.max_completion_tokens ?? body.max_output_tokens ?? body.max_tokens);
  return {
    url: new URL(isRequest ? input.url : input),
    attempt: 1 + (countIn(Number(headers.get("x-stainless-retry-count") ?? "0")) ?? 0),
    signal: init.signal ?? (isRequest ? input.signal : null),
    bytes: bytesOf(text),
    model: typeof body.model === "string" ? body.model : null,
    isStream: body.stream === true,
    wantsUsage: fieldsOf(body.stream_options).include_usage === true,
    maxOutputTokens: each === null ? null : each * answers,
    answers,
    reasoningTokens: countIn(fieldsOf(body.thinking).budget_tokens) ?? 0,
    tier: tierIn(body),
    ...{ body, text, input, init },
  };
}

/** The most tokens that the input may have, by the caller's own estimate if there is one. */
export function inputTokensOf(
  { body, bytes }: ModelRequest,
  estimate: ((body: unknown) => number) | null,
): number {
  try {
    const own = estimate?.(body);
    if (own !== undefined && Number.isSafeInteger(Math.ceil(own)) && own >= 0)
      return Math.ceil(own);
  } catch {
    // An estimate that fails is none.
  }
  return inputTokenBound(body, bytes);
}

/** What is changed of a request before it goes out. */
export interface Changes {
  /** Most output tokens of all answers together; null: as it is. */
  readonly maxOutputTokens: number | null;
  /** Ask a chat stream to tell its usage. */
  readonly askForUsage: boolean;
}

/** The arguments for fetch. Without a change they are the caller's own. */
export function changedRequest(
  request: ModelRequest,
  endpoint: Endpoint,
  { maxOutputTokens, askForUsage }: Changes,
): [Request | string | URL, RequestInit] {
  const { body, input, init } = request;
  const isChanged = maxOutputTokens !== null || askForUsage;
  if (!isChanged && typeof init.body === "string") return [input, init];
  const bound = maxOutputTokens === null ? {} : boundFields(request, endpoint, maxOutputTokens);
  const usage = askForUsage
    ? { stream_options: { ...fieldsOf(body.stream_options), include_usage: true } }
    : {};
  // A body that can be read only once was read: its text takes its place, changed or not.
  const text = isChanged ? JSON.stringify({ ...body, ...bound, ...usage }) : request.text;
  const sent = { ...init, body: text, headers: headersFor(request) };
  return input instanceof Request ? [new Request(input, sent), {}] : [input, sent];
}

/** The changed body has another length than the caller may have stated. */
function headersFor({ input, init }: ModelRequest): Headers {
  const headers = new Headers(
    init.headers ?? (input instanceof Request ? input.headers : undefined),
  );
  headers.delete("content-length");
  return headers;
}

function boundFields({ body, answers }: ModelRequest, endpoint: Endpoint, most: number): Fields {
  const each = Math.max(1, Math.floor(most / answers));
  const names = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
  const named = names.filter((name) => countIn(body[name]) !== null);
  const fields = named.length > 0 ? named : [boundName(endpoint)];
  return Object.fromEntries(fields.map((name) => [name, each]));
}

function boundName({ shape, chatBound }: Endpoint): string {
  if (shape === "responses") return "max_output_tokens";
  return shape === "messages" ? "max_tokens" : chatBound;
}

/** Tiers with prices of their own; `auto` and `default` are decided by the provider. */
const PRICED_TIERS = new Set(["flex", "priority", "fast", "ultrafast"]);

function tierIn({ service_tier: tier, speed }: Fields): string | null {
  const named = [tier, speed].find((name) => typeof name === "string" && PRICED_TIERS.has(name));
  return typeof named === "string" ? named : null;
}

async function bodyText(holder: Request | RequestInit): Promise<string> {
  if (holder instanceof Request) return holder.text();
  const { body } = holder;
  if (typeof body === "string") return body;
  return body === undefined || body === null ? "" : new Response(body).text();
}

function parsedObject(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

function countIn(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
