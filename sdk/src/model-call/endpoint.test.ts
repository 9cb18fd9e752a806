import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../problem.ts";
import { Tollgate } from "../tollgate.ts";
import { type ModelHost, recognise } from "./endpoint.ts";

const hosts: Readonly<Record<string, ModelHost>> = {
  "llm.internal:8080": { speaks: "openai", provider: "vllm", chatBound: "max_tokens" },
  "api.groq.com": { speaks: "openai", provider: "groq", formats: { chat: "groq.chat" } },
};

function told(url: string, method = "POST") {
  const found = recognise(new URL(url), method, hosts);
  return found === null ? null : [found.shape, found.provider, found.usageFormat];
}

test("the vendors' model calls are recognised by host and path", () => {
  assert.deepEqual(told("https://api.openai.com/v1/chat/completions"), [
    "chat",
    "openai",
    "openai.chat",
  ]);
  assert.deepEqual(told("https://api.openai.com/v1/responses"), [
    "responses",
    "openai",
    "openai.responses",
  ]);
  assert.deepEqual(told("https://api.anthropic.com/v1/messages?beta=true"), [
    "messages",
    "anthropic",
    "anthropic.messages",
  ]);
  const azure = "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1";
  assert.deepEqual(told(azure), ["chat", "azure", "azure.chat"]);
});

test("hosts that are named are recognised as they are told to speak", () => {
  assert.deepEqual(told("http://llm.internal:8080/v1/embeddings"), [
    "embeddings",
    "vllm",
    "openai.embeddings",
  ]);
  assert.deepEqual(told("https://api.groq.com/openai/v1/chat/completions"), [
    "chat",
    "groq",
    "groq.chat",
  ]);
});

test("everything else passes: other paths, methods, hosts, and names of our own language", () => {
  for (const url of [
    "https://api.openai.com/v1/models",
    "https://api.openai.com/v1/responses/resp_1",
    "https://api.anthropic.com/v1/messages/count_tokens",
    "https://api.openai.com.evil.test/v1/chat/completions",
    "http://llm.internal/v1/chat/completions",
    "https://constructor/v1/chat/completions",
  ]) {
    assert.equal(told(url), null, url);
  }
  assert.equal(told("https://api.openai.com/v1/responses", "GET"), null);
});

test("a host that could never be recognised is told as soon as it is named", async () => {
  const told: Problem[] = [];
  const openai = { speaks: "openai" };
  const wrong = { "https://a/v1": openai, b: { vendor: "openai" }, c: { speaks: "OpenAI" } };
  const named: unknown = { "llm.internal:8080": openai, ...wrong };
  const hosts = named as Readonly<Record<string, ModelHost>>;
  const onProblem = (problem: Problem) => told.push(problem);
  await new Tollgate({ url: "http://t", key: "k", hosts, onProblem }).close();
  const details = told.map((problem) => `${problem.kind} ${problem.detail}`);
  const calls = (host: string) => `unattributed Calls of ${host} are neither guarded nor metered`;
  assert.deepEqual(details, [
    `${calls("https://a/v1")}: it is no host, such as "llm.internal:8080".`,
    `${calls("b")}: it must say speaks: "openai" or "anthropic".`,
    `${calls("c")}: it must say speaks: "openai" or "anthropic".`,
  ]);
});
