/**
 * A stand-in for the vendors' endpoints that does what a test tells it to: answers, streams, fails,
 * breaks off, stops in the middle. It keeps what it was sent, and what its readers took.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { message, messageEvents } from "../../src/cli/demo/provider/anthropic-answer.ts";
import { chatChunks, chatCompletion } from "../../src/cli/demo/provider/openai-answer.ts";

/** What happens to one request. */
export interface Reaction {
  /** (Default: 200) */
  readonly status?: number;
  /** What the model says. (Default: five words) */
  readonly say?: string;
  readonly promptTokens?: number;
  /** Never answers; the connection stays open. */
  readonly isSilent?: boolean;
  /** The stream stops after so many pieces and stays open. */
  readonly hangAfter?: number;
  /** The connection breaks after so many pieces of the stream. */
  readonly cutAfter?: number;
  /** Pause before each piece. (Default: none) */
  readonly pieceDelayMs?: number;
  /** An answer without usage. */
  readonly isUsageMissing?: boolean;
}

/** A request as it came. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const WORDS = "one two three four five";

/** The stand-in. Reactions are taken in order; after them all is well. */
export class ProviderStandIn {
  readonly seen: SeenRequest[] = [];
  /** Bytes of streams that left. */
  streamedBytes = 0;
  /** Readers that went away before the end. */
  goneReaders = 0;
  readonly #reactions: Reaction[] = [];
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  static async start(): Promise<ProviderStandIn> {
    const provider = new ProviderStandIn();
    await new Promise<void>((resolve) => provider.#server.listen(0, "127.0.0.1", resolve));
    return provider;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get openaiUrl(): string {
    return `http://${this.host}/v1`;
  }

  get anthropicUrl(): string {
    return `http://${this.host}`;
  }

  react(...reactions: readonly Reaction[]): void {
    this.#reactions.push(...reactions);
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await text(request)) || "{}") as SeenRequest["body"];
    const path = request.url ?? "";
    this.seen.push({ path, headers: request.headers, body });
    const reaction = this.#reactions.shift() ?? {};
    const id = String(this.seen.length);
    response.setHeader("x-request-id", `req_${id}`).setHeader("request-id", `req_${id}`);
    if (reaction.isSilent) return;
    if ((reaction.status ?? 200) >= 400) return refuse(response, reaction.status ?? 500);
    const answer = answerOf(path, { id, body, reaction });
    if (body.stream === true) return this.#stream(response, answer.events, reaction);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.whole));
  }

  async #stream(response: ServerResponse, events: readonly string[], reaction: Reaction) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("close", () => {
      if (!response.writableFinished) this.goneReaders += 1;
    });
    const closed = once(response, "close");
    const { hangAfter, cutAfter, pieceDelayMs } = reaction;
    for (const event of events.slice(0, hangAfter ?? cutAfter)) {
      if (pieceDelayMs !== undefined)
        await new Promise((resolve) => setTimeout(resolve, pieceDelayMs));
      if (response.destroyed) return;
      this.streamedBytes += event.length;
      if (!response.write(event)) {
        await Promise.race([once(response, "drain"), closed]);
      }
    }
    if (cutAfter !== undefined) {
      // What was written has to arrive first, or the break is one before the answer.
      setTimeout(() => response.destroy(), 20);
    } else if (hangAfter === undefined) response.end();
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.setHeader("retry-after-ms", "5");
  response.writeHead(status, { "content-type": "application/json" });
  const error = { type: "server_error", message: `Scripted ${status}.` };
  response.end(JSON.stringify({ type: "error", error }));
}

interface Asked {
  readonly id: string;
  readonly body: SeenRequest["body"];
  readonly reaction: Reaction;
}

interface Answer {
  readonly whole: object;
  readonly events: readonly string[];
}

function answerOf(path: string, asked: Asked): Answer {
  if (path.endsWith("/chat/completions")) return chatAnswer(asked);
  if (path.endsWith("/messages")) return messagesAnswer(asked);
  return path.endsWith("/responses") ? responsesAnswer(asked) : embeddingsAnswer(asked);
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { readonly type: string }) => `event: ${value.type}\n${data(value)}`;

function chatAnswer({ id, body, reaction }: Asked): Answer {
  const { say = WORDS, promptTokens = 1000 } = reaction;
  const facts = { id, model: String(body.model), promptTokens, cachedTokens: 400 };
  const whole = chatCompletion({ text: say, reasoning: "Let me think." }, facts);
  const { include_usage } = Object(body.stream_options) as { include_usage?: boolean };
  const chunks = chatChunks(whole, include_usage === true && !reaction.isUsageMissing);
  const events = [...chunks.map(data), "data: [DONE]\n\n"];
  return { whole: reaction.isUsageMissing ? { ...whole, usage: undefined } : whole, events };
}

function messagesAnswer({ id, body, reaction }: Asked): Answer {
  const { say = WORDS, promptTokens = 1000 } = reaction;
  const input = { uncached: promptTokens, read: 300, written: { "5m": 20, "1h": 10 } };
  const whole = message({ text: say }, { id, model: String(body.model), input });
  return { whole, events: messageEvents(whole).map(named) };
}

/** A response with a web search in it, which is charged by the call. */
function responsesAnswer({ id, body, reaction }: Asked): Answer {
  const { say = WORDS, promptTokens = 1000 } = reaction;
  const content = [{ type: "output_text", text: say, annotations: [] }];
  const search = {
    type: "web_search_call",
    id: "ws_1",
    status: "completed",
    action: { type: "search", query: "secret" },
  };
  const response = {
    id: `resp_${id}`,
    object: "response",
    model: body.model,
    status: "completed",
    output: [search, { type: "message", id: "m_1", role: "assistant", content }],
    tools: [],
    usage: {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: 100 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
      total_tokens: promptTokens + 50,
    },
  };
  const created = { ...response, status: "in_progress", output: [], usage: null };
  const events = [
    { type: "response.created", response: created },
    ...say.split(" ").map((delta) => ({ type: "response.output_text.delta", delta })),
    { type: "response.completed", response },
  ];
  return { whole: response, events: events.map(named) };
}

function embeddingsAnswer({ body }: Asked): Answer {
  const usage = { prompt_tokens: 12, total_tokens: 12 };
  const embedding = Buffer.from(new Float32Array([0.5, 1]).buffer).toString("base64");
  const list = [{ object: "embedding", index: 0, embedding }];
  return { whole: { object: "list", data: list, model: body.model, usage }, events: [] };
}
