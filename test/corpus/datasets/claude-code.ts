/**
 * Claude Code session logs, mapped by the product's own reader and judged here by an independent
 * one: the last line of each response holds its usage. The index beside the logs repeats a
 * baseline that its authors published, which adds every line; a rule computes it.
 *
 * A session is a run, in however many files it stands (subagents have files of their own). A
 * session that was resumed begins with a copy of the one before, so its responses are counted
 * there: what it states is explained by the responses that an earlier session holds.
 */

import { type FoundFile, filesBelow, linesOf, textOfFile } from "../files.ts";
import { exactSum, sameDecimal } from "../float.ts";
import { type JsonObject, objectAt, textOf } from "../number-text.ts";
import { unexplained } from "../priced-call.ts";
import { readClaudeCode } from "../product-readers.ts";
import { CACHE_READ, CACHE_WRITE, OUTPUT, tokensOf } from "../stated-total.ts";
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
    const indexed = index.flatMap(linesOf);
    const files = filesBelow(root, `runs/${DATASET}`, [".jsonl"]);
    const logs = files.flatMap((file) => logsOfFile(file, indexed));
    const seen = new Set<string>();
    return [...Map.groupBy(logs, ({ session }) => session)].map(([session, parts]) =>
      runOfSession(session, parts, seen),
    );
  },
};

type WireEvent = ReturnType<typeof readClaudeCode>["events"][number];

/** What one file holds of one session. */
interface SessionLog {
  readonly session: string;
  readonly events: readonly WireEvent[];
  readonly usages: readonly UsageLine[];
  readonly baseline: JsonObject;
}

function logsOfFile(file: FoundFile, indexed: readonly JsonObject[]): SessionLog[] {
  const lines = linesOf(file);
  const { events, problems } = readClaudeCode(textOfFile(file), {
    customer: customerOf(DATASET),
  });
  for (const { response, problem } of problems) {
    file.leaveOut(`response ${response}: ${problem.field ?? "usage"}: ${problem.detail}`);
  }
  if (lines.length > 0 && events.length === 0)
    file.leaveOut("it has no messages: it is no session");
  const sessions = new Set(lines.flatMap((line) => textOf(line.sessionId) ?? []));
  const entry = indexed.find((line) => line.file === file.path);
  const baseline = Object.entries(objectAt(entry?.stated)).find(([name]) =>
    name.startsWith("naive_line_sum"),
  );
  return [...sessions].flatMap((session) => {
    const own = events.filter(({ run }) => rootOf(run) === session);
    if (own.length === 0) return [];
    const usages = usageLines(lines.filter((line) => line.sessionId === session));
    // A baseline adds the lines of the file, so it is of a file of one session.
    const stated = sessions.size === 1 ? objectAt(baseline?.[1]) : {};
    return [{ session, events: own, usages, baseline: stated }];
  });
}

/** A subagent's run is named after its session. */
function rootOf(run: unknown): string {
  return String(run).split(":")[0] ?? "";
}

/** Adds the responses of the session to those that are seen. */
function runOfSession(run: string, parts: readonly SessionLog[], seen: Set<string>): CorpusRun {
  const usages = parts.flatMap((part) => part.usages);
  const responses = responsesOf(usages);
  const copied = [...responses].filter(([response]) => seen.has(response));
  for (const response of responses.keys()) seen.add(response);
  return {
    dataset: DATASET,
    run,
    events: parts.flatMap((part) => part.events),
    stated: [
      ...responseFigures([...responses.values()], new Map(copied)),
      ...parts.flatMap((part) => baselineFigures(part.baseline, part.usages)),
    ],
  };
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

/** The last line of each response, or a larger one of another file. */
function responsesOf(lines: readonly UsageLine[]): Map<string, JsonObject> {
  const last = new Map<string, JsonObject>();
  for (const { response, usage } of lines) {
    const earlier = last.get(response);
    const isLess = Number(textOf(usage.output_tokens)) < Number(textOf(earlier?.output_tokens));
    if (!isLess) last.set(response, usage);
  }
  return last;
}

function sumOf(usages: readonly JsonObject[], field: string): string {
  return exactSum(usages.map((usage) => textOf(usage[field]) ?? "0"));
}

function responseFigures(
  usages: readonly JsonObject[],
  copied: ReadonlyMap<string, JsonObject>,
): StatedFigure[] {
  return Object.entries(FIELDS).map(([field, buckets]) => {
    const name = `${field} of the responses`;
    const counted = { buckets, of: () => true };
    return {
      name,
      text: sumOf(usages, field),
      kind: "tokens",
      judge: (metered, stated) => {
        const tokens = tokensOf(metered, counted);
        if (sameDecimal(tokens, stated)) return { verdict: "agree" };
        const elsewhere = sumOf([...copied.values()], field);
        return copied.size > 0 && sameDecimal(exactSum([tokens, elsewhere]), stated)
          ? { verdict: "explained", rule: "counted-in-the-resumed-session" }
          : unexplained(`${name}: states ${stated}, metered ${tokens}`);
      },
    };
  });
}

function baselineFigures(baseline: JsonObject, lines: readonly UsageLine[]): StatedFigure[] {
  return Object.entries(FIELDS).flatMap(([field, buckets]): StatedFigure[] => {
    const text = textOf(baseline[field]);
    if (text === undefined) return [];
    const name = `${field} of the published baseline`;
    const everyLine = sumOf(
      lines.map(({ usage }) => usage),
      field,
    );
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
