/**
 * A support agent as people write them: a loop around OpenAI's chat completions that runs the
 * tools the model asks for until it answers, or until its own limit of steps. It works with the
 * real `openai` package; Tollgate's client meters and guards it by the fetch that it is given.
 */

import { HANDBOOK_TEXT } from "../handbook.ts";
import type { Metering } from "../metering.ts";
import { type CallRefused, refusalOf } from "../sdk.ts";
import type { OpenAI } from "../vendor-sdks.ts";
import { research } from "./research-agent.ts";
import { openaiClient, queryVectors, type Services, searchWeb, type Work } from "./services.ts";
import { SUPPORT_TOOLS, toOpenaiTool } from "./tool-list.ts";

const MODEL = "gpt-5.1";
/** Asked for where calls are held: the hold sets aside no more. */
const ANSWER_MAX_TOKENS = 200;
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

/** The run that a task is worked on in. */
export interface TaskRun {
  readonly run: string;
  readonly customer: string;
}

/** Why an agent stopped. */
export type AgentEnd = "answered" | "step_limit" | { readonly refused: CallRefused };

type MessageParam = OpenAI.ChatCompletionMessageParam;

interface SupportWork extends Work {
  readonly openai: OpenAI;
  readonly task: SupportTask;
}

/** Works on one task in one run, which it opens and closes. */
export async function runSupportAgent(
  { services, metering }: { readonly services: Services; readonly metering: Metering },
  { run: id, customer }: TaskRun,
  task: SupportTask,
): Promise<AgentEnd> {
  const run = metering.tollgate.open({ id, customer, agent: "support" });
  const work = { services, metering, run, task, openai: openaiClient({ services, metering }) };
  const end = await run.within(() => converse(work)).catch(refusal);
  if (end === "answered") run.outcome("ticket_resolved");
  run.close(end === "answered" ? "completed" : "failed");
  await metering.settle();
  return end;
}

/** A budget ended it: what was done is recorded, and the run is closed like any other. */
function refusal(error: unknown): AgentEnd {
  const refused = refusalOf(error);
  if (refused !== null) return { refused };
  throw error;
}

async function converse(work: SupportWork): Promise<AgentEnd> {
  const { task, metering } = work;
  const messages: MessageParam[] = [
    { role: "system", content: INSTRUCTIONS + HANDBOOK_TEXT },
    { role: "user", content: task.question },
  ];
  for (let turn = 0; turn < task.maxTurns; turn += 1) {
    // What was recorded is counted first, so that the answer is about the run as it is.
    if (metering.isGuarded) await metering.settle();
    const { content, calls } = await ask(work, messages);
    if (calls.length === 0) return "answered";
    messages.push({ role: "assistant", content, tool_calls: calls });
    for (const call of calls) {
      const input = JSON.parse(call.function.arguments) as Record<string, string>;
      const result = await useTool(work, call.function.name, input);
      messages.push({ role: "tool", tool_call_id: call.id, content: result });
    }
  }
  return "step_limit";
}

/** One model call. */
async function ask({ openai, run, task, metering }: SupportWork, messages: MessageParam[]) {
  const request = {
    model: MODEL,
    messages,
    tools: SUPPORT_TOOLS.map(toOpenaiTool),
    prompt_cache_key: `${task.scenario}/${run.id}`,
    ...(metering.isGuarded ? { max_completion_tokens: ANSWER_MAX_TOKENS } : {}),
  };
  const { choices } = task.isStreaming
    ? await openai.chat.completions.stream(request).finalChatCompletion()
    : await openai.chat.completions.create(request);
  const message = choices[0]?.message;
  const calls = (message?.tool_calls ?? []).filter((call) => call.type === "function");
  return { content: message?.content ?? "", calls };
}

/** Runs a tool and gives its result as text for the model. */
function useTool(
  work: SupportWork,
  name: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  if (name === "web_search") return searchWeb(work, input.query ?? "");
  // The shop's own payment service has no public price: its cost stays unknown until someone says.
  const paid = name === "refund_order" ? { provider: "shop-payments", units: { requests: 1 } } : {};
  return work.run.tool(name, { ...paid, arguments: input }, () => runTool(work, name, input));
}

async function runTool(
  work: SupportWork,
  name: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  switch (name) {
    case "lookup_order":
      return `Order ${input.order}: bag, 129.00 EUR, promised the 6th, last scan the 8th.`;
    case "refund_order":
      return `Order ${input.order} refunded: 129.00 EUR.`;
    case "search_handbook":
      return searchHandbook(work, input.question ?? "");
    case "research":
      return research(work, input.question ?? "");
    default:
      return `There is no tool ${name}.`;
  }
}

/** Retrieval: the question becomes a vector, the vector index gives the nearest articles. */
async function searchHandbook(work: SupportWork, question: string): Promise<string> {
  const request = { model: EMBEDDING_MODEL, input: question };
  const { data } = await work.openai.embeddings.create(request);
  return queryVectors(work, data[0]?.embedding ?? []);
}
