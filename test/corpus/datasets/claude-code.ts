/**
 * Claude Code session logs, mapped by the product's own reader and judged here by an independent
 * one: the last line of each response holds its usage. The index beside the logs repeats a
 * baseline that its authors published, which adds every line; a rule computes it.
 */

import { type FoundFile, filesBelow, textOfFile } from "../files.ts";
import { exactSum, sameDecimal } from "../float.ts";
import { type JsonObject, objectAt, parseLines, textOf } from "../number-text.ts";
import { unexplained } from "../priced-call.ts";
import { readClaudeCode } from "../product-readers.ts";
import { CACHE_READ, CACHE_WRITE, OUTPUT, tokenFigure, tokensOf } from "../stated-total.ts";
import type { CorpusRun, DatasetReader, StatedFigure } from "../types.ts";
import { customerOf } from "../wire.ts";

const DATASET = "claude-code";

/** Field of a usage block → the buckets that it counts. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  input_tokens: ["input_uncached"],
  output_tokens: OUTPUT,
  cache_creation_input_tokens: CACHE_WRITE,
  cache_read_input_tokens: CACHE_READ,
};

export const claudeCode: DatasetReader = {
  dataset: DATASET,
  read: (root) => {
    const index = filesBelow(root, ".", ["index.jsonl"]).filter(({ path }) => !path.includes("/"));
    const indexed = index.flatMap((file) => parseLines(textOfFile(file)).values);
    return filesBelow(root, `runs/${DATASET}`, [".jsonl"]).flatMap((file) =>
      runsOfFile(file, indexed),
    );
  },
};

function runsOfFile(file: FoundFile, indexed: readonly JsonObject[]): CorpusRun[] {
  const text = textOfFile(file);
  const { events } = readClaudeCode(text, { customer: customerOf(DATASET) });
  const run = events[0]?.run;
  if (typeof run !== "string") return [];
  const usages = usageLines(parseLines(text).values);
  const entry = indexed.find((line) => line.file === file.path);
  const baseline = Object.entries(objectAt(entry?.stated)).find(([name]) =>
    name.startsWith("naive_line_sum"),
  );
  return [
    {
      dataset: DATASET,
      run,
      events,
      stated: [...responseFigures(usages), ...baselineFigures(objectAt(baseline?.[1]), usages)],
    },
  ];
}

interface UsageLine {
  readonly response: string;
  readonly usage: JsonObject;
}

function usageLines(lines: readonly JsonObject[]): UsageLine[] {
  return lines.flatMap((line) => {
    const message = objectAt(line.message);
    if (line.type !== "assistant" || textOf(message.id) === undefined) return [];
    const response = `${textOf(message.id)} ${textOf(line.requestId) ?? ""}`;
    return [{ response, usage: objectAt(message.usage) }];
  });
}

/** The last line of each response, added up. */
function responseFigures(lines: readonly UsageLine[]): StatedFigure[] {
  const last = new Map(lines.map(({ response, usage }) => [response, usage]));
  return Object.entries(FIELDS).map(([field, buckets]) => {
    const text = exactSum([...last.values()].map((usage) => textOf(usage[field]) ?? "0"));
    return tokenFigure({ name: `${field} of the responses`, text }, { buckets, of: () => true });
  });
}

function baselineFigures(baseline: JsonObject, lines: readonly UsageLine[]): StatedFigure[] {
  return Object.entries(FIELDS).flatMap(([field, buckets]): StatedFigure[] => {
    const text = textOf(baseline[field]);
    if (text === undefined) return [];
    const name = `${field} of the published baseline`;
    const everyLine = exactSum(lines.map(({ usage }) => textOf(usage[field]) ?? "0"));
    return [
      {
        name,
        text,
        kind: "tokens",
        partOfSum: true,
        judge: (metered, stated) => {
          if (sameDecimal(tokensOf(metered, { buckets, of: () => true }), stated)) {
            return { verdict: "agree" };
          }
          return sameDecimal(everyLine, stated)
            ? { verdict: "explained", rule: "every-line-added" }
            : unexplained(`${name}: states ${stated}, every line added gives ${everyLine}`);
        },
      },
    ];
  });
}
