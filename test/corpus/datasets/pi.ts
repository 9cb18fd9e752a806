/**
 * pi sessions: JSON lines with a cost by kind of token for every assistant message. Aborted calls
 * state zero or partial usage. A message has no id; its time in milliseconds is unique.
 */
import { MILLIONTH_FIRST, NO_TOKENS } from "../arithmetic.ts";
import { type FoundFile, filesBelow, linesOf, nameOf } from "../files.ts";
import { countOf, type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import type { Peer } from "../priced-call.ts";
import { callFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader, StatedFigure } from "../types.ts";
import { idOf, modelStep, type RunFacts, runOpened, timeOf, toolStep } from "../wire.ts";
import { KINDS, kindFigures, type PiMessage } from "./pi-kinds.ts";

const DATASET = "pi";

export const pi: DatasetReader = {
  dataset: DATASET,
  read: (root) => filesBelow(root, `runs/${DATASET}`, [".jsonl"]).flatMap(runOfFile),
};

function runOfFile(file: FoundFile): CorpusRun[] {
  const lines = linesOf(file);
  if (lines.length === 0) return [];
  const session = lines.find((line) => line.type === "session");
  const id = textOf(session?.id) ?? nameOf(file);
  const run = { dataset: DATASET, run: idOf(DATASET, nameOf(file), id), agent: DATASET };
  const start = timeOf(textOf(session?.timestamp));
  const answers = new Map<string, { line: JsonObject; message: PiMessage }>();
  const peers = new Peers();
  for (const line of lines) {
    if (objectAt(line.message).role !== "assistant") continue;
    const message = messageOf(line, peers);
    answers.set(message.step, { line, message });
  }
  const said = { answers, asked: askedIn(lines) };
  return [
    {
      dataset: DATASET,
      run: run.run,
      events: [runOpened(run, start), ...lines.flatMap((line) => eventOf(run, line, said))],
      stated: [...answers.values()].flatMap(({ message }) => statedBy(message)),
    },
  ];
}

/** What tools were called with, by the id of the call. */
function askedIn(lines: readonly JsonObject[]): ReadonlyMap<string, unknown> {
  const parts = lines.flatMap((line) => objectsOf(objectAt(line.message).content));
  const calls = parts.filter(({ type }) => type === "toolCall");
  return new Map(calls.map((call) => [textOf(call.id) ?? "", call.arguments]));
}

function messageOf(line: JsonObject, peers: Peers): PiMessage {
  const message = objectAt(line.message);
  const usage = objectAt(message.usage);
  const tokens = {
    ...NO_TOKENS,
    input: countOf(usage.input),
    cacheRead: countOf(usage.cacheRead),
    cacheWrite: countOf(usage.cacheWrite),
    output: countOf(usage.output),
  };
  const cost = objectAt(usage.cost);
  const model = `${textOf(message.provider)}/${textOf(message.model)}`;
  const shared = peers.add(model, { cost: textOf(cost.total) ?? "", tokens });
  const ofKind = new Map<string, readonly Peer[]>(
    KINDS.map((kind) => {
      const part = { ...NO_TOKENS, [kind]: tokens[kind] };
      return [
        kind,
        peers.add(`${model} ${kind}`, { cost: textOf(cost[kind]) ?? "", tokens: part }),
      ];
    }),
  );
  const peersOfKind: PiMessage["peersOfKind"] = (kind) => ofKind.get(kind) ?? [];
  return { step: stepId(line), usage, tokens, peers: shared, peersOfKind };
}

function stepId(line: JsonObject): string {
  const message = objectAt(line.message);
  const id = textOf(line.id) ?? textOf(message.timestamp) ?? textOf(line.timestamp) ?? "";
  return idOf(textOf(message.role) ?? "", id, textOf(message.toolCallId) ?? "");
}

/** Ways to reach a provider that pi names apart; it prices them as the provider's API. */
const ROUTES: Readonly<Record<string, string>> = {
  "openai-codex": "openai",
  "azure-openai-responses": "azure",
  "google-gemini-cli": "google",
  "google-antigravity": "google",
};

function providerOf(name: string): string {
  return ROUTES[name] ?? name;
}

const STATUS: Readonly<Record<string, "aborted" | "error">> = {
  aborted: "aborted",
  error: "error",
};

function eventOf(
  run: RunFacts,
  line: JsonObject,
  {
    answers,
    asked: given,
  }: {
    readonly answers: ReadonlyMap<string, { message: PiMessage }>;
    readonly asked: ReadonlyMap<string, unknown>;
  },
): object[] {
  const message = objectAt(line.message);
  const at = timeOf(textOf(line.timestamp) ?? textOf(message.timestamp));
  const id = stepId(line);
  if (message.role === "toolResult") {
    const status = message.isError === true ? "error" : "ok";
    const [tool, asked] = [textOf(message.toolName), given.get(textOf(message.toolCallId) ?? "")];
    return [toolStep(run, { id, at, tool: tool ?? "unknown", status, asked })];
  }
  const tokens = answers.get(id)?.message.tokens;
  if (message.role !== "assistant" || tokens === undefined) return [];
  const status = STATUS[textOf(message.stopReason) ?? ""] ?? "ok";
  const completeness = status === "ok" ? "exact" : "partial";
  const provider = providerOf(textOf(message.provider) ?? "unknown");
  const model = textOf(message.model) ?? "unknown";
  return [modelStep(run, { id, at, provider, model, tokens, status, completeness })];
}

function statedBy(message: PiMessage): StatedFigure[] {
  const { step, tokens, peers, usage } = message;
  const cost = textOf(objectAt(usage.cost).total);
  if (cost === undefined) return [];
  const call = { step, cost, tokens, isCacheLost: false, isReasoningLost: false, peers };
  return [callFigure(call, [MILLIONTH_FIRST]), ...kindFigures(message)];
}
