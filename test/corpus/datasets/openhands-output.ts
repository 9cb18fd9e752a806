/**
 * OpenHands evaluation output: one line a run. The metrics list the usage of every response; the
 * history repeats each response in the action and in the observation it led to. All of them are
 * fed, under the identity of the response, and must count once.
 */
import { NO_TOKENS, PER_TOKEN } from "../arithmetic.ts";
import { filesBelow, linesOf, nameOf } from "../files.ts";
import { countOf, type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import type { RecordedCall } from "../priced-call.ts";
import {
  CACHE_READ,
  CACHE_WRITE,
  callsFigure,
  INPUT,
  OUTPUT,
  sumFigure,
  tokenFigure,
} from "../stated-total.ts";
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

const DATASET = "openhands-output";

export const openhandsOutput: DatasetReader = {
  dataset: DATASET,
  read: (root) =>
    filesBelow(root, `runs/${DATASET}`, [".jsonl"]).flatMap((file) =>
      linesOf(file).flatMap((line, position) => {
        if (Object.keys(objectAt(line.metrics)).length === 0) {
          file.leaveOut(`object ${position + 1} has no metrics: it is no run`);
          return [];
        }
        const instance = textOf(line.instance_id) ?? String(position);
        const agent = textOf(objectAt(line.metadata).agent_class) ?? "openhands";
        return [
          corpusRun({ dataset: DATASET, run: idOf(DATASET, nameOf(file), instance), agent }, line),
        ];
      }),
    ),
};

interface Response {
  readonly id: string;
  readonly event: object;
  readonly recorded: RecordedCall;
}

function corpusRun(run: RunFacts, line: JsonObject): CorpusRun {
  const history = objectsOf(line.history);
  const times = history.map((event) => timeOf(textOf(event.timestamp)));
  const start = times[0] ?? timeOf(undefined);
  const end = times.at(-1) ?? start;
  const responses = responsesOf(run, line, start);
  const repeats = history.flatMap((event) => {
    const id = textOf(objectAt(event, "tool_call_metadata", "model_response").id);
    const known = responses.find((response) => response.id === id);
    return known === undefined ? [] : [known.event];
  });
  return {
    dataset: DATASET,
    run: run.run,
    events: [
      runOpened(run, start),
      ...responses.map(({ event }) => event),
      ...repeats,
      ...failedCalls(run, line, end),
      ...toolSteps(run, history),
      runClosed(run, end, textOf(line.error) === undefined ? "completed" : "failed"),
    ],
    stated: statedBy(line, responses),
  };
}

function responsesOf(run: RunFacts, line: JsonObject, start: string): Response[] {
  const metrics = objectAt(line.metrics);
  const costs = objectsOf(metrics.costs);
  const usages = objectsOf(metrics.token_usages);
  const peers = new Peers();
  const firstSeen = new Map<string, JsonObject>();
  for (const event of objectsOf(line.history).toReversed()) {
    const id = textOf(objectAt(event, "tool_call_metadata", "model_response").id);
    if (id !== undefined) firstSeen.set(id, event);
  }
  return usages.map((usage, position) => {
    const id = textOf(usage.response_id) || `usage-${position}`;
    const seen = firstSeen.get(id);
    const response = objectAt(seen, "tool_call_metadata", "model_response");
    const cost = costs.length === usages.length ? (textOf(costs[position]?.cost) ?? "0") : "0";
    const tokens = tokensOf(usage);
    const recorded = {
      step: id,
      cost,
      tokens,
      isCacheLost: false,
      isReasoningLost: true,
      peers: peers.add(textOf(usage.model) ?? "", { cost, tokens }),
    };
    const { provider, model } = modelOf(textOf(usage.model), textOf(response.model));
    const at = timeOf(textOf(seen?.timestamp), start);
    const callId = idOf(provider, id);
    return {
      id,
      recorded,
      event: modelStep(run, { id, at, provider, model, tokens, callId }),
    };
  });
}

/** The served model where OpenRouter names it under an alias; else the model that was asked. */
function modelOf(asked = "unknown", served?: string): { provider: string; model: string } {
  if (served?.includes("/") && /openrouter/.test(asked)) {
    return { provider: "openrouter", model: served };
  }
  return litellmModel(asked);
}

function tokensOf(usage: JsonObject): RecordedCall["tokens"] {
  const prompt = countOf(usage.prompt_tokens);
  const cacheRead = Math.min(prompt, countOf(usage.cache_read_tokens));
  const cacheWrite = Math.min(prompt - cacheRead, countOf(usage.cache_write_tokens));
  const input = prompt - cacheRead - cacheWrite;
  return {
    ...NO_TOKENS,
    input,
    cacheRead,
    cacheWrite,
    output: countOf(usage.completion_tokens),
  };
}

/** A latency whose response left no usage: the call took its time and failed. */
function failedCalls(run: RunFacts, line: JsonObject, at: string): object[] {
  const metrics = objectAt(line.metrics);
  const answered = new Set(objectsOf(metrics.token_usages).map((usage) => usage.response_id));
  return objectsOf(metrics.response_latencies)
    .filter((latency) => !answered.has(latency.response_id ?? null))
    .map((latency, position) => {
      const { provider, model } = modelOf(textOf(latency.model));
      const id = textOf(latency.response_id) || `failed-${position}`;
      const status = "error";
      return modelStep(run, { id, at, provider, model, tokens: NO_TOKENS, status });
    });
}

function toolSteps(run: RunFacts, history: readonly JsonObject[]): object[] {
  return history.flatMap((event, position) => {
    const tool = textOf(objectAt(event.tool_call_metadata).function_name);
    if (tool === undefined || event.observation === undefined) return [];
    const id = `tool-${textOf(event.id) ?? position}`;
    const status = event.success === false ? "error" : "ok";
    return [toolStep(run, { id, at: timeOf(textOf(event.timestamp)), tool, status })];
  });
}

const TOKEN_TOTALS = [
  ["prompt_tokens", INPUT],
  ["completion_tokens", OUTPUT],
  ["cache_read_tokens", CACHE_READ],
  ["cache_write_tokens", CACHE_WRITE],
] as const;

function statedBy(line: JsonObject, responses: readonly Response[]): StatedFigure[] {
  const metrics = objectAt(line.metrics);
  const accumulated = objectAt(metrics.accumulated_token_usage);
  const cost = textOf(metrics.accumulated_cost);
  const recorded = responses.map((response) => response.recorded);
  const latencies = objectsOf(metrics.response_latencies).length;
  const tokens = TOKEN_TOTALS.flatMap(([name, buckets]) => {
    const text = textOf(accumulated[name]);
    return text === undefined ? [] : [tokenFigure({ name, text }, { buckets, of: () => true })];
  });
  return [
    ...(cost === undefined
      ? []
      : [sumFigure({ name: "accumulated_cost", text: cost }, recorded, [PER_TOKEN])]),
    ...tokens,
    ...(latencies === 0 ? [] : [callsFigure("response_latencies", String(latencies))]),
  ];
}
