/**
 * A support agent as people write them: a loop around OpenAI's chat completions that runs the
 * tools the model asks for until it answers, or until its own limit of steps. It works with the
 * real `openai` package and reports each step with the provider's own usage block.
 */
import { HANDBOOK_TEXT } from "../handbook.ts";
import type { OpenAI } from "../vendor-sdks.ts";
import { type HoldDecision, Refused } from "./hold-gate.ts";
import { research } from "./research-agent.ts";
import { nowText, type RunRecorder } from "./run-recorder.ts";
import { openaiClient, queryVectors, type Services, searchWeb } from "./services.ts";
import { SUPPORT_TOOLS, toOpenaiTool } from "./tool-list.ts";

const MODEL = "gpt-5.1";
/** Asked for where calls are held: the hold sets aside no more. */
const ANSWER_MAX_TOKENS = 200;
const CHARACTERS_PER_TOKEN_AT_LEAST = 2;
const EMBEDDING_MODEL = "text-embedding-3-small";
const INSTRUCTIONS = "You answer customers of a shop for bags. Follow the handbook.\n\n";

/** What a customer wants, and how far the agent may go. */
export interface SupportTask {
  /** Which script the stand-in plays: `ticket`, `question` or `loop`. */
  readonly scenario: string;
  readonly question: string;
  /** Most model calls before the agent gives up. */
  readonly maxTurns: number;
  readonly isStreaming: boolean;
}

/** Why an agent stopped. */
export type AgentEnd = "answered" | "step_limit" | { readonly refused: HoldDecision };

type Completion = OpenAI.ChatCompletion;
type MessageParam = OpenAI.ChatCompletionMessageParam;

interface Work {
  readonly services: Services;
  readonly recorder: RunRecorder;
  readonly openai: ReturnType<typeof openaiClient>;
  readonly task: SupportTask;
}

/** Works on one task in one run, which it opens and closes. */
export async function runSupportAgent(
  services: Services,
  recorder: RunRecorder,
  task: SupportTask,
): Promise<AgentEnd> {
  recorder.open();
  const work = { services, recorder, task, openai: openaiClient(services, recorder, MODEL) };
  const end = await converse(work).catch(refusal);
  if (end === "answered") recorder.outcome("ticket_resolved");
  recorder.close(end === "answered" ? "completed" : "failed");
  await recorder.flush();
  return end;
}

/** A budget ended it: what was done is recorded, and the run is closed like any other. */
function refusal(error: unknown): AgentEnd {
  if (error instanceof Refused) return { refused: error.decision };
  throw error;
}

async function converse(work: Work): Promise<AgentEnd> {
  const { task } = work;
  const messages: MessageParam[] = [
    { role: "system", content: INSTRUCTIONS + HANDBOOK_TEXT },
    { role: "user", content: task.question },
  ];
  for (let turn = 0; turn < task.maxTurns; turn += 1) {
    const { content, calls, step } = await ask(work, messages);
    if (calls.length === 0) return "answered";
    messages.push({ role: "assistant", content, tool_calls: calls });
    for (const call of calls) {
      const input = JSON.parse(call.function.arguments) as Record<string, string>;
      const result = await useTool(work, { name: call.function.name, input, parentStep: step });
      messages.push({ role: "tool", tool_call_id: call.id, content: result });
    }
  }
  return "step_limit";
}

/** One model call, recorded with the usage that the provider states. */
async function ask(work: Work, messages: MessageParam[]) {
  const { recorder, openai, task } = work;
  const request = {
    model: MODEL,
    messages,
    tools: SUPPORT_TOOLS.map(toOpenaiTool),
    prompt_cache_key: `${task.scenario}/${recorder.place.run}`,
  };
  const { maxOutputTokens, ...named } = await recorder.leave("model", {
    ...{ provider: "openai", model: MODEL },
    inputTokens: mostTokensOf({ messages, tools: request.tools }),
    maxOutputTokens: ANSWER_MAX_TOKENS,
  });
  const bounded =
    maxOutputTokens === null ? request : { ...request, max_completion_tokens: maxOutputTokens };
  const { client, watch } = openai;
  const completion: Completion = task.isStreaming
    ? await client.chat.completions
        .stream({ ...bounded, stream_options: { include_usage: true } })
        .finalChatCompletion()
    : await client.chat.completions.create(bounded);
  const { id, model, usage } = completion;
  const step = recorder.step(
    {
      kind: "model",
      provider: "openai",
      model,
      callId: `openai:${id}`,
      attempt: watch.attempt,
      usageFormat: "openai.chat",
      providerUsage: usage,
    },
    { ...named, occurredAt: watch.occurredAt },
  );
  const message = completion.choices[0]?.message;
  const calls = (message?.tool_calls ?? []).filter((call) => call.type === "function");
  return { content: message?.content ?? "", calls, step };
}

/** More than the provider will count: no tokenizer makes more than one of two characters. */
function mostTokensOf(prompt: object): number {
  return Math.ceil(JSON.stringify(prompt).length / CHARACTERS_PER_TOKEN_AT_LEAST);
}

interface ToolUse {
  readonly name: string;
  readonly input: Readonly<Record<string, string>>;
  readonly parentStep: string;
}

/** Runs a tool and gives its result as text for the model. */
async function useTool(work: Work, use: ToolUse): Promise<string> {
  const { services, recorder } = work;
  const { name, input, parentStep } = use;
  if (name === "web_search") {
    return searchWeb(services, recorder, { query: input.query ?? "", parentStep });
  }
  const id = recorder.nextId("tool");
  const occurredAt = nowText();
  const result = await runTool(work, { ...use, parentStep: id });
  // The shop's own payment service has no public price: its cost stays unknown until someone says.
  const paid = name === "refund_order" ? { provider: "shop-payments", usage: { requests: 1 } } : {};
  recorder.step({ kind: "tool", tool: name, parentStep, ...paid }, { id, occurredAt });
  return result;
}

async function runTool(work: Work, { name, input, parentStep }: ToolUse): Promise<string> {
  const { services, recorder } = work;
  switch (name) {
    case "lookup_order":
      return `Order ${input.order}: bag, 129.00 EUR, promised the 6th, last scan the 8th.`;
    case "refund_order":
      return `Order ${input.order} refunded: 129.00 EUR.`;
    case "search_handbook":
      return searchHandbook(work, { question: input.question ?? "", parentStep });
    case "research":
      return research(services, recorder.child("research", "research"), input.question ?? "");
    default:
      return `There is no tool ${name}.`;
  }
}

/** Retrieval: the question becomes a vector, the vector index gives the nearest articles. */
async function searchHandbook(
  { services, recorder, openai }: Work,
  { question, parentStep }: { readonly question: string; readonly parentStep: string },
): Promise<string> {
  const occurredAt = nowText();
  const request = { model: EMBEDDING_MODEL, input: question };
  const { model, usage, data } = await openai.client.embeddings.create(request);
  const service = { provider: "openai", model, usageFormat: "openai.embeddings" };
  recorder.step(
    { kind: "embedding", ...service, providerUsage: usage, parentStep },
    { occurredAt },
  );
  return queryVectors(services, recorder, { vector: data[0]?.embedding ?? [], parentStep });
}
