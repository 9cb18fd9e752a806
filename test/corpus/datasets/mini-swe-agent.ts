/**
 * mini-swe-agent trajectories: every assistant message keeps the provider's response and the cost
 * LiteLLM computed for it. `api_calls` counts attempts; the attempt that killed a run left no
 * response, only the exit message that names its exception.
 */
import { NO_TOKENS, PER_TOKEN } from "../arithmetic.ts";
import { documentOf, type FoundFile, filesBelow, folderOf, stemOf } from "../files.ts";
import { type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import type { RecordedCall } from "../priced-call.ts";
import { callsFigure, sumFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader, StatedFigure } from "../types.ts";
import {
  idOf,
  litellmModel,
  modelStep,
  type RunFacts,
  runClosed,
  runOpened,
  timeOf,
  toolStep,
} from "../wire.ts";
import { litellmTokens } from "./litellm-usage.ts";
import { DEEPSEEK_PRICES } from "./prices.ts";

const DATASET = "mini-swe-agent";

export const miniSweAgent: DatasetReader = {
  dataset: DATASET,
  read: (root) => {
    const peers = new Peers();
    const files = filesBelow(root, `runs/${DATASET}`, [".json"]);
    return files.flatMap((file) => runOfFile(file, peers));
  },
};

function runOfFile(file: FoundFile, peers: Peers): CorpusRun[] {
  const log = objectAt(documentOf(file));
  if (!Array.isArray(log.messages)) {
    file.leaveOut("it has no messages: it is no run");
    return [];
  }
  const id = idOf(DATASET, folderOf(file).split("/").slice(2).join("/"), stemOf(file));
  return [corpusRun({ dataset: DATASET, run: id, agent: DATASET }, log, peers)];
}

interface Call {
  readonly recorded: RecordedCall;
  readonly event: object;
}

function corpusRun(run: RunFacts, log: JsonObject, peers: Peers): CorpusRun {
  const messages = objectsOf(log.messages);
  const start = timeOf(messages.map(timestampOf).find((time) => time !== undefined));
  const end = timeOf(
    messages.map(timestampOf).findLast((time) => time !== undefined),
    start,
  );
  const asked = textOf(objectAt(log, "info", "config", "model").model_name) ?? "unknown";
  const calls = callsOf(run, messages, { asked, peers });
  const lost = failedAttempt(run, log, { asked, end });
  return {
    dataset: DATASET,
    run: run.run,
    prices: DEEPSEEK_PRICES,
    events: [
      runOpened(run, start),
      ...calls.map(({ event }) => event),
      ...toolSteps(run, messages, start),
      ...lost,
      runClosed(run, end, lost.length > 0 ? "failed" : "completed"),
    ],
    stated: statedBy(log, calls),
  };
}

function statedBy(log: JsonObject, calls: readonly Call[]): StatedFigure[] {
  const stats = objectAt(log, "info", "model_stats");
  const cost = textOf(stats.instance_cost);
  const attempts = textOf(stats.api_calls);
  const recorded = calls.map((call) => call.recorded);
  return [
    ...(cost === undefined
      ? []
      : [sumFigure({ name: "instance_cost", text: cost }, recorded, [PER_TOKEN])]),
    ...(attempts === undefined ? [] : [callsFigure("api_calls", attempts)]),
  ];
}

function callsOf(
  run: RunFacts,
  messages: readonly JsonObject[],
  { asked, peers }: { readonly asked: string; readonly peers: Peers },
): Call[] {
  const answered = messages.filter((message) => isAnswer(message));
  return answered.map((message, position) => {
    const response = objectAt(message, "extra", "response");
    const step = textOf(response.id) || `answer-${position}`;
    const { tokens, isCacheLost } = litellmTokens(objectAt(response.usage));
    const cost = costOf(message);
    const shared = peers.add(asked, { cost, tokens });
    const recorded = { step, cost, tokens, isCacheLost, isReasoningLost: false, peers: shared };
    const { provider, model } = litellmModel(asked);
    const served = textOf(response.model) ?? model;
    const at = timeOf(timestampOf(message));
    const callId = idOf(provider, step);
    return {
      recorded,
      event: modelStep(run, { id: step, at, provider, model: served, tokens, callId }),
    };
  });
}

function isAnswer(message: JsonObject): boolean {
  return Object.keys(objectAt(message, "extra", "response")).length > 0;
}

function costOf(message: JsonObject): string {
  return textOf(objectAt(message.extra).cost) ?? "0";
}

function timestampOf(message: JsonObject): string | undefined {
  return textOf(objectAt(message.extra).timestamp);
}

function toolSteps(run: RunFacts, messages: readonly JsonObject[], start: string): object[] {
  const calls = messages.flatMap((message) => objectsOf(message.tool_calls));
  const byId = new Map(calls.map((call) => [textOf(call.id), call]));
  return messages.flatMap((message, position) => {
    if (message.role !== "tool") return [];
    const status = textOf(objectAt(message.extra).returncode) === "0" ? "ok" : "error";
    return [
      toolStep(run, {
        id: `tool-${position}`,
        at: timeOf(timestampOf(message), start),
        tool: "bash",
        status,
        asked: objectAt(byId.get(textOf(message.tool_call_id)), "function").arguments,
      }),
    ];
  });
}

/** The call whose exception ended the run: an attempt without usage. */
function failedAttempt(
  run: RunFacts,
  log: JsonObject,
  { asked, end }: { readonly asked: string; readonly end: string },
): object[] {
  const exit = objectsOf(log.messages).findLast((message) => message.role === "exit");
  const before = objectsOf(log.messages).findLast((message) => message.role !== "exit");
  const died = textOf(objectAt(exit, "extra").traceback) !== undefined;
  // After an answer it was the tool that died, not a call.
  if (!died || (before !== undefined && isAnswer(before))) return [];
  const { provider, model } = litellmModel(asked);
  return [
    modelStep(run, {
      id: "failed-attempt",
      at: end,
      provider,
      model,
      tokens: NO_TOKENS,
      status: "error",
    }),
  ];
}
