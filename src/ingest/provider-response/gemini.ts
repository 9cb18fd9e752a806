/**
 * Gemini: the prompt includes the cache, thoughts and the prompts of tools stand beside, and each
 * part may be told by modality. Generate, embed, Live and Interactions differ only in names.
 */
import type { Quantity } from "../../domain/money/decimal.ts";
import {
  formatQuantity,
  ONE_UNIT,
  quantityOfInteger,
  ZERO_QUANTITY,
} from "../../domain/money/decimal.ts";
import type { Aliases, Block } from "./block.ts";
import { valueAt } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep, Tally } from "./mapped-step.ts";
import { splitPrompt } from "./modalities.ts";

interface GeminiNames {
  readonly prompt: Aliases;
  readonly promptModes: Aliases;
  readonly cached: Aliases;
  readonly cachedModes: Aliases;
  readonly tool: Aliases;
  readonly toolModes: Aliases;
  readonly output: Aliases;
  readonly outputModes: Aliases;
  readonly thoughts: Aliases;
  readonly total: Aliases;
  /** Name of the count inside a modality entry. */
  readonly modeCount: Aliases;
}

const GENERATE: GeminiNames = {
  prompt: ["promptTokenCount", "prompt_token_count"],
  promptModes: ["promptTokensDetails", "promptTokenDetails", "prompt_tokens_details"],
  cached: ["cachedContentTokenCount", "cached_content_token_count"],
  cachedModes: ["cacheTokensDetails", "cache_tokens_details"],
  tool: ["toolUsePromptTokenCount", "tool_use_prompt_token_count"],
  toolModes: ["toolUsePromptTokensDetails", "tool_use_prompt_tokens_details"],
  output: ["candidatesTokenCount", "responseTokenCount", "candidates_token_count"],
  outputModes: ["candidatesTokensDetails", "responseTokensDetails", "candidates_tokens_details"],
  thoughts: ["thoughtsTokenCount", "thoughts_token_count"],
  total: ["totalTokenCount", "total_token_count"],
  modeCount: ["tokenCount", "token_count"],
};

const INTERACTIONS: GeminiNames = {
  prompt: ["total_input_tokens"],
  promptModes: ["input_tokens_by_modality"],
  cached: ["total_cached_tokens"],
  cachedModes: ["cached_tokens_by_modality"],
  tool: ["total_tool_use_tokens"],
  toolModes: ["tool_use_tokens_by_modality"],
  output: ["total_output_tokens"],
  outputModes: ["output_tokens_by_modality"],
  thoughts: ["total_thought_tokens", "total_reasoning_tokens"],
  total: ["total_tokens"],
  modeCount: ["tokens"],
};

/** Modalities by name and by their number in the protocol buffer. Documents count as text. */
const MODES: Readonly<Record<string, string>> = {
  image: "image",
  "2": "image",
  video: "video",
  "3": "video",
  audio: "audio",
  "4": "audio",
};

/** GenerateContent and embeddings, of AI Studio and Vertex, in camel and snake case. */
export const mapGemini = (response: Response): MappedStep[] => mapWith(GENERATE, response);
/** The Interactions API. The raw prompt holds what searches found, which Google does not bill. */
export function mapInteractions(response: Response): MappedStep[] {
  response.usage.ignore(["raw_prompt_token"]);
  return mapWith(INTERACTIONS, response);
}

/**
 * A cache that was created: its tokens are billed once as input, and whoever reads it is billed the
 * lower price of cached ones. What it costs to keep it, per hour, no response tells.
 */
export function mapCache(response: Response): MappedStep[] {
  const tokens = response.usage.count(GENERATE.total);
  const step = mainStep(response, new Tally().add("input_uncached", tokens));
  const name = response.body.text("name");
  const model = step.model?.split("/").at(-1);
  return [
    {
      ...step,
      ...(model === undefined ? {} : { model }),
      ...(name === null ? {} : { callId: `${step.provider}:${name}` }),
    },
  ];
}

/**
 * Live: the text entries of the details hold the session's whole context, which the total of a
 * message leaves out. Only the other modalities are part of the message.
 */
export function mapLive(response: Response): MappedStep[] {
  return mapWith(GENERATE, response, { textIsContext: true });
}

interface Reading {
  readonly textIsContext: boolean;
}

function mapWith(
  names: GeminiNames,
  response: Response,
  reading: Reading = { textIsContext: false },
): MappedStep[] {
  const { usage } = response;
  const tally = new Tally();
  const total = usage.count(names.prompt);
  if (!reading.textIsContext) checkModes(usage, names, total);
  splitPrompt(
    usage,
    {
      total,
      cached: usage.count(names.cached),
      written: ZERO_QUANTITY,
      modes: modesOf(usage, names.promptModes, names),
      cachedModes: cachedModes(usage, names),
    },
    tally,
  );
  tallyTools(usage, names, tally);
  tallyOutput(usage, names, tally);
  checkTotal(usage, names, tally);
  const step = mainStep(response, tally);
  const queries = (queriesOf(response.body) + queriesTold(usage)) as Quantity;
  // Until Gemini 2 a grounded prompt is charged, from Gemini 3 on every query that it led to.
  const byPrompt = /gemini-[12]/.test(step.model ?? "");
  if (!byPrompt) tally.add("web_searches", queries);
  else if (queries > 0n) tally.add("grounded_prompts", ONE_UNIT);
  return [{ ...step, usage: tally.usage() }];
}

/** As the API and as Google's SDK for Python have it. */
const QUERIES = ["groundingMetadata.webSearchQueries", "grounding_metadata.web_search_queries"];

/** Queries that the candidates list. */
function queriesOf(body: Block): Quantity {
  const lists = body
    .list(["candidates"])
    .map(({ value }) => QUERIES.map((path) => valueAt(value, path)).find(Array.isArray));
  const queries = lists.reduce<number>((n, list) => n + (Array.isArray(list) ? list.length : 0), 0);
  return quantityOfInteger(queries);
}

/** Queries that Interactions count. Tools of another kind stay unread, so that they are named. */
function queriesTold(usage: Block): Quantity {
  const tools = usage.list(["grounding_tool_count"]);
  const searches = tools.filter((tool) => tool.text("type") === "google_search");
  return searches.reduce(
    (sum, tool) => sum + tool.count(["count"]),
    ZERO_QUANTITY as bigint,
  ) as Quantity;
}

/** Quantities by input bucket of the entries that are not text. */
function modesOf(usage: Block, lists: Aliases, names: GeminiNames): Map<string, Quantity> {
  const modes = new Tally();
  for (const entry of usage.list(lists)) {
    const quantity = entry.count(names.modeCount);
    entry.ignore(["modality"]);
    const mode = MODES[String(entry.value.modality).toLowerCase()];
    if (mode !== undefined) modes.add(mode, quantity);
  }
  return new Map([...modes.usage()].map(([mode, quantity]) => [`input_${mode}`, quantity]));
}

function cachedModes(usage: Block, names: GeminiNames): Map<string, Quantity> {
  const modes = modesOf(usage, names.cachedModes, names);
  if (usage.list(names.cachedModes).length === 0) return modes;
  const other = [...modes.values()].reduce((sum, one) => sum + one, 0n);
  return modes.set("input_uncached", (usage.count(names.cached) - other) as Quantity);
}

function checkModes(usage: Block, names: GeminiNames, total: Quantity): void {
  const entries = usage.list(names.promptModes);
  const sum = entries.reduce((all, entry) => all + entry.count(names.modeCount), 0n);
  if (sum <= total) return;
  const detail = `modalities sum up to ${formatQuantity(sum as Quantity)}`;
  usage.refuse("usage.inconsistent", `${detail}, more than the prompt`, names.prompt[0] ?? "");
}

/** Prompts of Google's own tools: one bucket, audio apart because it has a price of its own. */
function tallyTools(usage: Block, names: GeminiNames, tally: Tally): void {
  const total = usage.count(names.tool);
  const audio = modesOf(usage, names.toolModes, names).get("input_audio") ?? ZERO_QUANTITY;
  if (audio > total) usage.refuse("usage.inconsistent", "audio exceeds it", names.tool[0] ?? "");
  tally.add("input_audio", audio).add("input_tool", (total - audio) as Quantity);
}

function tallyOutput(usage: Block, names: GeminiNames, tally: Tally): void {
  const total = usage.count(names.output);
  const modes = modesOf(usage, names.outputModes, names);
  const audio = modes.get("input_audio") ?? ZERO_QUANTITY;
  const image = modes.get("input_image") ?? ZERO_QUANTITY;
  const text = (total - audio - image) as Quantity;
  if (text < 0n) usage.refuse("usage.inconsistent", "its parts exceed it", names.output[0] ?? "");
  tally.add("output_audio", audio).add("output_image", image).add("output_text", text);
  tally.add("output_reasoning", usage.count(names.thoughts));
}

function checkTotal(usage: Block, names: GeminiNames, tally: Tally): void {
  if (!usage.has(names.total)) return;
  const total = usage.count(names.total);
  if (total === tally.sum()) return;
  const detail = `the total ${formatQuantity(total)} is not the sum of its parts`;
  usage.refuse("usage.inconsistent", detail, names.total[0] ?? "");
}
