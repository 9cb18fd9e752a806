/**
 * The usage formats, by name. A format says where a body keeps its usage, which provider speaks it
 * natively, and which mapper reads it. Formats that differ only in provider share a mapper.
 */
import type { StepKind } from "../../domain/event/event.ts";
import { mapAgentResult } from "./agent-sdk.ts";
import { mapAnthropic } from "./anthropic.ts";
import { mapConverse, mapGuardrail } from "./bedrock.ts";
import type { Aliases } from "./block.ts";
import { mapCohere } from "./cohere.ts";
import { mapCache, mapGemini, mapInteractions, mapLive } from "./gemini.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mapResponses } from "./openai-responses.ts";
import { mapOpenRouter, mapPerplexity, mapXai } from "./server-tools.ts";
import { mapSmall } from "./small.ts";
import { mapTotals } from "./totals.ts";
import { CHAT as CHAT_NAMES } from "./totals-tables.ts";

/** How the usage of a stream is found: the last block that has one, or by the format's own rule. */
export type FoldRule = "last" | "anthropic" | "gemini" | "sum";

/** How one usage format is found, attributed and read. */
export interface Format {
  /** Provider whose own format this is; the sender's word about the provider goes first. */
  readonly provider: string;
  readonly kind: StepKind;
  /** Where the body may stand in what was sent: "" is the top. Stream events wrap it. */
  readonly bodies: Aliases;
  /** Where the usage may stand in the body. */
  readonly usage: Aliases;
  /** A usage block has at least one of these; none: any object that holds objects. */
  readonly needs: Aliases;
  readonly fold: FoldRule;
  readonly map: (response: Response) => MappedStep[];
}

const CHAT: Format = {
  provider: "openai",
  kind: "model",
  bodies: [""],
  usage: ["usage", "x_groq.usage"],
  needs: ["prompt_tokens", "input_tokens", "completion_tokens", "total_tokens", "seconds"],
  fold: "last",
  map: mapTotals(CHAT_NAMES),
};
const EMBEDDINGS: Format = { ...CHAT, kind: "embedding" };
const RERANK: Format = { ...CHAT, kind: "retrieval" };
const RESPONSES: Format = { ...CHAT, bodies: ["", "response"], map: mapResponses };
const XAI: Format = { ...CHAT, provider: "x-ai", map: mapXai };

const ANTHROPIC: Format = {
  provider: "anthropic",
  kind: "model",
  bodies: ["", "message"],
  usage: ["usage"],
  needs: ["input_tokens", "output_tokens"],
  fold: "anthropic",
  map: mapAnthropic,
};

const OPENROUTER: Format = { ...CHAT, provider: "openrouter", map: mapOpenRouter };

const AGENT_RESULT: Format = {
  ...ANTHROPIC,
  bodies: [""],
  usage: ["modelUsage"],
  needs: [],
  fold: "last",
  map: mapAgentResult,
};

const GEMINI: Format = {
  provider: "google",
  kind: "model",
  bodies: ["", "response"],
  usage: ["usageMetadata", "usage_metadata"],
  needs: ["promptTokenCount", "prompt_token_count", "candidatesTokenCount", "totalTokenCount"],
  fold: "gemini",
  map: mapGemini,
};
const CACHES: Format = {
  ...GEMINI,
  kind: "custom",
  bodies: [""],
  needs: ["totalTokenCount", "total_token_count"],
  fold: "last",
  map: mapCache,
};
const INTERACTIONS: Format = {
  ...GEMINI,
  fold: "last",
  bodies: ["", "interaction", "metadata"],
  usage: ["usage"],
  needs: ["total_input_tokens", "total_output_tokens"],
  map: mapInteractions,
};

const CONVERSE: Format = {
  provider: "aws",
  kind: "model",
  bodies: ["", "metadata"],
  usage: ["usage"],
  needs: ["inputTokens", "outputTokens"],
  fold: "last",
  map: mapConverse,
};
const GUARDRAIL: Format = {
  ...CONVERSE,
  kind: "custom",
  needs: ["contentPolicyUnits", "topicPolicyUnits", "wordPolicyUnits"],
  map: mapGuardrail,
};
const COHERE: Format = {
  provider: "cohere",
  kind: "model",
  bodies: ["", "delta", "response"],
  usage: ["usage", "meta"],
  needs: ["billed_units"],
  fold: "last",
  map: mapCohere,
};

const TITAN = { input: ["inputTextTokenCount"], output: ["tokenCount"], list: "results" };
const LLAMA = { input: ["prompt_token_count"], output: ["generation_token_count"], list: "" };
const WATSONX = {
  input: ["input_token_count"],
  output: ["generated_token_count"],
  list: "results",
};
const ALEPH = { input: ["num_tokens_prompt_total"], output: ["num_tokens_generated"], list: "" };
const OLLAMA = { input: ["prompt_eval_count"], output: ["eval_count"], list: "" };
const TGI = { input: [], output: ["generated_tokens"], list: "" };

/** A body that is itself the usage block. */
function whole(provider: string, names: typeof TITAN, needs: Aliases): Format {
  const place = { bodies: [""], usage: [""], needs, fold: "last" } as const;
  return { ...place, provider, kind: "model", map: mapSmall(names) };
}

/** All formats by name: `<who defined it>.<which API>`. */
export const FORMATS: Readonly<Record<string, Format>> = {
  "openai.chat": CHAT,
  "openai.completions": CHAT,
  "openai.responses": RESPONSES,
  "openai.realtime": RESPONSES,
  "openai.embeddings": EMBEDDINGS,
  "openai.transcriptions": CHAT,
  "openai.images": CHAT,
  "azure.chat": { ...CHAT, provider: "azure" },
  "azure.responses": { ...RESPONSES, provider: "azure" },
  "anthropic.messages": ANTHROPIC,
  "bedrock.anthropic": { ...ANTHROPIC, provider: "aws" },
  "vertex.anthropic": { ...ANTHROPIC, provider: "google" },
  "claude-agent.result": AGENT_RESULT,
  "gemini.generate": GEMINI,
  "gemini.embeddings": { ...GEMINI, kind: "embedding" },
  "gemini.caches": CACHES,
  "gemini.live": { ...GEMINI, fold: "sum", map: mapLive },
  "gemini.interactions": INTERACTIONS,
  "openrouter.chat": OPENROUTER,
  "openrouter.embeddings": { ...OPENROUTER, kind: "embedding" },
  "bedrock.converse": CONVERSE,
  "bedrock.guardrail": GUARDRAIL,
  "bedrock.titan": whole("aws", TITAN, [...TITAN.input, "results"]),
  "bedrock.llama": whole("aws", LLAMA, LLAMA.input),
  "cohere.chat": COHERE,
  "cohere.embeddings": { ...COHERE, kind: "embedding" },
  "cohere.rerank": { ...COHERE, kind: "retrieval" },
  "mistral.chat": { ...CHAT, provider: "mistral" },
  "mistral.embeddings": { ...EMBEDDINGS, provider: "mistral" },
  "groq.chat": { ...CHAT, provider: "groq" },
  "deepseek.chat": { ...CHAT, provider: "deepseek" },
  "xai.chat": XAI,
  "xai.responses": { ...XAI, bodies: ["", "response"] },
  "perplexity.chat": { ...CHAT, provider: "perplexity", map: mapPerplexity },
  "together.chat": { ...CHAT, provider: "together" },
  "together.rerank": { ...RERANK, provider: "together" },
  "fireworks.chat": { ...CHAT, provider: "fireworks" },
  "cerebras.chat": { ...CHAT, provider: "cerebras" },
  "moonshotai.chat": { ...CHAT, provider: "moonshotai" },
  "alibaba.chat": { ...CHAT, provider: "alibaba" },
  "zai.chat": { ...CHAT, provider: "zai" },
  "snowflake.chat": { ...CHAT, provider: "snowflake" },
  "huggingface.chat": { ...CHAT, provider: "huggingface" },
  "writer.chat": { ...CHAT, provider: "writer" },
  "voyage.embeddings": { ...EMBEDDINGS, provider: "voyageai" },
  "voyage.rerank": { ...RERANK, provider: "voyageai" },
  "watsonx.generation": whole("ibm", WATSONX, ["results"]),
  "alephalpha.complete": whole("aleph-alpha", ALEPH, ALEPH.input),
  "ollama.chat": whole("ollama", OLLAMA, OLLAMA.output),
  "ollama.embeddings": { ...whole("ollama", OLLAMA, OLLAMA.input), kind: "embedding" },
  "huggingface.tgi": { ...whole("huggingface", TGI, TGI.output), usage: ["details"] },
};
