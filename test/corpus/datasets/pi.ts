/**
 * pi sessions: JSON lines with a cost by kind of token for every assistant message. Aborted calls
 * state zero or partial usage. A message has no id; its time in milliseconds is unique.
 */
import { MILLIONTH_FIRST, NO_TOKENS } from "../arithmetic.ts";
import { type FoundFile, filesBelow, stemOf, textOfFile } from "../files.ts";
import { countOf, type JsonObject, objectAt, parseLines, textOf } from "../number-text.ts";
import { callFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader, StatedFigure } from "../types.ts";
import { idOf, modelStep, type RunFacts, runOpened, timeOf, toolStep } from "../wire.ts";
import { kindFigures, type PiMessage } from "./pi-kinds.ts";

const DATASET = "pi";

export const pi: DatasetReader = {
  dataset: DATASET,
  read: (root) => filesBelow(root, `runs/${DATASET}`, [".jsonl"]).map(runOfFile),
};

function runOfFile(file: FoundFile): CorpusRun {
  const lines = parseLines(textOfFile(file)).values;
  const session = lines.find((line) => line.type === "session");
  const id = textOf(session?.id) ?? stemOf(file);
  const run = { dataset: DATASET, run: idOf(DATASET, stemOf(file), id), agent: DATASET };
  const start = timeOf(textOf(session?.timestamp));
  const answers = new Map<string, { line: JsonObject; message: PiMessage }>();
  const priced = pricedModels(lines);
  for (const line of lines) {
    if (objectAt(line.message).role !== "assistant") continue;
    const message = messageOf(line, priced);
    answers.set(message.step, { line, message });
  }
  return {
    dataset: DATASET,
    run: run.run,
    events: [runOpened(run, start), ...lines.flatMap((line) => eventOf(run, line, answers))],
    stated: [...answers.values()].flatMap(({ message }) => statedBy(message)),
  };
}

function pricedModels(lines: readonly JsonObject[]): ReadonlySet<string> {
  const messages = lines.map((line) => objectAt(line.message));
  const paid = messages.filter(
    (message) => Number(textOf(objectAt(message, "usage", "cost").total)) > 0,
  );
  return new Set(paid.map((message) => textOf(message.model) ?? ""));
}

function messageOf(line: JsonObject, priced: ReadonlySet<string>): PiMessage {
  const message = objectAt(line.message);
  const usage = objectAt(message.usage);
  const tokens = {
    ...NO_TOKENS,
    input: countOf(usage.input),
    cacheRead: countOf(usage.cacheRead),
    cacheWrite: countOf(usage.cacheWrite),
    output: countOf(usage.output),
  };
  const isModelPriced = priced.has(textOf(message.model) ?? "");
  return { step: stepId(line), usage, tokens, isModelPriced };
}

function stepId(line: JsonObject): string {
  const message = objectAt(line.message);
  const id = textOf(line.id) ?? textOf(message.timestamp) ?? textOf(line.timestamp) ?? "";
  return idOf(textOf(message.role) ?? "", id, textOf(message.toolCallId) ?? "");
}

const STATUS: Readonly<Record<string, "aborted" | "error">> = {
  aborted: "aborted",
  error: "error",
};

function eventOf(
  run: RunFacts,
  line: JsonObject,
  answers: ReadonlyMap<string, { message: PiMessage }>,
): object[] {
  const message = objectAt(line.message);
  const at = timeOf(textOf(line.timestamp) ?? textOf(message.timestamp));
  const id = stepId(line);
  if (message.role === "toolResult") {
    const status = message.isError === true ? "error" : "ok";
    return [toolStep(run, { id, at, tool: textOf(message.toolName) ?? "unknown", status })];
  }
  const tokens = answers.get(id)?.message.tokens;
  if (message.role !== "assistant" || tokens === undefined) return [];
  const status = STATUS[textOf(message.stopReason) ?? ""] ?? "ok";
  const completeness = status === "ok" ? "exact" : "partial";
  const provider = textOf(message.provider) ?? "unknown";
  const model = textOf(message.model) ?? "unknown";
  return [modelStep(run, { id, at, provider, model, tokens, status, completeness })];
}

function statedBy(message: PiMessage): StatedFigure[] {
  const { step, tokens, isModelPriced, usage } = message;
  const cost = textOf(objectAt(usage.cost).total);
  if (cost === undefined) return [];
  const call = { step, cost, tokens, isModelPriced, isCacheLost: false };
  return [callFigure(call, [MILLIONTH_FIRST]), ...kindFigures(message)];
}
