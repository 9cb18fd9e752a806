/** What Anthropic's messages endpoint answers: bodies, stream events and usage. */
import type { Anthropic } from "../vendor-sdks.ts";
import { piecesOf } from "./pieces.ts";
import type { Turn } from "./scenarios.ts";
import { type CachedInput, type PromptBlock, tokensOf } from "./tokens.ts";

type Message = Anthropic.Message;
type StreamEvent = Anthropic.RawMessageStreamEvent;
type Marked = { readonly cache_control?: Anthropic.CacheControlEphemeral | null };

/** Facts of one answer. */
export interface MessageFacts {
  readonly id: string;
  readonly model: string;
  readonly input: CachedInput;
}

/** The prompt as blocks in the order in which the vendor caches them: tools, system, messages. */
export function promptBlocks(request: Anthropic.MessageCreateParams): PromptBlock[] {
  const system = typeof request.system === "string" ? [{ text: request.system }] : request.system;
  const messages = request.messages.flatMap(({ content }): readonly object[] => {
    return typeof content === "string" ? [{ text: content }] : content;
  });
  return [...(request.tools ?? []), ...(system ?? []), ...messages].map(blockOf);
}

function blockOf(part: object): PromptBlock {
  const { cache_control: mark, ...rest } = part as Marked;
  return { text: JSON.stringify(rest), marked: mark ? (mark.ttl ?? "5m") : null };
}

/** The whole body of an answer. */
export function message(turn: Turn, facts: MessageFacts): Message {
  const calls = (turn.calls ?? []).map(({ name, input }, index) => {
    const caller = { type: "direct" as const };
    return { type: "tool_use" as const, id: `toolu_${facts.id}_${index}`, name, input, caller };
  });
  return {
    id: `msg_${facts.id}`,
    type: "message",
    role: "assistant",
    model: facts.model,
    content: [{ type: "text", text: turn.text, citations: null }, ...calls],
    stop_reason: calls.length === 0 ? "end_turn" : "tool_use",
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: messageUsage(turn, facts.input),
  };
}

/** `input_tokens` leaves out what was read from or written to the cache. */
function messageUsage(turn: Turn, { uncached, read, written }: CachedInput): Anthropic.Usage {
  const calls = (turn.calls ?? []).map((call) => tokensOf(JSON.stringify(call)));
  return {
    input_tokens: uncached,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written["5m"] + written["1h"],
    cache_creation: {
      ephemeral_5m_input_tokens: written["5m"],
      ephemeral_1h_input_tokens: written["1h"],
    },
    output_tokens: calls.reduce((sum, tokens) => sum + tokens, tokensOf(turn.text)),
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: "standard",
    inference_geo: null,
    speed: null,
  };
}

/** The answer as a stream: input is told at the start, output at the end, cumulatively. */
export function messageEvents(whole: Message): StreamEvent[] {
  const { content, stop_reason, usage } = whole;
  const started: Message = {
    ...whole,
    content: [],
    stop_reason: null,
    usage: { ...usage, output_tokens: 1 },
  };
  return [
    { type: "message_start", message: started },
    ...content.flatMap(blockEvents),
    {
      type: "message_delta",
      delta: { stop_reason, stop_sequence: null, stop_details: null, container: null },
      usage,
    },
    { type: "message_stop" },
  ];
}

function blockEvents(block: Anthropic.ContentBlock, index: number): StreamEvent[] {
  const stop: StreamEvent = { type: "content_block_stop", index };
  if (block.type === "text") {
    const start = { ...block, text: "" };
    const deltas = piecesOf(block.text).map((text): StreamEvent => {
      return { type: "content_block_delta", index, delta: { type: "text_delta", text } };
    });
    return [{ type: "content_block_start", index, content_block: start }, ...deltas, stop];
  }
  if (block.type !== "tool_use") return [];
  const start = { ...block, input: {} };
  const deltas = piecesOf(JSON.stringify(block.input)).map((json): StreamEvent => {
    const delta = { type: "input_json_delta" as const, partial_json: json };
    return { type: "content_block_delta", index, delta };
  });
  return [{ type: "content_block_start", index, content_block: start }, ...deltas, stop];
}
