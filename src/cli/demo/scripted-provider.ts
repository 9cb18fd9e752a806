/**
 * A local stand-in for the services that an agent pays: OpenAI (chat, embeddings), Anthropic
 * (messages), Pinecone (query) and Tavily (search), spoken well enough for the vendors' own SDKs.
 * Answers are scripted (provider/scenarios.ts) and their usage follows from the texts
 * (provider/tokens.ts), so the same agent costs the same every time. It misbehaves on purpose:
 * first attempts fail, and a stream breaks in the middle.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { message, messageEvents, promptBlocks } from "./provider/anthropic-answer.ts";
import {
  chatChunks,
  chatCompletion,
  chatPromptText,
  embeddingsAnswer,
} from "./provider/openai-answer.ts";
import { type Turn, turnOf } from "./provider/scenarios.ts";
import { AutomaticCache, MarkedCache, tokensOf } from "./provider/tokens.ts";
import { queryIndex } from "./provider/vector-index.ts";
import { searchWeb } from "./provider/web-search.ts";
import type { Anthropic, OpenAI } from "./vendor-sdks.ts";

/** How the stand-in behaves. */
export interface ScriptedProviderOptions {
  /** Pause between the pieces of a stream and before other answers. (Default: none) */
  readonly pieceDelayMs?: number;
}

/** Where the stand-in listens. */
export interface ScriptedProvider {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** What SDKs are told to wait before they try again. */
const RETRY_AFTER_MS = 25;

/** Starts the stand-in on a free port of this machine only. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const service = new Service(options.pieceDelayMs ?? 0);
  const server = createServer((request, response) => {
    service.answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** One scripted answer on its way: its turn, and how many attempts came before. */
interface Place {
  readonly turn: Turn;
  readonly id: string;
  readonly attempt: number;
}

class Service {
  readonly #pieceDelayMs: number;
  readonly #attempts = new Map<string, number>();
  readonly #automatic = new AutomaticCache();
  readonly #marked = new MarkedCache();

  constructor(pieceDelayMs: number) {
    this.#pieceDelayMs = pieceDelayMs;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse((await text(request)) || "{}");
    await sleep(this.#pieceDelayMs);
    switch (request.url) {
      case "/openai/v1/chat/completions":
        return this.#chat(body as OpenAI.ChatCompletionCreateParams, response);
      case "/openai/v1/embeddings":
        return sendJson(response, 200, embeddingsAnswer(body as OpenAI.EmbeddingCreateParams));
      case "/anthropic/v1/messages":
        return this.#messages(body as Anthropic.MessageCreateParams, response);
      case "/pinecone/query":
        return sendJson(response, 200, queryIndex(body as Parameters<typeof queryIndex>[0]));
      case "/tavily/search":
        return this.#search(body as { readonly query: string }, response);
      default:
        return sendJson(response, 404, { error: { message: `No route ${request.url}` } });
    }
  }

  /** The place in the script, or undefined after an answer that says why there is none. */
  #place(conversation: string, answers: number, response: ServerResponse): Place | undefined {
    const turn = turnOf(conversation, answers);
    if (turn === undefined) {
      const said = { message: `No scenario for "${conversation}"`, type: "invalid_request_error" };
      sendJson(response, 404, { type: "error", error: said });
      return undefined;
    }
    const key = `${conversation}#${answers}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    const id = createHash("sha256").update(`${key}#${attempt}`).digest("hex").slice(0, 16);
    const status = turn.failures?.[attempt - 1];
    if (status === undefined) return { turn, id, attempt };
    const type = status === 529 ? "overloaded_error" : "server_error";
    const error = { message: "Scripted failure; the next attempt succeeds.", type };
    response.setHeader("retry-after-ms", RETRY_AFTER_MS);
    response.setHeader("x-request-id", `req_${id}`).setHeader("request-id", `req_${id}`);
    sendJson(response, status, { type: "error", error });
    return undefined;
  }

  async #chat(request: OpenAI.ChatCompletionCreateParams, response: ServerResponse) {
    const conversation = request.prompt_cache_key ?? "";
    const answers = request.messages.filter(({ role }) => role === "assistant").length;
    const place = this.#place(conversation, answers, response);
    if (place === undefined) return;
    const prompt = chatPromptText(request);
    const completion = chatCompletion(place.turn, {
      id: place.id,
      model: request.model,
      promptTokens: tokensOf(prompt),
      cachedTokens: this.#automatic.read(conversation, prompt),
    });
    if (request.stream !== true) return sendJson(response, 200, completion);
    const chunks = chatChunks(completion, request.stream_options?.include_usage === true);
    const lines = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
    await this.#stream(response, [...lines, "data: [DONE]\n\n"], place);
  }

  async #messages(request: Anthropic.MessageCreateParams, response: ServerResponse) {
    const conversation = request.metadata?.user_id ?? "";
    const answers = request.messages.filter(({ role }) => role === "assistant").length;
    const place = this.#place(conversation, answers, response);
    if (place === undefined) return;
    const input = this.#marked.read(conversation, promptBlocks(request));
    const whole = message(place.turn, { id: place.id, model: request.model, input });
    if (request.stream !== true) return sendJson(response, 200, whole);
    const lines = messageEvents(whole).map((event) => {
      return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    });
    await this.#stream(response, lines, place);
  }

  async #search({ query }: { readonly query: string }, response: ServerResponse) {
    const count = (this.#attempts.get("search") ?? 0) + 1;
    this.#attempts.set("search", count);
    sendJson(response, 200, searchWeb(query, `search-${count}`));
  }

  /** Sends the pieces; the first attempt of a turn that says so breaks in the middle. */
  async #stream(response: ServerResponse, lines: readonly string[], place: Place): Promise<void> {
    const { cutAfterPieces } = place.turn;
    const isCut = cutAfterPieces !== undefined && place.attempt === 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const line of isCut ? lines.slice(0, cutAfterPieces) : lines) {
      await new Promise((resolve) => response.write(line, resolve));
      await sleep(this.#pieceDelayMs);
    }
    if (isCut) response.destroy();
    else response.end();
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
