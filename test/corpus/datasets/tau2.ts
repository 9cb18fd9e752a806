/**
 * tau2-bench results: customer-service simulations with two payers, an agent and a simulated user.
 * Each message has a cost; the usage beside it keeps prompt and completion tokens only, so what was
 * read from OpenAI's and DeepSeek's cache is lost. Anthropic's own usage block survives.
 */
import { type CallTokens, NO_TOKENS, PER_MILLION, PER_TOKEN } from "../arithmetic.ts";
import { documentOf, type FoundFile, filesBelow, nameOf } from "../files.ts";
import { countOf, type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import type { RecordedCall } from "../priced-call.ts";
import { sumFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader } from "../types.ts";
import {
  idOf,
  litellmModel,
  modelStep,
  outcome,
  type RunFacts,
  runClosed,
  runOpened,
  timeOf,
  toolStep,
} from "../wire.ts";
import { DEEPSEEK_PRICES } from "./prices.ts";

const DATASET = "tau2";
const ARITHMETIC = [PER_TOKEN, PER_MILLION];
const SIDES = [
  { role: "assistant", info: "agent_info", total: "agent_cost" },
  { role: "user", info: "user_info", total: "user_cost" },
] as const;
type Side = (typeof SIDES)[number];

export const tau2: DatasetReader = {
  dataset: DATASET,
  read: (root) => filesBelow(root, `runs/${DATASET}`, [".json"]).flatMap(runsOfFile),
};

function runsOfFile(file: FoundFile): CorpusRun[] {
  const log = documentOf(file);
  const header = { info: objectAt(log, "info"), peers: new Peers() };
  const simulations = objectsOf(objectAt(log).simulations);
  if (simulations.length === 0) file.leaveOut("it has no simulations: it holds no run");
  return simulations.map((simulation, position) => {
    const id = textOf(simulation.id) ?? String(position);
    const agent = textOf(objectAt(header.info, "agent_info").implementation) ?? DATASET;
    return corpusRun(
      { dataset: DATASET, run: idOf(DATASET, nameOf(file), id), agent },
      simulation,
      header,
    );
  });
}

/** What the simulations of a file share. */
interface Header {
  readonly info: JsonObject;
  readonly peers: Peers;
}

function corpusRun(run: RunFacts, simulation: JsonObject, header: Header): CorpusRun {
  const start = timeOf(textOf(simulation.start_time) ?? textOf(simulation.timestamp));
  const end = timeOf(textOf(simulation.end_time), start);
  const messages = objectsOf(simulation.messages);
  const sides = SIDES.map((side) => ({ side, calls: callsOf(messages, side, header) }));
  const ending = textOf(simulation.termination_reason)?.includes("error") ? "failed" : "completed";
  const succeeded = Number(textOf(objectAt(simulation.reward_info).reward)) >= 1;
  return {
    dataset: DATASET,
    run: run.run,
    prices: DEEPSEEK_PRICES,
    events: [
      runOpened(run, start),
      ...sides.flatMap(({ calls }) => calls.map((call) => eventOf(run, call, start))),
      ...toolSteps(run, messages, start),
      ...(succeeded ? [outcome(run, end, "task_solved")] : []),
      runClosed(run, end, ending),
    ],
    stated: sides.flatMap(({ side, calls }) => {
      const text = textOf(simulation[side.total]);
      const costs = calls.map(({ recorded }) => recorded).filter(({ cost }) => cost !== "");
      return text === undefined ? [] : [sumFigure({ name: side.total, text }, costs, ARITHMETIC)];
    }),
  };
}

interface Call {
  readonly recorded: RecordedCall;
  readonly message: JsonObject;
  readonly name: string;
  readonly role: string;
}

function callsOf(messages: readonly JsonObject[], side: Side, { info, peers }: Header): Call[] {
  const name = textOf(objectAt(info, side.info).llm) ?? "unknown";
  const used = messages
    .map((message, position) => ({ message, step: stepId(message, position) }))
    .filter(({ message }) => message.role === side.role && message.usage);
  return used.map(({ message, step }) => {
    const cost = textOf(message.cost) ?? "";
    const { tokens, isCacheLost } = tokensOf(message);
    const shared = peers.add(name, { cost, tokens });
    const recorded = { step, cost, tokens, isCacheLost, isReasoningLost: true, peers: shared };
    return { recorded, message, name, role: side.role };
  });
}

function stepId(message: JsonObject, position: number): string {
  return `m${textOf(message.turn_idx) ?? position}-${textOf(message.role) ?? ""}`;
}

function tokensOf(message: JsonObject): { tokens: CallTokens; isCacheLost: boolean } {
  const own = objectAt(message, "raw_data", "usage");
  if (own.cache_read_input_tokens !== undefined) {
    const tokens = {
      ...NO_TOKENS,
      input: countOf(own.input_tokens),
      cacheRead: countOf(own.cache_read_input_tokens),
      cacheWrite: countOf(own.cache_creation_input_tokens),
      output: countOf(own.output_tokens),
    };
    return { tokens, isCacheLost: false };
  }
  const usage = objectAt(message.usage);
  const [input, output] = [countOf(usage.prompt_tokens), countOf(usage.completion_tokens)];
  return { tokens: { ...NO_TOKENS, input, output }, isCacheLost: true };
}

function eventOf(run: RunFacts, { recorded, message, name, role }: Call, start: string): object {
  const served = textOf(objectAt(message.raw_data).model);
  const callId = textOf(objectAt(message.raw_data).id);
  const asked = litellmModel(name);
  return modelStep(run, {
    id: recorded.step,
    at: timeOf(textOf(message.timestamp), start),
    provider: asked.provider,
    model: served ?? asked.model,
    tokens: recorded.tokens,
    completeness: recorded.isCacheLost ? "partial" : "exact",
    ...(callId === undefined ? {} : { callId: idOf(asked.provider, callId) }),
    labels: { side: role === "user" ? "user" : "agent" },
  });
}

function toolSteps(run: RunFacts, messages: readonly JsonObject[], start: string): object[] {
  const calls = messages.flatMap((message) => objectsOf(message.tool_calls));
  const byId = new Map(calls.map((call) => [textOf(call.id), call]));
  return messages.flatMap((message, position) => {
    if (message.role !== "tool") return [];
    const call = byId.get(textOf(message.id));
    const tool = textOf(call?.name) ?? "unknown";
    const at = timeOf(textOf(message.timestamp), start);
    const status = message.error === true ? "error" : "ok";
    const asked = call?.arguments;
    return [toolStep(run, { id: stepId(message, position), at, tool, status, asked })];
  });
}
