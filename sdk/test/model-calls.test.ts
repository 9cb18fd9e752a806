/** Model calls through the vendors' real SDKs: what is held before, and recorded after. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAT, eventually, MESSAGE, sdkWorld, usageOf } from "./sdk-world.ts";

const RUN = { customer: "acme", agent: "support" };

test("a chat call is held, made and settled by the provider's own usage", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const answer = await tollgate.run({ ...RUN, id: "run-1" }, () =>
    openai.chat.completions.create({ ...CHAT, max_completion_tokens: 200 }),
  );
  assert.equal(answer.choices[0]?.message.content, "one two three four five");
  await tollgate.flush();
  const [ask] = server.asks;
  assert.deepEqual(
    [ask?.run, ask?.open?.customer, ask?.open?.agent, ask?.hold.model, ask?.hold.provider],
    ["run-1", "acme", "support", "gpt-5.1", "openai"],
  );
  assert.equal(ask?.hold.maxOutputTokens, 200);
  assert.equal(server.stateOf(ask?.hold.id ?? ""), "settled");
  const [step] = server.steps;
  assert.ok(step);
  assert.equal(step.id, ask?.hold.id);
  assert.equal(step.callId, `openai:${answer.id}`);
  assert.deepEqual([step.status, step.completeness, step.attempt], ["ok", "exact", 1]);
  assert.deepEqual(usageOf(step), {
    cache_read: "400",
    input_uncached: "600",
    output_reasoning: "4",
    output_text: "6",
  });
  assert.deepEqual(
    server.events.map(({ type }) => type),
    ["step", "run.closed"],
  );
});

test("a messages call keeps its cache buckets", async (t) => {
  const { server, tollgate, anthropic } = await sdkWorld(t);
  const answer = await tollgate.run(RUN, () => anthropic.messages.create(MESSAGE));
  await tollgate.flush();
  const [step] = server.steps;
  assert.ok(step);
  assert.equal(step.callId, `anthropic:${answer.id}`);
  assert.deepEqual(usageOf(step), {
    cache_read: "300",
    cache_write_1h: "10",
    cache_write_5m: "20",
    input_uncached: "1000",
    output_text: "6",
  });
});

test("a response's hosted tools are counted, and none of its content is sent", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const input = "A private question.";
  const request = { model: "gpt-5.1", input };
  await tollgate.run(RUN, async () => {
    await openai.responses.create(request);
    for await (const event of await openai.responses.create({ ...request, stream: true }))
      void event;
  });
  await tollgate.flush();
  const expected = {
    cache_read: "100",
    input_uncached: "900",
    output_reasoning: "20",
    output_text: "30",
    web_searches: "1",
  };
  assert.deepEqual(server.steps.map(usageOf), [expected, expected]);
  const sent = JSON.stringify(server.sent);
  for (const content of ["private", "secret", "three"]) assert.ok(!sent.includes(content), content);
});

test("an embedding is known by its request's id", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  await tollgate.run(RUN, () =>
    openai.embeddings.create({ model: "text-embedding-3-small", input: "Hello." }),
  );
  await tollgate.flush();
  const [step] = server.steps;
  assert.ok(step);
  assert.deepEqual([step.kind, step.callId], ["embedding", "openai:req_1"]);
  assert.deepEqual(usageOf(step), { input_uncached: "12" });
  assert.equal(server.asks[0]?.hold.maxOutputTokens, undefined);
});

test("a chat stream tells its usage without an extra chunk", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  let text = "";
  await tollgate.run(RUN, async () => {
    for await (const chunk of await openai.chat.completions.create({ ...CHAT, stream: true })) {
      assert.equal(chunk.choices.length, 1);
      text += chunk.choices[0]?.delta.content ?? "";
    }
  });
  await tollgate.flush();
  assert.equal(text, "one two three four five");
  assert.deepEqual(provider.seen[0]?.body.stream_options, { include_usage: true });
  const [step] = server.steps;
  assert.ok(step);
  assert.deepEqual([step.status, step.completeness], ["ok", "exact"]);
  assert.equal(usageOf(step).output_text, "6");
});

test("who asks for the usage chunk gets it", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const request = { ...CHAT, stream: true as const, stream_options: { include_usage: true } };
  const usages: unknown[] = [];
  await tollgate.run(RUN, async () => {
    for await (const { usage } of await openai.chat.completions.create(request)) usages.push(usage);
  });
  await tollgate.flush();
  assert.equal(Object(usages.at(-1)).prompt_tokens, 1000);
  assert.equal(server.steps.length, 1);
});

test("a messages stream counts its running totals once", async (t) => {
  const { server, tollgate, anthropic } = await sdkWorld(t);
  const whole = await tollgate.run(RUN, () => anthropic.messages.stream(MESSAGE).finalMessage());
  assert.equal(whole.usage.output_tokens, 6);
  await tollgate.flush();
  assert.deepEqual(server.steps.map(usageOf), [
    {
      cache_read: "300",
      cache_write_1h: "10",
      cache_write_5m: "20",
      input_uncached: "1000",
      output_text: "6",
    },
  ]);
});

const LONG = Array.from({ length: 300 }, (_, index) => `word-${index}`).join(" ");

test("a reader that stops after two chunks ends the call, which is recorded as seen", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  provider.react({ say: LONG, pieceDelayMs: 2 });
  await tollgate.run(RUN, async () => {
    let chunks = 0;
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true })) {
      chunks += 1;
      if (chunks === 2) break;
    }
  });
  await tollgate.flush();
  const [step] = server.steps;
  assert.ok(step);
  assert.deepEqual([step.status, step.completeness], ["aborted", "estimated"]);
  assert.match(step.callId ?? "", /^openai:chatcmpl-/);
  const { input_uncached, output_text } = usageOf(step);
  assert.ok(Number(input_uncached) > 10 && Number(output_text) > 2, JSON.stringify(usageOf(step)));
  assert.ok(Number(output_text) < 100, "only what was seen");
  assert.equal(server.stateOf(step.id), "settled");
  await eventually(() => provider.goneReaders === 1, "the provider's connection is closed");
});

test("a messages stream that is aborted keeps the input that the provider stated", async (t) => {
  const { server, provider, tollgate, anthropic } = await sdkWorld(t);
  provider.react({ say: LONG, hangAfter: 6 });
  const aborter = new AbortController();
  const work = tollgate.run({ ...RUN, id: "aborted" }, async () => {
    const { signal } = aborter;
    const stream = await anthropic.messages.create({ ...MESSAGE, stream: true }, { signal });
    let events = 0;
    for await (const _ of stream) {
      events += 1;
      if (events === 5) setTimeout(() => aborter.abort(), 5);
    }
    aborter.signal.throwIfAborted();
  });
  await assert.rejects(work);
  await tollgate.flush();
  const [step] = server.steps;
  assert.ok(step);
  assert.deepEqual([step.status, step.completeness], ["aborted", "partial"]);
  const { output_text, ...input } = usageOf(step);
  const stated = { cache_read: "300", cache_write_1h: "10", cache_write_5m: "20" };
  assert.deepEqual(input, { ...stated, input_uncached: "1000" });
  assert.ok(Number(output_text) >= 12, `four pieces of three words: ${output_text}`);
  const closed = server.events.find(({ type }) => type === "run.closed");
  assert.equal(closed?.type === "run.closed" && closed.ending, "cancelled");
});

test("a stream that nobody reads any more is recorded, and again when it goes on", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t, { streamIdleMs: 30 });
  provider.react({ say: LONG, pieceDelayMs: 1 });
  await tollgate.run(RUN, async () => {
    const stream = await openai.chat.completions.create({ ...CHAT, stream: true });
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    await eventually(() => server.steps.length > 0, "the idle stream is recorded");
    while (!(await chunks.next()).done);
  });
  await tollgate.flush();
  const [idle] = server.steps;
  const whole = server.steps.at(-1);
  assert.deepEqual([idle?.status, idle?.completeness], ["aborted", "estimated"]);
  assert.deepEqual([whole?.status, whole?.completeness], ["ok", "exact"]);
  assert.equal(idle?.id, whole?.id);
});

test("a stream whose connection breaks is an error with what was seen", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  provider.react({ say: LONG, cutAfter: 4 });
  const work = tollgate.run(RUN, async () => {
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true }));
  });
  await assert.rejects(work);
  await tollgate.flush();
  const [step] = server.steps;
  assert.deepEqual([step?.status, step?.completeness], ["error", "estimated"]);
});

test("a stream passes at its reader's pace", async (t) => {
  const { provider, tollgate, openai } = await sdkWorld(t);
  const say = `${"x".repeat(2000)} `.repeat(12_000);
  provider.react({ say });
  await tollgate.run(RUN, async () => {
    const stream = await openai.chat.completions.create({ ...CHAT, stream: true });
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.ok(
      provider.streamedBytes < 12_000_000,
      `${provider.streamedBytes} bytes were read ahead`,
    );
    await chunks.return?.();
  });
});

test("each attempt of an SDK has a hold and a step of its own", async (t) => {
  const { server, provider, tollgate, openai, anthropic } = await sdkWorld(t);
  provider.react({ status: 429 }, { status: 500 });
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  provider.react({ status: 529 });
  await tollgate.run(RUN, () => anthropic.messages.create(MESSAGE));
  await tollgate.flush();
  const told = server.steps.map(({ status, attempt, callId }) => [status, attempt, callId]);
  assert.deepEqual(told, [
    ["error", 1, "openai:req_1"],
    ["error", 2, "openai:req_2"],
    ["ok", 3, "openai:chatcmpl-3"],
    ["error", 1, "anthropic:req_4"],
    ["ok", 2, "anthropic:msg_5"],
  ]);
  assert.equal(new Set(server.steps.map(({ id }) => id)).size, 5);
  assert.equal(server.asks.length, 5);
  assert.deepEqual(
    new Set([...server.holds.values()].map(({ state }) => state)),
    new Set(["settled"]),
  );
});

test("a call that is given up before an answer is recorded by its input", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  provider.react({ isSilent: true });
  const options = { timeout: 60, maxRetries: 0 };
  const work = tollgate.run(RUN, () => openai.chat.completions.create(CHAT, options));
  await assert.rejects(work, /timed out/);
  await tollgate.flush();
  const [step] = server.steps;
  assert.ok(step);
  assert.deepEqual([step.status, step.completeness], ["aborted", "estimated"]);
  assert.ok(Number(usageOf(step).input_uncached) > 10);
});

test("an answer without usage is estimated and told", async (t) => {
  const { server, provider, tollgate, openai, problems } = await sdkWorld(t);
  provider.react({ isUsageMissing: true });
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  await tollgate.flush();
  assert.deepEqual([server.steps[0]?.status, server.steps[0]?.completeness], ["ok", "estimated"]);
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ["unread"],
  );
});

test("a call outside of any run is made and told", async (t) => {
  const { server, tollgate, openai, problems } = await sdkWorld(t);
  await openai.chat.completions.create(CHAT);
  await tollgate.flush();
  assert.equal(server.events.length + server.asks.length, 0);
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ["unattributed"],
  );
});
