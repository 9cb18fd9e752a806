import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalProvider, makersHostedBy, withoutPath } from "./provider-names.ts";

describe("provider names", () => {
  it("join the spellings of OpenTelemetry, SDKs and gateways into one", () => {
    const spellings = {
      openai: ["openai", "OpenAI", "openai.chat", "openai.responses"],
      anthropic: ["anthropic", "anthropic.messages", "vertex.anthropic.messages"],
      google: [
        "gcp.gemini",
        "gemini",
        "google-gla",
        "vertex_ai",
        "google.generative-ai",
        "gcp.vertex_ai",
      ],
      azure: [
        "azure",
        "azure.ai.openai",
        "az.ai.inference",
        "azure-openai.chat",
        "azure.responses",
      ],
      aws: ["aws.bedrock", "bedrock", "amazon-bedrock", "bedrock_converse"],
      "x-ai": ["xai", "x_ai", "xai.chat", "x-ai"],
      mistral: ["mistral_ai", "mistral.chat", "mistralai"],
      together: ["together_ai", "togetherai.chat"],
    };
    for (const [name, others] of Object.entries(spellings)) {
      for (const other of others) assert.equal(canonicalProvider(other), name, other);
    }
  });

  it("leave an unknown name as it is, without case", () => {
    assert.equal(canonicalProvider("My-Gateway"), "my-gateway");
    assert.equal(canonicalProvider("huggingface_together"), "huggingface_together");
    assert.equal(canonicalProvider("constructor"), "constructor");
  });

  it("do not take a foreign company's platform for a maker because of its first word", () => {
    assert.equal(canonicalProvider("gcp.other"), "gcp.other");
    assert.deepEqual(makersHostedBy("toString"), []);
  });

  it("drop the path that an API puts before a model id", () => {
    assert.equal(withoutPath("google", "models/gemini-2.5-pro"), "gemini-2.5-pro");
    assert.equal(withoutPath("openai", "models/gpt-5"), "models/gpt-5");
  });
});
