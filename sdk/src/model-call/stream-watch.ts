/** What a stream tells about its usage while it passes, for each vendor's way of telling it. */
import type { Endpoint } from "./endpoint.ts";
import { bytesOf } from "./token-bound.ts";
import { type Fields, fieldsOf, usageBlock } from "./usage-block.ts";

/** Watches one stream. */
export interface StreamWatch {
  /** Looks at an event's data. True: it is only there because we asked, and is to be dropped. */
  see(data: unknown): boolean;
  /** The provider's final usage; null: it has not come. */
  readonly block: Fields | null;
  /** A usage block that holds only for what was seen so far; null: there is none. */
  partialBlock(outputTokens: number): Fields | null;
  readonly id: string | null;
  readonly model: string | null;
  /** Bytes of what was generated and seen. */
  readonly outputBytes: number;
  /** The provider said inside the stream that it failed. */
  readonly isFailed: boolean;
}

/** The watch for an endpoint. */
export function streamWatch(endpoint: Endpoint, isUsageInjected: boolean): StreamWatch {
  switch (endpoint.shape) {
    case "messages":
      return new MessagesWatch();
    case "responses":
      return new ResponsesWatch(endpoint);
    default:
      return new ChatWatch(isUsageInjected);
  }
}

/** Usage comes in a last chunk without choices, if one asks for it. */
class ChatWatch implements StreamWatch {
  readonly #isUsageInjected: boolean;
  #about: Fields = {};
  #usage: unknown = null;
  outputBytes = 0;
  isFailed = false;

  constructor(isUsageInjected: boolean) {
    this.#isUsageInjected = isUsageInjected;
  }

  see(data: unknown): boolean {
    const chunk = fieldsOf(data);
    const { id, model, service_tier } = chunk;
    if (chunk.error !== undefined) this.isFailed = true;
    if (id !== undefined) {
      this.#about = { id, model, service_tier: service_tier ?? this.#about.service_tier };
    }
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    for (const choice of choices) this.outputBytes += generatedBytes(fieldsOf(choice).delta);
    if (typeof chunk.usage !== "object" || chunk.usage === null) return false;
    this.#usage = chunk.usage;
    return this.#isUsageInjected && Array.isArray(chunk.choices) && choices.length === 0;
  }

  get block(): Fields | null {
    return this.#usage === null ? null : { ...this.#about, usage: this.#usage };
  }

  partialBlock(): null {
    return null;
  }

  get id(): string | null {
    return textOrNull(this.#about.id);
  }

  get model(): string | null {
    return textOrNull(this.#about.model);
  }
}

/** The input's usage comes first, then running totals of the output, which replace each other. */
class MessagesWatch implements StreamWatch {
  #message: Fields = {};
  #usage: Fields | null = null;
  #isFinal = false;
  outputBytes = 0;
  isFailed = false;

  see(data: unknown): boolean {
    const event = fieldsOf(data);
    switch (event.type) {
      case "message_start":
        this.#message = fieldsOf(event.message);
        this.#merge(this.#message.usage);
        break;
      case "content_block_delta":
        this.outputBytes += generatedBytes(event.delta);
        break;
      case "message_delta":
        this.#merge(event.usage);
        this.#isFinal ||= textOrNull(fieldsOf(event.delta).stop_reason) !== null;
        break;
      case "message_stop":
        this.#isFinal = true;
        break;
      case "error":
        this.isFailed = true;
        break;
    }
    return false;
  }

  get block(): Fields | null {
    return this.#isFinal ? this.#blockWith({}) : null;
  }

  partialBlock(outputTokens: number): Fields | null {
    const told = Number(this.#usage?.output_tokens ?? 0);
    const output_tokens = Math.max(outputTokens, told);
    return this.#blockWith({ output_tokens, output_tokens_details: null, iterations: null });
  }

  get id(): string | null {
    return textOrNull(this.#message.id);
  }

  get model(): string | null {
    return textOrNull(this.#message.model);
  }

  #merge(usage: unknown): void {
    const stated = Object.entries(fieldsOf(usage)).filter(([, value]) => value !== null);
    if (stated.length > 0) this.#usage = { ...this.#usage, ...Object.fromEntries(stated) };
  }

  #blockWith(changes: Fields): Fields | null {
    const { id, model } = this.#message;
    return this.#usage === null ? null : { id, model, usage: { ...this.#usage, ...changes } };
  }
}

const RESPONSE_ENDS = new Set(["response.completed", "response.incomplete", "response.failed"]);

/** The whole response, usage included, comes in the last event. */
class ResponsesWatch implements StreamWatch {
  readonly #endpoint: Endpoint;
  #response: Fields = {};
  block: Fields | null = null;
  outputBytes = 0;
  isFailed = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  see(data: unknown): boolean {
    const { type, response, delta } = fieldsOf(data);
    if (typeof delta === "string") this.outputBytes += bytesOf(delta);
    if (type === "error" || type === "response.failed") this.isFailed = true;
    if (typeof response !== "object" || response === null) return false;
    const { id, model } = fieldsOf(response);
    this.#response = { id, model };
    if (typeof type === "string" && RESPONSE_ENDS.has(type)) {
      this.block = usageBlock(this.#endpoint, response);
    }
    return false;
  }

  partialBlock(): null {
    return null;
  }

  get id(): string | null {
    return textOrNull(this.#response.id);
  }

  get model(): string | null {
    return textOrNull(this.#response.model);
  }
}

/** Fields of a delta that name things instead of carrying what was generated. */
const NAMING = new Set(["role", "type", "id", "index", "signature"]);

/** Bytes of all text in a delta: content, reasoning, arguments of tools. */
function generatedBytes(delta: unknown): number {
  if (typeof delta === "string") return bytesOf(delta);
  if (Array.isArray(delta)) return delta.reduce((sum, item) => sum + generatedBytes(item), 0);
  return Object.entries(fieldsOf(delta)).reduce((sum, [name, value]) => {
    return NAMING.has(name) ? sum : sum + generatedBytes(value);
  }, 0);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
