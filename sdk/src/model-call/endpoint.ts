/** Which requests are model calls, by host and path. */

/** The four calls that are metered. */
export type CallShape = "chat" | "responses" | "embeddings" | "messages";

/** A host that speaks a vendor's language. */
export interface ModelHost {
  /** Whose paths and bodies it takes. */
  readonly speaks: "openai" | "anthropic";
  /** Who is billed for: the provider's name in the price book. (Default: as `speaks`) */
  readonly provider?: string;
  /** Formats of its usage blocks, where they differ: `{ "chat": "groq.chat" }`. */
  readonly formats?: Readonly<Partial<Record<CallShape, string>>>;
  /** The field that bounds a chat's output where none is sent. (Default: max_completion_tokens) */
  readonly chatBound?: "max_completion_tokens" | "max_tokens";
  /** False: it refuses `stream_options`, so that the usage of streams is estimated. */
  readonly tellsStreamUsage?: boolean;
}

/** A recognised call. */
export interface Endpoint {
  readonly shape: CallShape;
  readonly provider: string;
  readonly usageFormat: string;
  readonly chatBound: "max_completion_tokens" | "max_tokens";
  readonly tellsStreamUsage: boolean;
}

const AZURE: ModelHost = {
  speaks: "openai",
  provider: "azure",
  formats: { chat: "azure.chat", responses: "azure.responses" },
};

const KNOWN_HOSTS: Readonly<Record<string, ModelHost>> = {
  "api.openai.com": { speaks: "openai" },
  "api.anthropic.com": { speaks: "anthropic" },
  "openrouter.ai": {
    speaks: "openai",
    provider: "openrouter",
    formats: { chat: "openrouter.chat" },
  },
};

const AZURE_HOST = /\.openai\.azure\.com$/;

const PATHS: Readonly<Record<ModelHost["speaks"], readonly (readonly [string, CallShape])[]>> = {
  openai: [
    ["/chat/completions", "chat"],
    ["/responses", "responses"],
    ["/embeddings", "embeddings"],
  ],
  anthropic: [["/messages", "messages"]],
};

const FORMATS: Readonly<Record<CallShape, string>> = {
  chat: "openai.chat",
  responses: "openai.responses",
  embeddings: "openai.embeddings",
  messages: "anthropic.messages",
};

/** Null: the request is none of a model, or of a host that nobody named. */
export function recognise(
  url: URL,
  method: string,
  hosts: Readonly<Record<string, ModelHost>>,
): Endpoint | null {
  const named = [url.host, url.hostname].find((name) => Object.hasOwn(hosts, name));
  const host = named === undefined ? knownHost(url.hostname) : hosts[named];
  if (host === undefined || method !== "POST") return null;
  const path = url.pathname.replace(/\/+$/, "");
  const shape = PATHS[host.speaks].find(([end]) => path.endsWith(end))?.[1];
  if (shape === undefined) return null;
  return {
    shape,
    provider: host.provider ?? host.speaks,
    usageFormat: host.formats?.[shape] ?? FORMATS[shape],
    chatBound: host.chatBound ?? "max_completion_tokens",
    tellsStreamUsage: host.tellsStreamUsage ?? true,
  };
}

function knownHost(name: string): ModelHost | undefined {
  if (Object.hasOwn(KNOWN_HOSTS, name)) return KNOWN_HOSTS[name];
  return AZURE_HOST.test(name) ? AZURE : undefined;
}

/**
 * What is wrong with hosts that an application named, by host: their calls would be neither guarded
 * nor metered, and nobody would hear of it.
 */
export function wrongHosts(hosts: Readonly<Record<string, ModelHost>>): [string, string][] {
  return Object.entries(hosts).flatMap(([host, { speaks }]): [string, string][] => {
    if (!/^[^/\s]+$/.test(host)) return [[host, 'it is no host, such as "llm.internal:8080"']];
    const isKnown = Object.hasOwn(PATHS, speaks);
    return isKnown ? [] : [[host, 'it must say speaks: "openai" or "anthropic"']];
  });
}
