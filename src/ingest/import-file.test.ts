import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readImportFile } from "./import-file.ts";

const NOW = "2026-11-23T10:00:00.000Z";
const step = { id: "e1", run: "r1", kind: "tool", occurredAt: NOW };
const chat = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_763_892_000,
  model: "gpt-5",
  choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
};

function eventsOf(text: string, owner = {}): Record<string, unknown>[] {
  return readImportFile(text, owner, NOW).events.map((event) => JSON.parse(event));
}

describe("a file of events", () => {
  test("is a JSON list or one event a line", () => {
    assert.deepEqual(eventsOf(JSON.stringify([step])), [step]);
    assert.deepEqual(eventsOf(`${JSON.stringify(step)}\n${JSON.stringify(step)}\n`), [step, step]);
  });

  test("gets the owner where it names nobody, and keeps whom it names", () => {
    const owner = { customer: "acme", agent: "support" };
    const named = { ...step, customer: "globex" };
    const [first, second] = eventsOf(JSON.stringify([step, named]), owner);
    assert.equal(first?.customer, "acme");
    assert.equal(second?.customer, "globex");
    const metric = { type: "metric", id: "m", kind: "model", metric: {} };
    assert.deepEqual(eventsOf(JSON.stringify([metric]), owner), [{ ...owner, ...metric }]);
    const closed = { type: "run.closed", id: "c", run: "r1", occurredAt: NOW };
    assert.deepEqual(eventsOf(JSON.stringify([closed]), owner), [closed]);
  });

  test("keeps every digit of its numbers", () => {
    const text = '[{"id":"e1","usage":{"seconds":1.000000001},"n":12345678901234567890}]';
    assert.deepEqual(readImportFile(text, {}, NOW).events, [text.slice(1, -1)]);
  });

  test("tells of a line that is no JSON and reads the others", () => {
    const file = readImportFile(`${JSON.stringify(step)}\n{torn\n`, {}, NOW);
    assert.equal(file.events.length, 1);
    assert.match(file.problems[0] ?? "", /^line 2: /);
    assert.equal(file.unread, 1);
  });
});

describe("a file of provider responses", () => {
  test("becomes a step each, dated by the response and known by its id", () => {
    const [event] = eventsOf(JSON.stringify(chat), { customer: "acme" });
    assert.equal(event?.id, "chatcmpl-1");
    assert.equal(event?.occurredAt, "2025-11-23T10:00:00.000Z");
    assert.equal(event?.usageFormat, "openai.chat");
    assert.equal(event?.customer, "acme");
    assert.equal(eventsOf(`${JSON.stringify(chat)}\n${JSON.stringify(chat)}`).length, 2);
  });

  test("may be a stream, whose usage is its last count", () => {
    const start = { type: "message_start", message: { ...anthropic, usage: { output_tokens: 1 } } };
    const delta = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage };
    const lines = [start, delta].map((data) => `event: x\ndata: ${JSON.stringify(data)}\n`);
    const [event] = eventsOf(`${lines.join("\n")}\ndata: [DONE]\n`);
    assert.equal(event?.id, "msg_1");
    assert.equal(event?.usageFormat, "anthropic.messages");
    assert.equal(event?.occurredAt, NOW);
  });

  test("may be the results of a batch, which are billed as one", () => {
    const message = { ...anthropic, usage };
    const vectors = { data: [{ embedding: [] }], usage: { prompt_tokens: 6, total_tokens: 6 } };
    const lines = [
      { custom_id: "a", response: { status_code: 200, body: chat }, error: null },
      { custom_id: "b", result: { type: "succeeded", message } },
      { custom_id: "c", result: { type: "errored", error: {} } },
      { custom_id: "d", response: null, error: {} },
      { custom_id: "e", id: "batch_req_1", response: { status_code: 200, body: vectors } },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join("\n");
    const file = readImportFile(text, { customer: "acme" }, NOW);
    const events = file.events.map((event) => JSON.parse(event));
    assert.deepEqual(
      events.map(({ id, tier, usageFormat, customer }) => [id, tier, usageFormat, customer]),
      [
        ["chatcmpl-1", "batch", "openai.chat", "acme"],
        ["msg_1", "batch", "anthropic.messages", "acme"],
        ["batch_req_1", "batch", "openai.embeddings", "acme"],
      ],
    );
    assert.deepEqual(file.problems, ["requests of the batch without an answer: 2"]);
    assert.equal(file.unread, 0);
  });

  test("may be the stream of a session of Claude Code, of which the results count", () => {
    const modelUsage = { "claude-sonnet-4-5": { inputTokens: 3, outputTokens: 100 } };
    const lines = [
      { type: "system", subtype: "init", session_id: "s1" },
      { type: "assistant", message: { ...anthropic, usage }, session_id: "s1" },
      { type: "result", subtype: "success", session_id: "s1", usage, modelUsage },
    ];
    const events = eventsOf(lines.map((line) => JSON.stringify(line)).join("\n"));
    assert.deepEqual(
      events.map(({ id, usageFormat, completeness }) => [id, usageFormat, completeness]),
      [["s1", "claude-agent.result", "partial"]],
    );
  });

  test("is refused where a response has no id: it could be counted twice", () => {
    const { id: _, ...anonymous } = chat;
    const file = readImportFile(JSON.stringify(anonymous), {}, NOW);
    assert.deepEqual(file.events, []);
    assert.match(file.problems[0] ?? "", /no id/);
  });
});

const anthropic = { id: "msg_1", type: "message", model: "claude-sonnet-4-5", content: [] };
const usage = { input_tokens: 10, output_tokens: 5 };
