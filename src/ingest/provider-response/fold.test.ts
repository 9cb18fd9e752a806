import assert from "node:assert/strict";
import { test } from "node:test";
import { foldStream } from "./fold.ts";

test("a chat stream has its usage in the last chunk that carries one", () => {
  const chunks = [
    { id: "c", choices: [{}], usage: null },
    { id: "c", usage: { prompt_tokens: 43, completion_tokens: 10 } },
    { id: "c", usage: { prompt_tokens: 43, completion_tokens: 36 } },
    "[DONE]",
  ];
  assert.deepEqual(foldStream("openai.chat", chunks), { block: chunks[2], completeness: "exact" });
});

test("a stream without usage folds to nothing, and so does an unknown format", () => {
  assert.equal(foldStream("openai.chat", [{ choices: [] }]), null);
  assert.equal(foldStream("anthropic.messages", [{ type: "ping" }]), null);
  assert.equal(foldStream("nope", [{ usage: { prompt_tokens: 1 } }]), null);
});

test("the completed event of a Responses stream holds the whole response", () => {
  const response = { id: "resp_1", usage: { input_tokens: 3, output_tokens: 1 } };
  const events = [
    { type: "response.created", response: { id: "resp_1", usage: null } },
    { response },
  ];
  assert.deepEqual(foldStream("openai.responses", events)?.block, response);
});

test("an Anthropic stream cut before its first delta is partial", () => {
  const started = { id: "m", usage: { input_tokens: 9, output_tokens: 1 } };
  const folded = foldStream("anthropic.messages", [{ type: "message_start", message: started }]);
  assert.deepEqual(folded, { block: started, completeness: "partial" });
});

test("a null in a later Anthropic delta keeps the count before it", () => {
  const events = [
    { type: "message_start", message: { usage: { input_tokens: 9, output_tokens: 1 } } },
    { type: "message_delta", usage: { input_tokens: null, output_tokens: 65 } },
  ];
  const usage = { input_tokens: 9, output_tokens: 65 };
  assert.deepEqual(foldStream("anthropic.messages", events)?.block, { usage });
});

test("Gemini repeats its count so far, and only a finish makes it exact", () => {
  const chunk = (candidatesTokenCount: number, candidate: object) => ({
    usageMetadata: { promptTokenCount: 8, candidatesTokenCount },
    candidates: [candidate],
  });
  const searched = { groundingMetadata: { webSearchQueries: ["q"] } };
  const chunks = [chunk(1, searched), chunk(5, {}), { usageMetadata: { trafficType: "FLEX" } }];
  assert.deepEqual(foldStream("gemini.generate", chunks), {
    block: { ...chunks[1], candidates: [searched, {}] },
    completeness: "partial",
  });
  const ended = [...chunks, chunk(20, { finishReason: "STOP" })];
  assert.equal(foldStream("gemini.generate", ended)?.completeness, "exact");
});

test("messages of a Live session are counted apart and added", () => {
  const one = (n: number) => ({
    usageMetadata: {
      promptTokenCount: n,
      promptTokensDetails: [{ modality: "AUDIO", tokenCount: n }],
    },
  });
  const usageMetadata = {
    promptTokenCount: "75",
    promptTokensDetails: [
      { modality: "AUDIO", tokenCount: 50 },
      { modality: "AUDIO", tokenCount: 25 },
    ],
  };
  assert.deepEqual(foldStream("gemini.live", [one(50), one(25)])?.block, { usageMetadata });
});
