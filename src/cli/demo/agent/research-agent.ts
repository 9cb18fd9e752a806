/**
 * A research agent on Anthropic's messages, working in a run of its own below the one that asked.
 * Its first call is not streamed, the later ones are; a stream that breaks is recorded with what
 * is known of it, and the call is made again.
 */
import { HANDBOOK_TEXT } from "../handbook.ts";
import type { Anthropic } from "../vendor-sdks.ts";
import type { RunRecorder, StepFacts } from "./run-recorder.ts";
import { anthropicClient, type Services, searchWeb, type WatchedClient } from "./services.ts";
import { RESEARCH_TOOLS, toAnthropicTool } from "./tool-list.ts";

const MODEL = "claude-sonnet-5";
const ANSWER_MAX_TOKENS = 1024;
const TURNS_MAX_COUNT = 6;
const STREAMS_MAX_COUNT = 3;
const INSTRUCTIONS = "You find facts for a support agent. Its handbook, for context:\n\n";
/** Characters that stand for one token where a broken stream leaves its output uncounted. */
const CHARACTERS_PER_TOKEN = 4;

type Message = Anthropic.Message;
type Anthropics = WatchedClient<Anthropic>;

/** Answers a question in a run of its own, which it opens and closes. */
export async function research(
  services: Services,
  recorder: RunRecorder,
  question: string,
): Promise<string> {
  recorder.open();
  const anthropic = anthropicClient(services, recorder, MODEL);
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: question }];
  let answer: string | null = null;
  for (let turn = 0; turn < TURNS_MAX_COUNT && answer === null; turn += 1) {
    const { message, step } = await ask(anthropic, recorder, messages);
    const uses = message.content.filter((block) => block.type === "tool_use");
    if (uses.length === 0) answer = textOf(message);
    messages.push({ role: "assistant", content: message.content });
    const results = await Promise.all(
      uses.map(async ({ id, input }) => {
        const { query } = input as { readonly query: string };
        const content = await searchWeb(services, recorder, { query, parentStep: step });
        return { type: "tool_result" as const, tool_use_id: id, content };
      }),
    );
    messages.push({ role: "user", content: results });
  }
  recorder.close(answer === null ? "failed" : "completed");
  return answer ?? "Nothing found.";
}

/** One call with its attempts; gives the message and the id of its step. */
async function ask(
  anthropic: Anthropics,
  recorder: RunRecorder,
  messages: readonly MessageParam[],
) {
  const request = requestFor(recorder, messages);
  const { client, watch } = anthropic;
  if (messages.length === 1) {
    const message = await client.messages.create(request);
    const { occurredAt } = watch;
    return { message, step: recorder.step(stepOf(message, watch.attempt), { occurredAt }) };
  }
  for (let round = 1; ; round += 1) {
    const stream = client.messages.stream(request);
    try {
      const message = await stream.finalMessage();
      const attempt = round - 1 + watch.attempt;
      const { occurredAt } = watch;
      return { message, step: recorder.step(stepOf(message, attempt), { occurredAt }) };
    } catch (error) {
      const begun = stream.currentMessage;
      if (begun === undefined || round === STREAMS_MAX_COUNT) throw error;
      recorder.step(brokenStepOf(begun, round - 1 + watch.attempt), {
        occurredAt: watch.occurredAt,
      });
    }
  }
}

type MessageParam = Anthropic.MessageParam;

/** The handbook is marked for an hour, the dialogue so far for five minutes. */
function requestFor(recorder: RunRecorder, messages: readonly MessageParam[]) {
  const hour = { type: "ephemeral" as const, ttl: "1h" as const };
  const system = [
    { type: "text" as const, text: INSTRUCTIONS + HANDBOOK_TEXT, cache_control: hour },
  ];
  const last = messages.at(-1);
  const marked = [...messages.slice(0, -1), ...(last === undefined ? [] : [withMark(last)])];
  return {
    model: MODEL,
    max_tokens: ANSWER_MAX_TOKENS,
    metadata: { user_id: `research/${recorder.place.run}` },
    tools: RESEARCH_TOOLS.map(toAnthropicTool),
    system,
    messages: marked,
  };
}

function withMark(message: MessageParam): MessageParam {
  if (message.role !== "user") return message;
  const { content } = message;
  if (typeof content === "string") return message;
  const mark = { cache_control: { type: "ephemeral" as const, ttl: "5m" as const } };
  const blocks = content.map((block, index) => {
    const isLast = index === content.length - 1 && block.type === "tool_result";
    return isLast ? { ...block, ...mark } : block;
  });
  return { ...message, content: blocks };
}

function stepOf({ id, model, usage }: Message, attempt: number): StepFacts {
  const call = { kind: "model", provider: "anthropic", model, callId: `anthropic:${id}` } as const;
  return { ...call, attempt, usageFormat: "anthropic.messages", providerUsage: usage };
}

/**
 * A stream that broke told its input at the start. Its output is estimated from the text that
 * arrived: a lower bound, marked partial, so that a better record may take its place.
 */
function brokenStepOf(message: Message, attempt: number): StepFacts {
  const seen = Math.ceil(textOf(message).length / CHARACTERS_PER_TOKEN);
  const outputTokens = Math.max(seen, message.usage.output_tokens);
  const usage = { ...message.usage, output_tokens: outputTokens };
  const step = stepOf({ ...message, usage }, attempt);
  return { ...step, status: "aborted", completeness: "partial" };
}

function textOf({ content }: Message): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("");
}
