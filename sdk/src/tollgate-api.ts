/** Requests to the Tollgate server. */

/** What came of a request. `unreachable`: nobody knows whether the server acted on it. */
export type ApiAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: unknown;
      /** What the server asks to wait before another try; null: it says nothing. */
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: "unreachable"; readonly detail: string };

/** Whether the server does not know the key, or does not let it do this: no other try will help. */
export function isKeyRefused(answer: ApiAnswer): boolean {
  return answer.kind === "answer" && (answer.status === 401 || answer.status === 403);
}

/** What an answer says of itself; one of something else says nothing. */
export function answerDetail(answer: ApiAnswer & { readonly kind: "answer" }): string {
  const { status, body } = answer;
  if (status < 400) return `status ${status}: what answers there is no Tollgate`;
  const { code, detail } = Object(body) as Record<string, unknown>;
  return `status ${status} ${code ?? ""} ${detail ?? ""}`.trim();
}

/** Where the server is, and who asks. */
export interface ApiOptions {
  readonly url: string;
  readonly key: string;
  readonly fetch: typeof fetch;
}

/** How one request is made. */
export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | null;
}

/** Above it, browsers and edge runtimes refuse a request that outlives its page. */
const KEEPALIVE_MAX_BYTES = 60_000;

/** Sends JSON, gets JSON. Never throws but for the caller's own signal. */
export class TollgateApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** `body` is JSON text. */
  post(path: string, body: string, options: RequestOptions): Promise<ApiAnswer> {
    const headers = { "content-type": "application/json" };
    const keepalive = body.length * 3 < KEEPALIVE_MAX_BYTES;
    return this.#request(path, { method: "POST", headers, body, keepalive }, options);
  }

  get(path: string, options: RequestOptions): Promise<ApiAnswer> {
    return this.#request(path, { method: "GET" }, options);
  }

  async #request(path: string, init: RequestInit, options: RequestOptions): Promise<ApiAnswer> {
    const { url, key, fetch: send } = this.#options;
    if (!/^https?:\/\//.test(url)) {
      const detail = `"${url}" is no address of a Tollgate, such as http://127.0.0.1:4100`;
      return { kind: "unreachable", detail };
    }
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${key}` };
    try {
      const response = await send(url.replace(/\/+$/, "") + path, { ...init, headers, signal });
      const text = await response.text();
      const retryAfterMs = secondsToMs(response.headers.get("retry-after"));
      return { kind: "answer", status: response.status, body: parsed(text), retryAfterMs };
    } catch (error) {
      options.signal?.throwIfAborted();
      return { kind: "unreachable", detail: `No answer from Tollgate at ${url}: ${told(error)}` };
    }
  }
}

/** What `fetch` threw, and what it hides behind: "fetch failed" alone says nothing to act on. */
function told(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return String(error);
  // Where several addresses were tried there is a code alone.
  const { message, code } = cause as Error & { readonly code?: string };
  return `${String(error)} (${message || code})`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function secondsToMs(header: string | null): number | null {
  const seconds = Number(header ?? "none");
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
