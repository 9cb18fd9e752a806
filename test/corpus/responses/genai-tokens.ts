/** Judges the tokens that genai-prices read of a body against the buckets that were metered. */
import { exactSum, sameDecimal } from "../float.ts";
import { type JsonObject, objectAt, objectsOf } from "../number-text.ts";
import type { MeteredRun, StatedFigure, Verdict } from "../types.ts";
import { AGREE, explained, unexplained } from "./verdicts.ts";

const READ = ["cache_read", "cache_read_audio"];
const WRITTEN = ["cache_write", "cache_write_5m", "cache_write_1h"];
const FRESH = ["input_uncached", "input_audio", "input_image", "input_video", "input_tool"];
const TEXT = ["output_text", "output_audio", "output_image"];

/** Buckets of each count of the library. */
const COUNTS: Readonly<Record<string, readonly string[]>> = {
  input_tokens: [...FRESH, ...READ, ...WRITTEN],
  output_tokens: [...TEXT, "output_reasoning"],
  cache_read_tokens: READ,
  cache_write_tokens: WRITTEN,
  cache_write_5m_tokens: ["cache_write_5m"],
  cache_write_1h_tokens: ["cache_write_1h"],
  output_reasoning_tokens: ["output_reasoning"],
  output_text_tokens: ["output_text"],
  output_image_tokens: ["output_image"],
  output_audio_tokens: ["output_audio"],
  input_tool_tokens: ["input_tool"],
  input_audio_tokens: ["input_audio", "cache_read_audio"],
  cache_audio_read_tokens: ["cache_read_audio"],
  input_image_tokens: ["input_image"],
  input_video_tokens: ["input_video"],
  input_text_tokens: ["input_uncached"],
  web_searches: ["web_searches"],
};

/** What a modality of the record counts as at the library: documents are images there. */
const MODALITIES: Readonly<Record<string, readonly string[]>> = {
  text: ["TEXT"],
  image: ["IMAGE", "DOCUMENT"],
  video: ["VIDEO"],
  audio: ["AUDIO"],
};

/** Lists of the record that a count by modality adds up. */
const LISTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^input_(\w+)_tool_tokens$/, ["toolUsePromptTokensDetails"]],
  [
    /^input_(\w+)_tokens$/,
    ["promptTokensDetails", "promptTokenDetails", "toolUsePromptTokensDetails"],
  ],
  [/^cache_(\w+)_read_tokens$/, ["cacheTokensDetails"]],
  [/^output_(\w+)_tokens$/, ["candidatesTokensDetails"]],
];

export interface Reading {
  readonly step: string;
  readonly body: JsonObject;
  /** The library's counts. */
  readonly tokens: Readonly<Record<string, string>>;
}

export function tokenFiguresOf(reading: Reading): StatedFigure[] {
  return Object.entries(reading.tokens).map(([name, text]) => ({
    name: `${name} of ${reading.step}`,
    text,
    kind: "tokens",
    partOfSum: name !== "input_tokens" && name !== "output_tokens",
    judge: (metered, stated) => judgeCount(reading, { name, text: stated }, metered),
  }));
}

interface Count {
  readonly name: string;
  readonly text: string;
}

function judgeCount(reading: Reading, { name, text }: Count, metered: MeteredRun): Verdict {
  const step = metered.steps.find(({ id }) => id === reading.step);
  if (step === undefined) return unexplained(`step ${reading.step} was not metered`);
  const sum = (buckets: readonly string[]) =>
    exactSum(buckets.map((bucket) => step.usage[bucket] ?? "0"));
  const counted = sum(COUNTS[name] ?? []);
  if (name in COUNTS && sameDecimal(counted, text)) return AGREE;
  return (
    byModality(reading.body, name, text) ??
    withoutTotal({ name, text }, sum) ??
    reasoningTwice({ name, text }, sum) ??
    unbilled(reading.body, { name, text }) ??
    refused(reading.body, { name, text }, step.usage) ??
    unexplained(`${name} of ${reading.step}: states ${text}, metered ${counted}`)
  );
}

/** We keep modalities that have a price of their own; the record lists all of them. */
function byModality(body: JsonObject, name: string, text: string): Verdict | undefined {
  for (const [pattern, lists] of LISTS) {
    const modality = MODALITIES[pattern.exec(name)?.[1] ?? ""];
    if (modality === undefined) continue;
    const entries = lists.flatMap((list) => objectsOf(objectAt(body, "usageMetadata")[list]));
    const counted = entries.filter((entry) => modality.includes(String(entry.modality)));
    const sum = exactSum(counted.map((entry) => String(entry.tokenCount ?? "0")));
    if (sameDecimal(sum, text)) {
      return explained("modality-of-record", "a sum over the record's list of modalities");
    }
  }
  return undefined;
}

type SumOf = (buckets: readonly string[]) => string;

/** The library does not read totals, so it misses reasoning that only the total tells of. */
function withoutTotal({ name, text }: Count, sum: SumOf): Verdict | undefined {
  if (name !== "output_tokens" || !sameDecimal(sum(TEXT), text)) return undefined;
  return explained(
    "reasoning-only-in-total",
    "the block's total shows reasoning beside its output",
  );
}

/** It adds reasoning to the output of every xAI block, also where the output holds it already. */
function reasoningTwice({ name, text }: Count, sum: SumOf): Verdict | undefined {
  const twice = [...TEXT, "output_reasoning", "output_reasoning"];
  if (name !== "output_tokens" || !sameDecimal(sum(twice), text)) return undefined;
  return explained("reasoning-twice", "reasoning added to an output that includes it");
}

/** Cohere states what it read beside what it bills; one of the library's extractors reads that. */
function unbilled(body: JsonObject, { name, text }: Count): Verdict | undefined {
  const usage = objectAt(body, "usage");
  const read = { ...objectAt(usage, "tokens"), cache_read_tokens: usage.cached_tokens };
  const stated = (read as JsonObject)[name];
  if (typeof stated !== "string" || !sameDecimal(stated, text)) return undefined;
  return explained("read-not-billed", "the provider states these beside the tokens that it bills");
}

/** Fields of a block that the library's counts repeat. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  input_tokens: ["prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount"],
  output_tokens: ["completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount"],
};

/** A block that contradicts itself is not metered; the library takes its fields as they stand. */
function refused(
  body: JsonObject,
  { name, text }: Count,
  metered: Readonly<Record<string, string>>,
): Verdict | undefined {
  if (Object.keys(metered).length > 0) return undefined;
  const blocks = ["usage", "usageMetadata"].map((key) => objectAt(body, key));
  const stated = blocks.flatMap((block) => (FIELDS[name] ?? []).map((field) => block[field]));
  if (!stated.some((value) => sameDecimal(String(value ?? ""), text))) return undefined;
  return explained("contradicts-itself", "refused; a field of the block states this");
}
