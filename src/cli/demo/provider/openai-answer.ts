/** What OpenAI's chat and embedding endpoints answer: bodies, stream chunks and usage. */
import type { OpenAI } from "../vendor-sdks.ts";
import { piecesOf } from "./pieces.ts";
import type { Turn } from "./scenarios.ts";
import { tokensOf } from "./tokens.ts";
import { embed } from "./vector-index.ts";

type Completion = OpenAI.ChatCompletion;
type Chunk = OpenAI.ChatCompletionChunk;
type Delta = Chunk["choices"][number]["delta"];

/** Facts of one answer: `cachedTokens` is a part of `promptTokens`. */
export interface AnswerFacts {
  readonly id: string;
  readonly model: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

/** The text that a chat prompt is counted by. Tools come first, as they change least. */
export function chatPromptText(request: OpenAI.ChatCompletionCreateParams): string {
  return [...(request.tools ?? []), ...request.messages]
    .map((part) => JSON.stringify(part))
    .join("");
}

/** The whole body of an answer. */
export function chatCompletion(turn: Turn, facts: AnswerFacts): Completion {
  const calls = (turn.calls ?? []).map(({ name, input }, index) => {
    const call = { name, arguments: JSON.stringify(input) };
    return { id: `call_${facts.id}_${index}`, type: "function" as const, function: call };
  });
  const message = { role: "assistant" as const, content: turn.text, refusal: null };
  return {
    id: `chatcmpl-${facts.id}`,
    object: "chat.completion",
    created: 0,
    model: facts.model,
    choices: [
      {
        index: 0,
        finish_reason: calls.length === 0 ? "stop" : "tool_calls",
        logprobs: null,
        message: calls.length === 0 ? message : { ...message, tool_calls: calls },
      },
    ],
    usage: chatUsage(turn, facts),
  };
}

/** Reasoning is inside the completion, what was cached is inside the prompt. */
function chatUsage(turn: Turn, { promptTokens, cachedTokens }: AnswerFacts) {
  const reasoning = tokensOf(turn.reasoning ?? "");
  const calls = (turn.calls ?? []).map((call) => tokensOf(JSON.stringify(call)));
  const visible = calls.reduce((sum, tokens) => sum + tokens, tokensOf(turn.text));
  return {
    prompt_tokens: promptTokens,
    completion_tokens: visible + reasoning,
    total_tokens: promptTokens + visible + reasoning,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}

/** The answer as a stream. Usage comes last and only on request, in a chunk without choices. */
export function chatChunks(completion: Completion, includeUsage: boolean): Chunk[] {
  const { id, model, usage } = completion;
  const head = { id, model, created: 0, object: "chat.completion.chunk" as const };
  const chunk = (delta: Delta, finish: "stop" | "tool_calls" | null = null): Chunk => {
    return { ...head, choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] };
  };
  const choice = completion.choices[0];
  const calls = choice?.message.tool_calls?.filter((call) => call.type === "function") ?? [];
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    ...piecesOf(choice?.message.content ?? "").map((content) => chunk({ content })),
    ...calls.flatMap((call, index) => callDeltas(call, index).map((delta) => chunk(delta))),
    chunk({}, calls.length === 0 ? "stop" : "tool_calls"),
  ];
  return includeUsage && usage ? [...chunks, { ...head, choices: [], usage }] : chunks;
}

/** A tool call comes as its name, then its arguments in pieces. */
function callDeltas(call: OpenAI.ChatCompletionMessageFunctionToolCall, index: number): Delta[] {
  const { name, arguments: json } = call.function;
  const start = {
    index,
    id: call.id,
    type: "function" as const,
    function: { name, arguments: "" },
  };
  const pieces = piecesOf(json).map((piece) => ({ index, function: { arguments: piece } }));
  return [start, ...pieces].map((delta) => ({ tool_calls: [delta] }));
}

/** Vectors of the inputs, as base64 of little-endian floats where the SDK asks for that. */
export function embeddingsAnswer(request: OpenAI.EmbeddingCreateParams) {
  const inputs = [request.input].flat().map(String);
  const isText = request.encoding_format === "base64";
  const data = inputs.map((input, index) => {
    const vector = embed(input);
    const embedding = isText ? Buffer.from(new Float32Array(vector).buffer) : vector;
    const shown = Buffer.isBuffer(embedding) ? embedding.toString("base64") : embedding;
    return { object: "embedding", index, embedding: shown };
  });
  const tokens = inputs.reduce((sum, input) => sum + tokensOf(input), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { object: "list", data, model: request.model, usage };
}
