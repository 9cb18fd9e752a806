/**
 * A research agent on Anthropic's messages, working in a run of its own below the one that asked.
 * Its first call is not streamed, the later ones are; where a stream breaks, the call is made
 * again. Nothing here meters: the client's fetch records what was seen of each.
 */
import { HANDBOOK_TEXT } from "../handbook.ts";
import type { Anthropic } from "../vendor-sdks.ts";
import { anthropicClient, searchWeb, type Work } from "./services.ts";
import { RESEARCH_TOOLS, toAnthropicTool } from "./tool-list.ts";

const MODEL = "claude-sonnet-5";
const ANSWER_MAX_TOKENS = 1024;
const TURNS_MAX_COUNT = 6;
const STREAMS_MAX_COUNT = 3;
const INSTRUCTIONS = "You find facts for a support agent. Its handbook, for context:\n\n";

type Message = Anthropic.Message;
type MessageParam = Anthropic.MessageParam;

/** Answers a question in a run of its own below the one around it. */
export async function research(above: Work, question: string): Promise<string> {
  const { tollgate } = above.metering;
  const run = tollgate.open({ id: `${above.run.id}/research`, agent: "research" });
  const answer = await run.within(() => findOut({ ...above, run }, question));
  run.close(answer === null ? "failed" : "completed");
  return answer ?? "Nothing found.";
}

/** Null: it gave up. */
async function findOut(work: Work, question: string): Promise<string | null> {
  const client = anthropicClient(work);
  const messages: MessageParam[] = [{ role: "user", content: question }];
  for (let turn = 0; turn < TURNS_MAX_COUNT; turn += 1) {
    const message = await ask(client, requestFor(work.run.id, messages));
    const uses = message.content.filter((block) => block.type === "tool_use");
    if (uses.length === 0) return textOf(message);
    messages.push({ role: "assistant", content: message.content });
    const results = await Promise.all(
      uses.map(async ({ id, input }) => {
        const content = await searchWeb(work, (input as { readonly query: string }).query);
        return { type: "tool_result" as const, tool_use_id: id, content };
      }),
    );
    messages.push({ role: "user", content: results });
  }
  return null;
}

type Request = ReturnType<typeof requestFor>;

/** One call, made again where its stream breaks. */
async function ask(client: Anthropic, request: Request): Promise<Message> {
  if (request.messages.length === 1) return client.messages.create(request);
  for (let round = 1; ; round += 1) {
    const stream = client.messages.stream(request);
    try {
      return await stream.finalMessage();
    } catch (error) {
      if (stream.currentMessage === undefined || round === STREAMS_MAX_COUNT) throw error;
    }
  }
}

/** The handbook is marked for an hour, the dialogue so far for five minutes. */
function requestFor(run: string, messages: readonly MessageParam[]) {
  const hour = { type: "ephemeral" as const, ttl: "1h" as const };
  const system = [
    { type: "text" as const, text: INSTRUCTIONS + HANDBOOK_TEXT, cache_control: hour },
  ];
  const last = messages.at(-1);
  const marked = [...messages.slice(0, -1), ...(last === undefined ? [] : [withMark(last)])];
  return {
    model: MODEL,
    max_tokens: ANSWER_MAX_TOKENS,
    metadata: { user_id: `research/${run}` },
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

function textOf({ content }: Message): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("");
}
