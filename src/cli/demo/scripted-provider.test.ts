/** The stand-in against the vendors' real SDKs. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ScriptedProvider, startScriptedProvider } from "./scripted-provider.ts";
import { type Anthropic, loadVendorSdks, type OpenAI } from "./vendor-sdks.ts";

let provider: ScriptedProvider;
let openai: OpenAI;
let anthropic: Anthropic;

before(async () => {
  provider = await startScriptedProvider();
  const sdks = await loadVendorSdks();
  const key = { apiKey: "not-needed" };
  openai = new sdks.OpenAI({ ...key, baseURL: `${provider.baseUrl}/openai/v1` });
  anthropic = new sdks.Anthropic({ ...key, baseURL: `${provider.baseUrl}/anthropic` });
});
after(() => provider.close());

const LONG = "A rule of the house. ".repeat(300);

async function allOf<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

function chat(conversation: string, answers = 0) {
  const said = Array.from(
    { length: answers },
    () => ({ role: "assistant", content: "…" }) as const,
  );
  const system = { role: "system", content: LONG } as const;
  return { model: "gpt-5.1", prompt_cache_key: conversation, messages: [system, ...said] };
}

describe("OpenAI's SDK", () => {
  test("gets an answer with tool calls, reasoning and consistent usage", async () => {
    const { choices, usage, model } = await openai.chat.completions.create(chat("ticket/1"));
    assert.equal(choices[0]?.finish_reason, "tool_calls");
    assert.equal(choices[0]?.message.tool_calls?.length, 2);
    assert.equal(model, "gpt-5.1");
    const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    assert.ok(reasoning > 0 && reasoning < (usage?.completion_tokens ?? 0));
    assert.equal(
      usage?.prompt_tokens,
      Math.ceil(Buffer.byteLength(JSON.stringify(chat("").messages[0])) / 4),
    );
  });

  test("reads the beginning of a second prompt from the cache", async () => {
    await openai.chat.completions.create(chat("question/cached"));
    const { usage } = await openai.chat.completions.create(chat("question/cached", 1));
    const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
    assert.ok(cached >= 1024 && cached % 128 === 0 && cached < (usage?.prompt_tokens ?? 0));
  });

  test("streams the same answer, with usage only on request and in the last chunk", async () => {
    const whole = await openai.chat.completions.create(chat("ticket/whole"));
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const stream = await openai.chat.completions.create({ ...chat("ticket/streamed"), ...options });
    const chunks = await allOf(stream);
    const { choices = [], usage } = chunks.at(-1) ?? {};
    assert.deepEqual([choices, usage], [[], whole.usage]);
    assert.ok(chunks.slice(0, -1).every((chunk) => !chunk.usage && chunk.choices.length === 1));
    const bare = await openai.chat.completions.create({ ...chat("ticket/bare"), stream: true });
    const others = await allOf(bare);
    assert.ok(others.every((chunk) => !chunk.usage));
    assert.equal(others.length, chunks.length - 1);
  });

  test("puts a streamed tool call together", async () => {
    const stream = openai.chat.completions.stream(chat("loop/1"));
    const call = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls?.[0];
    assert.equal(call?.type, "function");
    assert.deepEqual(JSON.parse(call?.type === "function" ? call.function.arguments : ""), {
      query: "warranty of a bag bought from a reseller",
    });
  });

  test("retries a failure of the server on its own", async () => {
    const completion = await openai.chat.completions.create(chat("ticket/retried", 1));
    assert.equal(completion.choices[0]?.message.tool_calls?.length, 1);
    const again = openai.withOptions({ maxRetries: 0 });
    const failing = again.chat.completions.create(chat("ticket/unretried", 1));
    await assert.rejects(failing, { status: 500 });
  });

  test("embeds a text alike as numbers and as base64", async () => {
    const request = { model: "text-embedding-3-small", input: "When is a late order refunded?" };
    const coded = await openai.embeddings.create(request);
    const plain = await openai.embeddings.create({ ...request, encoding_format: "float" });
    const [a, b] = [coded, plain].map(({ data }) => data[0]?.embedding.map(Math.fround));
    assert.deepEqual(a, b);
    assert.equal(coded.usage.prompt_tokens, Math.ceil(request.input.length / 4));
  });

  test("is told when a conversation has no script", async () => {
    await assert.rejects(openai.chat.completions.create(chat("unknown/1")), { status: 404 });
  });
});

function messages(conversation: string, answers = 0): Anthropic.MessageCreateParamsNonStreaming {
  const hour = { type: "ephemeral", ttl: "1h" } as const;
  const said = Array.from(
    { length: answers },
    () => ({ role: "assistant", content: "…" }) as const,
  );
  return {
    model: "claude-sonnet-5",
    max_tokens: 100,
    metadata: { user_id: conversation },
    system: [{ type: "text", text: LONG, cache_control: hour }],
    messages: [{ role: "user", content: "Why?" }, ...said],
  };
}

describe("Anthropic's SDK", () => {
  test("retries an overload, then gets a tool use and a cache write by lifetime", async () => {
    const { content, usage, stop_reason } = await anthropic.messages.create(messages("research/1"));
    assert.equal(stop_reason, "tool_use");
    assert.equal(content[1]?.type, "tool_use");
    const { ephemeral_1h_input_tokens: hour, ephemeral_5m_input_tokens: minutes } =
      usage.cache_creation ?? {};
    assert.equal(minutes, 0);
    assert.ok(hour !== undefined && hour > 1024);
    assert.equal(usage.cache_creation_input_tokens, hour);
    const next = await anthropic.messages.create(messages("research/1", 1));
    assert.equal(next.usage.cache_read_input_tokens, hour);
    assert.equal(next.usage.cache_creation_input_tokens, 0);
  });

  test("streams the same usage as the whole answer has", async () => {
    const whole = await anthropic.messages.create(messages("research/whole", 1));
    const streamed = await anthropic.messages
      .stream(messages("research/streamed", 1))
      .finalMessage();
    assert.deepEqual(streamed.usage, whole.usage);
    assert.deepEqual(streamed.content[1]?.type, "tool_use");
  });

  test("loses a stream in the middle, knowing its input; the next attempt is whole", async () => {
    const stream = anthropic.messages.stream(messages("research/cut", 2));
    await assert.rejects(stream.finalMessage());
    const begun = stream.currentMessage;
    const text = begun?.content[0]?.type === "text" ? begun.content[0].text : "";
    assert.ok((begun?.usage.cache_creation_input_tokens ?? 0) > 1024);
    assert.equal(begun?.usage.output_tokens, 1);
    const whole = await anthropic.messages.stream(messages("research/cut", 2)).finalMessage();
    const answer = whole.content[0]?.type === "text" ? whole.content[0].text : "";
    assert.ok(text.length > 0 && text.length < answer.length && answer.startsWith(text));
  });
});

test("the vector index finds the article that a question is about", async () => {
  const input = "When is a late order refunded in full?";
  const { data } = await openai.embeddings.create({ model: "text-embedding-3-small", input });
  const body = JSON.stringify({ vector: data[0]?.embedding, topK: 2 });
  const response = await fetch(`${provider.baseUrl}/pinecone/query`, { method: "POST", body });
  const { matches, usage } = (await response.json()) as {
    readonly matches: readonly { readonly id: string }[];
    readonly usage: { readonly readUnits: number };
  };
  assert.equal(matches.length, 2);
  assert.equal(matches[0]?.id, "refunds");
  assert.ok(Number.isInteger(usage.readUnits) && usage.readUnits > 0);
});

test("an unknown address is answered, not left hanging", async () => {
  assert.equal((await fetch(`${provider.baseUrl}/nowhere`)).status, 404);
});
