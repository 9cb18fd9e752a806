/** The price book that every workspace starts from: genai-prices as data, and our own entries. */
import { findProvider } from "@pydantic/genai-prices";
import type { PackagedPrices } from "../../domain/cost/packaged-prices.ts";
import type { PriceEntry, PriceVersion } from "../../domain/cost/price-book.ts";
import { type GenaiProvider, importGenaiPrices } from "./genai-prices.ts";
import { withTerms } from "./model-terms.ts";
import { ownServices } from "./own-services.ts";

const SEED_VERSION_ID = 0;
/** The data's version is that of the package. */
const SEED_SOURCE = "genai-prices 0.1.8 and own";
/** How every edition of the list is called. */
const EDITION = /^genai-prices [0-9.]+ and own$/;

/** The library hands its table out one provider at a time; a test compares this with its data. */
const GENAI_PROVIDERS: readonly string[] = [
  "anthropic",
  "arcee",
  "avian",
  "aws",
  "azure",
  "baseten",
  "cerebras",
  "cloudflare",
  "cohere",
  "cursor",
  "deepseek",
  "doubleword",
  "fireworks",
  "github-copilot",
  "google",
  "groq",
  "huggingface_cerebras",
  "huggingface_fireworks-ai",
  "huggingface_groq",
  "huggingface_hyperbolic",
  "huggingface_nebius",
  "huggingface_novita",
  "huggingface_nscale",
  "huggingface_ovhcloud",
  "huggingface_publicai",
  "huggingface_sambanova",
  "huggingface_together",
  "minimax",
  "mistral",
  "modal",
  "moonshotai",
  "novita",
  "openai",
  "openrouter",
  "ovhcloud",
  "perplexity",
  "quicksilverpro",
  "together",
  "typesafe",
  "voyageai",
  "x-ai",
  "zai",
  "zhipuai",
];

let entries: readonly PriceEntry[] | undefined;

function seedEntries(): readonly PriceEntry[] {
  entries ??= [...importGenaiPrices(genaiTable()).entries.map(withTerms), ...ownServices()];
  return entries;
}

/** The seed as version 0, in force since ever. Its entries are built at the first call. */
export function seedVersion(recordedAtMs: number): PriceVersion {
  const version = { id: SEED_VERSION_ID, source: SEED_SOURCE, recordedAtMs };
  return { ...version, effectiveFromMs: null, entries: seedEntries() };
}

/** The same list for price books that have an older edition of it. */
export function packagedPrices(): PackagedPrices {
  const isEdition = (source: string) => EDITION.test(source);
  return { source: SEED_SOURCE, entries: seedEntries(), isEdition };
}

function genaiTable(): readonly GenaiProvider[] {
  return GENAI_PROVIDERS.flatMap((providerId) => findProvider({ providerId }) ?? []);
}
