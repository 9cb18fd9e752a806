import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readImportFile } from "../import-file.ts";
import { batchResults, readBatchResult } from "./batch-file.ts";

const NOW = "2026-11-23T10:00:00.000Z";

interface Event {
  readonly id: string;
  readonly usageFormat: string;
  readonly tier: string;
  readonly occurredAt: string;
  readonly model?: string;
}

/** Events of a file, each in short. */
function read(text: string): { readonly events: readonly Event[]; readonly problems: unknown } {
  const { events, problems } = readImportFile(text, { customer: "acme" }, NOW);
  return { events: events.map((event) => JSON.parse(event)), problems };
}

function short({ id, usageFormat, tier, occurredAt }: Event): string {
  return [id, usageFormat, tier, occurredAt].join(" ");
}

const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join("\n");

const gemini = {
  candidates: [{ content: { parts: [{ text: "Paris" }], role: "model" }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 8, totalTokenCount: 16 },
};

describe("results of a batch of Gemini", () => {
  test("stand in a file by their keys, and those that failed cost nothing", () => {
    const { events, problems } = read(
      lines(
        { key: "a", response: { ...gemini, modelVersion: "gemini-2.5-flash", responseId: "r-1" } },
        { key: "b", error: { code: 3, message: "bad" } },
        { key: "c", response: { ...gemini, modelVersion: "gemini-2.5-flash", responseId: "r-2" } },
      ),
    );
    assert.deepEqual(events.map(short), [
      `r-1 gemini.generate batch ${NOW}`,
      `r-2 gemini.generate batch ${NOW}`,
    ]);
    assert.deepEqual(problems, ["requests of the batch without an answer: 1"]);
  });

  test("of one line are a batch too, and no answer at the full price", () => {
    const { events } = read(lines({ key: "a", response: { ...gemini, responseId: "r-1" } }));
    assert.deepEqual(events.map(short), [`r-1 gemini.generate batch ${NOW}`]);
  });

  test("without an id are refused: the same key stands in other batches", () => {
    const { events, problems } = read(lines({ key: "a", response: gemini }));
    assert.deepEqual(events, []);
    assert.match(String(problems), /no id/);
  });

  test("stand in the batch by their places, with its model and time", () => {
    const endTime = "2025-12-03T17:24:41.850709659Z";
    const failed = { error: { code: 13, message: "internal" } };
    const inlinedResponses = [{ response: gemini }, failed, { response: gemini }];
    const batch = {
      name: "batches/tti3",
      metadata: { model: "models/gemini-2.5-flash-lite", endTime, state: "BATCH_STATE_SUCCEEDED" },
      done: true,
      response: { inlinedResponses: { inlinedResponses } },
    };
    const { events, problems } = read(JSON.stringify(batch, null, 2));
    const at = "2025-12-03T17:24:41.850Z";
    assert.deepEqual(events.map(short), [
      `batches/tti3/1 gemini.generate batch ${at}`,
      `batches/tti3/3 gemini.generate batch ${at}`,
    ]);
    assert.deepEqual(
      events.map(({ model }) => model),
      Array(2).fill("gemini-2.5-flash-lite"),
    );
    assert.deepEqual(problems, ["requests of the batch without an answer: 1"]);
  });

  test("of Vertex have a time each, and what failed has an empty response", () => {
    const request = { contents: [{ parts: [{ text: "x" }], role: "user" }] };
    const response = { ...gemini, responseId: "v-1", modelVersion: "gemini-2.5-flash" };
    const { events, problems } = read(
      lines(
        { status: "", processed_time: "2024-11-01T18:13:16.826+00:00", request, response },
        { status: "Bad Request: 400", processed_time: "", request, response: {} },
      ),
    );
    assert.deepEqual(events.map(short), ["v-1 gemini.generate batch 2024-11-01T18:13:16.826Z"]);
    assert.deepEqual(problems, ["requests of the batch without an answer: 1"]);
  });
});

const chat = (model: string) => ({
  id: "0123abcd",
  object: "chat.completion",
  created: 1_763_892_000,
  model,
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
});
const CREATED = "2025-11-23T10:00:00.000Z";

describe("results of other batches", () => {
  test("of Mistral are Mistral's, by the names of its models", () => {
    const line = (custom_id: string, body: unknown) => ({
      ...{ id: "batch-1", custom_id, response: { status_code: 200, body }, error: null },
    });
    const { events } = read(
      lines(
        line("1", { ...chat("mistral-small-latest"), id: "m1" }),
        line("2", { ...chat("open-mixtral-8x22b"), id: "m2" }),
        line("3", { ...chat("gpt-5"), id: "m3" }),
        line("4", { ...chat("mistralai/Mixtral-8x7B"), id: "m4" }),
      ),
    );
    assert.deepEqual(events.map(short), [
      `m1 mistral.chat batch ${CREATED}`,
      `m2 mistral.chat batch ${CREATED}`,
      `m3 openai.chat batch ${CREATED}`,
      `m4 openai.chat batch ${CREATED}`,
    ]);
  });

  test("of xAI come in pages", () => {
    const answered = { response: { chat_get_completion: chat("grok-4.3") } };
    const page = {
      results: [
        { batch_request_id: "r1", batch_result: answered },
        { batch_request_id: "r2", batch_result: { error: { code: 3, message: "boom" } } },
      ],
      pagination_token: null,
    };
    const { events, problems } = read(JSON.stringify(page));
    assert.deepEqual(events.map(short), [`0123abcd xai.chat batch ${CREATED}`]);
    assert.deepEqual(problems, ["requests of the batch without an answer: 1"]);
    assert.equal(read(lines(page, page)).events.length, 2);
  });

  test("of Anthropic keep the place of inference, which has a price of its own", () => {
    const usage = { input_tokens: 10, output_tokens: 5, service_tier: "batch" };
    const message = { id: "msg_1", type: "message", model: "claude-sonnet-4-5", usage };
    const abroad = { ...message, usage: { ...usage, inference_geo: "us" } };
    const tiers = [message, abroad].map((body) => {
      const results = batchResults([
        { custom_id: "a", result: { type: "succeeded", message: body } },
      ]);
      const event = readBatchResult(results?.[0] ?? { body: null }, NOW);
      return event !== null && "event" in event ? event.event.tier : undefined;
    });
    assert.deepEqual(tiers, ["batch", "batch+us"]);
  });

  test("are none where any line is something else", () => {
    const line = { custom_id: "a", response: { status_code: 200, body: chat("gpt-5") } };
    const event = { id: "e1", run: "r1", kind: "tool", occurredAt: NOW };
    assert.equal(batchResults([line, event]), undefined);
    assert.equal(batchResults([]), undefined);
    assert.equal(batchResults([{ results: [] }]), undefined);
    assert.equal(batchResults([{ key: "a", value: 1 }, null, 5]), undefined);
  });

  test("whose answer is of no known form are told, and not passed over", () => {
    const line = { custom_id: "a", response: { status_code: 200, body: { object: "image" } } };
    const { events, problems } = read(lines(line));
    assert.deepEqual(events, []);
    assert.deepEqual(problems, ["request 1: no usage of a known form"]);
    const refused = {
      custom_id: "a",
      response: { status_code: 400, body: { error: { code: "x" } } },
    };
    assert.deepEqual(read(lines(refused)).problems, ["requests of the batch without an answer: 1"]);
  });
});
