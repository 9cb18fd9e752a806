/**
 * Totals that providers state in their usage blocks, and the buckets that must add up to each.
 * This is written from the providers' documentation, not from the product's mapper.
 */

import { exactSum, sameDecimal } from "../float.ts";
import { type JsonObject, objectAt } from "../number-text.ts";
import type { MeteredRun, MeteredStep, StatedFigure, Verdict } from "../types.ts";
import { AGREE, explained, unexplained } from "./verdicts.ts";

const WRITTEN = [
  "cache_write",
  "cache_write_5m",
  "cache_write_30m",
  "cache_write_1h",
  "cache_write_12h",
];
const READ = ["cache_read", "cache_read_audio"];
const FRESH = ["input_uncached", "input_audio", "input_image", "input_video"];
const PROMPT = [...FRESH, ...READ, ...WRITTEN];
const TEXT = ["output_text", "output_audio", "output_image"];
const REASONING = ["output_reasoning"];
const OUTPUT = [...TEXT, ...REASONING];
const TOOL = ["input_tool"];
const ALL = [...PROMPT, ...TOOL, ...OUTPUT];

/** Buckets by field of the block; `a|b` where the block itself decides between two readings. */
type Fields = Readonly<Record<string, readonly string[]>>;

const CHAT: Fields = {
  total_tokens: ALL,
  prompt_tokens: PROMPT,
  input_tokens: PROMPT,
  completion_tokens: OUTPUT,
  output_tokens: OUTPUT,
};
const ANTHROPIC: Fields = {
  input_tokens: ["input_uncached"],
  cache_read_input_tokens: READ,
  cache_creation_input_tokens: WRITTEN,
  output_tokens: OUTPUT,
};
const GEMINI: Fields = {
  totalTokenCount: ALL,
  promptTokenCount: PROMPT,
  cachedContentTokenCount: READ,
  toolUsePromptTokenCount: TOOL,
  candidatesTokenCount: TEXT,
  responseTokenCount: TEXT,
  thoughtsTokenCount: REASONING,
};
const INTERACTIONS: Fields = {
  total_tokens: ALL,
  total_input_tokens: PROMPT,
  total_cached_tokens: READ,
  total_tool_use_tokens: TOOL,
  total_output_tokens: TEXT,
  total_thought_tokens: REASONING,
};
const CONVERSE: Fields = {
  totalTokens: ALL,
  inputTokens: ["input_uncached"],
  cacheReadInputTokens: READ,
  cacheWriteInputTokens: WRITTEN,
  outputTokens: OUTPUT,
};

const BY_FAMILY: readonly (readonly [RegExp, Fields])[] = [
  [/anthropic/, ANTHROPIC],
  [/^gemini\.interactions/, INTERACTIONS],
  [/^gemini\.caches/, { totalTokenCount: ALL }],
  [/^gemini/, GEMINI],
  [/^bedrock\.converse/, CONVERSE],
  [/\.(?:chat|completions|responses|realtime|embeddings|rerank|images|transcriptions)$/, CHAT],
];

export const TOKEN_RULES = {
  "reasoning-beside": "the block's total shows that its output leaves out the reasoning",
  "audio-beside": "the block's total shows that its prompt leaves out the audio that was heard",
  "contradicts-itself": "refused: parts of the block exceed their total; this one is its own sum",
} as const;

export interface UsageBlock {
  readonly format: string;
  readonly usage: JsonObject;
  /** Id of the step that meters it; undefined where the product refused it. */
  readonly step: string | undefined;
}

/** One figure for each total that a usage block states. */
export function tokenFigures(block: UsageBlock): StatedFigure[] {
  const fields = BY_FAMILY.find(([pattern]) => pattern.test(block.format))?.[1] ?? {};
  const stated = Object.entries(fields).filter(([name]) => /^\d+$/.test(String(block.usage[name])));
  const counted = block.step === undefined ? stated.filter(([name]) => name in SUMS) : stated;
  return counted.map(([name, buckets]) => ({
    name: `${name} of ${block.step ?? "a refused answer"}`,
    text: String(block.usage[name]),
    kind: "tokens",
    judge: (metered, text) =>
      block.step === undefined
        ? judgeRefused(block.usage, text, SUMS[name] ?? [])
        : judgeTotal({ block, name, text }, metered, buckets),
  }));
}

interface Stated {
  readonly block: UsageBlock;
  readonly name: string;
  readonly text: string;
}

function judgeTotal(
  { block, name, text }: Stated,
  metered: MeteredRun,
  buckets: readonly string[],
): Verdict {
  const step = metered.steps.find(({ id }) => id === block.step);
  if (step === undefined) return unexplained(`step ${block.step} was not metered`);
  const sum = (names: readonly string[]) => exactSum(names.map((one) => step.usage[one] ?? "0"));
  if (sameDecimal(sum(buckets), text)) return AGREE;
  // The record decides: its total is more than its two sides, and by as much as was reasoned.
  const isOutput = buckets === OUTPUT && name !== "total_tokens";
  if (isOutput && isBeside(block.usage, step) && sameDecimal(sum(TEXT), text)) {
    return explained("reasoning-beside", TOKEN_RULES["reasoning-beside"]);
  }
  const isPrompt = buckets === PROMPT && name !== "total_tokens";
  if (isPrompt && isHeard(block.usage, step) && sameDecimal(sum(HEARD_APART), text)) {
    return explained("audio-beside", TOKEN_RULES["audio-beside"]);
  }
  return unexplained(`${name}: states ${text}, metered ${sum(buckets)}`);
}

const HEARD_APART = PROMPT.filter((bucket) => bucket !== "input_audio");

/** A block that tells seconds of audio, and whose total holds tokens that neither side does. */
function isHeard(usage: JsonObject, step: MeteredStep): boolean {
  const heard = step.usage.input_audio ?? "0";
  const told = objectAt(usage, "prompt_tokens_details").audio_tokens;
  if (typeof told === "string" && !sameDecimal(told, heard)) return false;
  if (!(Number(usage.prompt_audio_seconds) > 0)) return false;
  const sides = SIDES.map((name) => String(usage[name] ?? "0"));
  return sameDecimal(exactSum([...sides, heard]), String(usage.total_tokens));
}

/** Models of which compatible APIs leave reasoning out of the output and tell it nowhere. */
const TELL_NOTHING = /gemini|grok/;

/** A block that tells how much was reasoned tells as much as its total shows. */
function isBeside(usage: JsonObject, step: MeteredStep): boolean {
  const sides = SIDES.map((name) => String(usage[name] ?? "0"));
  const reasoning = step.usage.output_reasoning ?? "0";
  const told = [[], ["completion_tokens_details"], ["output_tokens_details"]].flatMap((path) => {
    const count = objectAt(usage, ...path).reasoning_tokens;
    return typeof count === "string" ? [count] : [];
  });
  if (told.some((count) => !sameDecimal(count, reasoning))) return false;
  if (told.length === 0 && !TELL_NOTHING.test(step.model ?? "")) return false;
  return sameDecimal(exactSum([...sides, reasoning]), String(usage.total_tokens));
}

const SIDES = ["prompt_tokens", "input_tokens", "completion_tokens", "output_tokens"];

/** Totals that other fields of the same block add up to; `a.b` where they stand deeper. */
const SUMS: Readonly<Record<string, readonly string[]>> = {
  total_tokens: [
    ...SIDES,
    ...["input", "output", "thought", "tool_use"].map((side) => `total_${side}_tokens`),
  ],
  totalTokenCount: [
    ...["promptTokenCount", "candidatesTokenCount", "responseTokenCount"],
    ...["thoughtsTokenCount", "toolUsePromptTokenCount"],
  ],
  totalTokens: ["inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "outputTokens"],
  cache_creation_input_tokens: ["5m", "1h"].map(
    (time) => `cache_creation.ephemeral_${time}_input_tokens`,
  ),
};

function judgeRefused(usage: JsonObject, text: string, parts: readonly string[]): Verdict {
  const sum = exactSum(
    parts.map((name) => {
      const [field = "", ...path] = name.split(".").reverse();
      return String(objectAt(usage, ...path.reverse())[field] ?? "0");
    }),
  );
  return sameDecimal(sum, text)
    ? explained("contradicts-itself", TOKEN_RULES["contradicts-itself"])
    : unexplained(`the refused block states ${text}, its parts are ${sum}`);
}
