/** Requests as other callers of fetch make them, and what must not break an application. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAT, sdkWorld, usageOf } from "./sdk-world.ts";

const RUN = { customer: "acme", agent: "support" };
const JSON_TYPE = { "content-type": "application/json" };

test("a request is metered whatever its body is made of", async (t) => {
  const { server, provider, tollgate } = await sdkWorld(t);
  server.decide = () => ({ decision: "allow", maxOutputTokens: 50, isClamped: true });
  const url = `${provider.openaiUrl}/chat/completions`;
  const body = JSON.stringify({ ...CHAT, max_tokens: 900 });
  const post = { method: "POST", headers: JSON_TYPE };
  await tollgate.run(RUN, async () => {
    await tollgate.fetch(url, { ...post, body });
    await tollgate.fetch(new URL(url), { ...post, body: new TextEncoder().encode(body) });
    await tollgate.fetch(new Request(url, { ...post, body }));
    await tollgate.fetch(new Request(url, post), { body: new Blob([body]) });
    const stream = new Blob([body]).stream();
    await tollgate.fetch(url, { ...post, body: stream, duplex: "half" } as RequestInit);
  });
  await tollgate.flush();
  const bounds = provider.seen.map((request) => request.body.max_tokens);
  assert.deepEqual(bounds, [50, 50, 50, 50, 50]);
  const types = provider.seen.map(({ headers }) => headers["content-type"]);
  assert.deepEqual(new Set(types), new Set(["application/json"]));
  assert.equal(server.steps.filter(({ status }) => status === "ok").length, 5);
});

test("a body that can be read once arrives whole, also where nothing is changed", async (t) => {
  const { provider, tollgate } = await sdkWorld(t);
  const url = `${provider.openaiUrl}/chat/completions`;
  const body = JSON.stringify({ ...CHAT, max_tokens: 900 });
  await tollgate.run(RUN, async () => {
    const stream = new Blob([body]).stream();
    const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
    assert.equal((await tollgate.fetch(url, init)).status, 200);
    assert.equal((await tollgate.fetch(new Request(url, { method: "POST", body }))).status, 200);
  });
  assert.deepEqual(
    provider.seen.map((request) => request.body),
    [JSON.parse(body), JSON.parse(body)],
  );
});

test("what is no model call passes untouched", async (t) => {
  const { server, provider, tollgate } = await sdkWorld(t);
  await tollgate.run(RUN, async () => {
    await tollgate.fetch(`${provider.openaiUrl}/files`, { method: "POST", body: "{}" });
    await assert.rejects(tollgate.fetch("no address"), TypeError);
  });
  await tollgate.flush();
  assert.deepEqual([server.asks.length, server.steps.length], [0, 0]);
  assert.deepEqual(
    provider.seen.map(({ path }) => path),
    ["/v1/files"],
  );
});

test("an answer that is no JSON is an error by estimate, and passes as it is", async (t) => {
  const page = new Response("<html>", { status: 200 });
  const { server, tollgate, problems } = await sdkWorld(t, {
    hosts: { "gateway.test": { speaks: "openai" } },
    fetch: (input, init) =>
      String(input).startsWith("https://gateway.test") ? Promise.resolve(page) : fetch(input, init),
  });
  const url = "https://gateway.test/v1/chat/completions";
  const answer = await tollgate.run(RUN, () =>
    tollgate.fetch(url, { method: "POST", body: JSON.stringify(CHAT) }),
  );
  assert.equal(await answer.text(), "<html>");
  await tollgate.flush();
  assert.deepEqual(
    [server.steps[0]?.status, server.steps[0]?.completeness],
    ["error", "estimated"],
  );
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ["unread"],
  );
});

test("a stream keeps its status and headers, but not a length that no longer fits", async (t) => {
  const chunk = {
    id: "c1",
    model: "gpt-5.1",
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 1 },
  };
  const text = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
  const headers = { "content-type": "text/event-stream", "content-length": String(text.length) };
  const { server, tollgate } = await sdkWorld(t, {
    hosts: { "gateway.test": { speaks: "openai" } },
    fetch: (input, init) =>
      String(input).startsWith("https://gateway.test")
        ? Promise.resolve(
            new Response(text, { status: 201, headers: { ...headers, "x-own": "1" } }),
          )
        : fetch(input, init),
  });
  const answer = await tollgate.run(RUN, () =>
    tollgate.fetch("https://gateway.test/v1/chat/completions", {
      method: "POST",
      body: JSON.stringify({ ...CHAT, stream: true }),
    }),
  );
  assert.deepEqual([answer.status, answer.headers.get("x-own")], [201, "1"]);
  assert.equal(answer.headers.get("content-length"), null);
  assert.equal(await answer.text(), "data: [DONE]\n\n");
  await tollgate.flush();
  assert.deepEqual(server.steps.map(usageOf), [{ input_uncached: "3", output_text: "1" }]);
});

test("an application's tokenizer bounds the input; one that fails does not", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t, {
    estimateInputTokens: (body) => {
      if (Object(body).model !== "gpt-5.1") throw new Error("unknown model");
      return 12.2;
    },
  });
  await tollgate.run(RUN, async () => {
    await openai.chat.completions.create(CHAT);
    await openai.chat.completions.create({ ...CHAT, model: "gpt-5.1-mini" });
  });
  const [known, unknown] = server.asks.map(({ hold }) => hold.inputTokens);
  assert.equal(known, 13);
  assert.ok(Number(unknown) > 50);
});

test("an application hears of the stages of its budgets", async (t) => {
  const told: object[] = [];
  const { server, tollgate, openai } = await sdkWorld(t, {
    onNotice: (notice) => {
      told.push(notice);
      throw new Error("the callback fails");
    },
  });
  const notices = [{ budget: "acme-month", stage: "80%" }];
  const budgets = [{ budget: "run-cap", stage: { at: "0.90", do: "notify" } }];
  server.decide = () => ({ decision: "allow", notices, budgets });
  await tollgate.run({ ...RUN, id: "run-1" }, async () => {
    await openai.chat.completions.create(CHAT);
    await openai.chat.completions.create(CHAT);
  });
  const about = { run: "run-1", step: server.asks[0]?.hold.id };
  assert.deepEqual(told, [
    { ...about, budget: "acme-month", stage: "80%" },
    { ...about, budget: "run-cap", stage: "0.90" },
  ]);
});

test("what cannot be sent is told, and breaks nothing", async (t) => {
  const { server, tollgate, problems } = await sdkWorld(t);
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  await tollgate.run({ ...RUN, guard: false }, (run) => {
    run.step({ kind: "model", usageFormat: "openai.chat", providerUsage: circle });
    const exact = { input_uncached: 123n as unknown as string };
    run.step({ kind: "model", usage: exact });
    run.step({ kind: "model", usage: { "Not A Name": 1 } });
  });
  await tollgate.flush();
  server.complaints.length = 0;
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ["dropped", "rejected"],
  );
  assert.deepEqual(server.steps.map(usageOf), [{ input_uncached: "123" }]);
});

test("a long tool renews its hold", async (t) => {
  const { server, tollgate } = await sdkWorld(t, { guard: { holdTtlMs: 1000 } });
  await tollgate.run(RUN, (run) =>
    run.tool("slow", {}, () => new Promise((resolve) => setTimeout(resolve, 1200))),
  );
  const renewals = server.renewed.length;
  assert.ok(renewals >= 2, `${renewals} renewals`);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(server.renewed.length, renewals, "a settled hold is not renewed");
});
