/**
 * The result message of the Claude Agent SDK: `modelUsage` holds one entry a model, subagents
 * included. Its `usage` is the main loop alone, so it is not read. Counts run on over the results
 * of one session, also when it is resumed: a later result under the same identity replaces the
 * earlier one, so each is partial unless its sender says that it was the last.
 */
import type { Quantity } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep, Tally } from "./mapped-step.ts";
import { reportedCostOf } from "./reported-cost.ts";
import { tallyWritten } from "./totals.ts";

const WRITTEN_BY_TTL = [
  ["cache_write_5m", ["cacheCreationEphemeral5mInputTokens"]],
  ["cache_write_1h", ["cacheCreationEphemeral1hInputTokens"]],
] as const;

/** Limits of the model, repeated in every entry. */
const IGNORED = ["contextWindow", "maxOutputTokens"];

/** One step a model. The first has no suffix. */
export function mapAgentResult(response: Response): MappedStep[] {
  const main = mainStep(response, new Tally());
  const id = response.body.text("uuid");
  return Object.keys(response.usage.value).flatMap((model, at) => {
    const entry = response.usage.entry(model);
    if (entry === null) return [];
    const suffix = at === 0 ? "" : `model-${at + 1}`;
    const reportedCost = reportedCostOf(entry);
    const completeness = response.context.completeness ?? "partial";
    const usage = tallyEntry(entry).usage();
    const step: MappedStep = { ...main, suffix, model, completeness, usage };
    return [
      {
        ...step,
        ...(id === null ? {} : { callId: `${main.provider}:${id}#${model}` }),
        ...(reportedCost === null ? {} : { reportedCost }),
      },
    ];
  });
}

function tallyEntry(entry: Block): Tally {
  const tally = new Tally();
  entry.ignore(IGNORED);
  tally.add("input_uncached", entry.count(["inputTokens"]));
  tally.add("cache_read", entry.count(["cacheReadInputTokens"]));
  const written = entry.count(["cacheCreationInputTokens"]);
  const byTtl = new Map(WRITTEN_BY_TTL.map(([bucket, names]) => [bucket, entry.count(names)]));
  tallyWritten(entry, { written, byTtl }, tally);
  const output = entry.count(["outputTokens"]);
  const thinking = entry.count(["thinkingTokens"]);
  if (thinking > output)
    entry.refuse("usage.inconsistent", "exceeds outputTokens", "thinkingTokens");
  tally.add("output_reasoning", thinking).add("output_text", (output - thinking) as Quantity);
  return tally.add("web_searches", entry.count(["webSearchRequests"]));
}
