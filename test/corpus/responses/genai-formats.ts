/** Which of our formats reads a body the way an extractor of genai-prices does. */
import type { Fit } from "./genai-record.ts";

const BY_FLAVOR: Readonly<Record<string, string>> = {
  anthropic: "anthropic.messages",
  chat: "openai.chat",
  responses: "openai.responses",
  embeddings: "openai.embeddings",
};

/** Extractors that mean the provider's own API. */
const BY_PROVIDER: Readonly<Record<string, string>> = {
  "anthropic default": "anthropic.messages",
  "minimax default": "anthropic.messages",
  "aws default": "bedrock.converse",
  "google default": "gemini.generate",
  "groq default": "groq.chat",
  "mistral default": "mistral.chat",
  "perplexity default": "perplexity.chat",
  "x-ai default": "xai.chat",
  "x-ai chat": "xai.chat",
  "openrouter chat": "openrouter.chat",
  "deepseek chat": "deepseek.chat",
  "cohere default": "cohere.chat",
  "cohere tokens": "cohere.chat",
  "cohere embeddings": "cohere.embeddings",
};

export function formatOf({ provider, flavor }: Fit): string {
  return BY_PROVIDER[`${provider} ${flavor}`] ?? BY_FLAVOR[flavor] ?? "openai.chat";
}
