/**
 * Folders of LiteLLM completions, one file a call, as OpenHands writes them: the completions of a
 * benchmark run (a folder an instance, both attempts of a retried one in it) and the logs of the
 * agent SDK. The proxy states a cost for each call and no total.
 */
import { PER_TOKEN } from "../arithmetic.ts";
import { type CorpusFolder, documentOf, type FoundFile, filesBelow, folderOf } from "../files.ts";
import { countOf, type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import type { RecordedCall } from "../priced-call.ts";
import { callFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader } from "../types.ts";
import {
  idOf,
  litellmModel,
  modelStep,
  type RunFacts,
  runClosed,
  runOpened,
  timeOf,
} from "../wire.ts";
import { litellmTokens } from "./litellm-usage.ts";
import { BEDROCK_SONNET_PRICES } from "./prices.ts";

const COMPLETIONS = "openhands-llm-completions";
const SDK_LOGS = "openhands-sdk-logs";

export const openhandsCompletions: DatasetReader = {
  dataset: COMPLETIONS,
  read: (root) => runsBelow(root, COMPLETIONS),
};

export const openhandsSdkLogs: DatasetReader = {
  dataset: SDK_LOGS,
  read: (root) => runsBelow(root, SDK_LOGS),
};

function runsBelow(root: string | CorpusFolder, dataset: string): CorpusRun[] {
  const files = filesBelow(root, `runs/${dataset}`, [".json"]);
  const peers = new Peers();
  return [...Map.groupBy(files, folderOf)].flatMap(([folder, inFolder]) => {
    const records = inFolder.map(recordOf).filter((record) => record !== undefined);
    if (records.length === 0) return [];
    const run = idOf(dataset, folder.split("/").slice(2).join("/"));
    return [corpusRun({ dataset, run, agent: "openhands" }, records.toSorted(byTime), peers)];
  });
}

function recordOf(file: FoundFile): JsonObject | undefined {
  const record = objectAt(documentOf(file));
  if (Object.keys(objectAt(record, "response", "usage")).length > 0) return record;
  file.leaveOut("it has no response with usage: it is no call");
  return undefined;
}

/** The response's id; a recorder that kept none kept the time. */
function stepId(record: JsonObject): string {
  return textOf(objectAt(record.response).id) || `at-${textOf(record.timestamp) ?? ""}`;
}

function byTime(a: JsonObject, b: JsonObject): number {
  return Number(textOf(a.timestamp)) - Number(textOf(b.timestamp));
}

function corpusRun(run: RunFacts, records: readonly JsonObject[], peers: Peers): CorpusRun {
  const times = records.map((record) => timeOf(textOf(record.timestamp)));
  const attempts = attemptsOf(records);
  const calls = new Map<string, RecordedCall>();
  const events = records.map((record, position) => {
    const call = recordedCall(record, peers);
    calls.set(call.step, call);
    return eventOf(run, { record, call, attempt: attempts[position] ?? 1 });
  });
  return {
    dataset: run.dataset,
    run: run.run,
    prices: BEDROCK_SONNET_PRICES,
    events: [
      runOpened(run, times[0] ?? timeOf(undefined)),
      ...events,
      runClosed(run, times.at(-1) ?? timeOf(undefined), "completed"),
    ],
    stated: [...calls.values()]
      .filter(({ cost }) => cost !== "")
      .map((call) => callFigure(call, [PER_TOKEN])),
  };
}

function recordedCall(record: JsonObject, peers: Peers): RecordedCall {
  const response = objectAt(record.response);
  const { tokens } = litellmTokens(objectAt(response.usage));
  const step = stepId(record);
  const cost = textOf(record.cost) ?? "";
  // A call without cache fields was answered without a cache: that is what the provider billed.
  const shared = peers.add(textOf(response.model) ?? "", { cost, tokens });
  return { step, cost, tokens, isCacheLost: false, isReasoningLost: false, peers: shared };
}

function eventOf(
  run: RunFacts,
  { record, call, attempt }: { record: JsonObject; call: RecordedCall; attempt: number },
): object {
  const response = objectAt(record.response);
  const { provider, model } = litellmModel(textOf(response.model) ?? "unknown");
  return modelStep(run, {
    id: call.step,
    at: timeOf(textOf(record.timestamp)),
    provider,
    model,
    tokens: call.tokens,
    attempt,
    callId: idOf("litellm", call.step),
  });
}

/** A new attempt at the same instance begins where the conversation becomes shorter again. */
function attemptsOf(records: readonly JsonObject[]): number[] {
  let attempt = 1;
  let before = 0;
  return records.map(({ messages }) => {
    const length = lengthOf(messages ?? null);
    if (length < before) attempt += 1;
    before = length;
    return attempt;
  });
}

/** Messages sent, also where the list was cut down to a mark such as `[trimmed: 4 messages]`. */
function lengthOf(messages: JsonObject[string]): number {
  if (Array.isArray(messages)) return objectsOf(messages).length;
  return countOf(/\d+/.exec(textOf(messages) ?? "")?.[0] ?? null);
}
