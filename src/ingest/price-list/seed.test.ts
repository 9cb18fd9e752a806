import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { findProvider } from "@pydantic/genai-prices";
import { PriceCatalog } from "../../domain/cost/find-price.ts";
import { canonicalProvider, makersHostedBy } from "../../domain/cost/provider-names.ts";
import { isUsageName } from "../../domain/event/usage.ts";
import { ownServices } from "./own-services.ts";
import { seedVersion } from "./seed.ts";

const libraryUrl = import.meta.resolve("@pydantic/genai-prices");
const AT_MS = Date.parse("2026-11-01T00:00:00Z");
const { source, entries } = seedVersion(0);
const catalog = new PriceCatalog([seedVersion(0)]);

function told(provider: string | null, subject: string | null): string {
  const found = catalog.find({ provider, subject }, AT_MS);
  return "entry" in found
    ? `${found.match} ${found.entry.provider}/${found.entry.subject}`
    : found.match;
}

describe("the seed", () => {
  it("holds every provider that the library's data holds", () => {
    const text = readFileSync(new URL(libraryUrl), "utf8");
    const inData = [...text.matchAll(/^ {4}id: "([^"]+)"/gm)].map(([, id]) => id);
    assert.ok(inData.length > 30);
    const inSeed = new Set(entries.map(({ provider }) => provider));
    assert.deepEqual(
      inData.filter((id) => !inSeed.has(id ?? "")),
      [],
    );
  });

  it("names the version of the library that its data is from", () => {
    const manifest = readFileSync(new URL("../package.json", libraryUrl), "utf8");
    assert.ok(source.includes(JSON.parse(manifest).version));
  });

  it("repeats what the library declares of hosts and makers", () => {
    for (const providerId of new Set(entries.map(({ provider }) => provider))) {
      const declared = findProvider({ providerId })?.fallback_model_providers ?? [];
      assert.deepEqual(makersHostedBy(providerId), declared, providerId);
    }
  });

  it("names each provider canonically, each subject once, and each unit as usage does", () => {
    const seen = new Set<string>();
    for (const { provider, subject, periods } of entries) {
      assert.equal(canonicalProvider(provider), provider);
      const key = `${provider} ${subject.toLowerCase()}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
      for (const { rates } of periods) {
        for (const { unit } of rates) assert.ok(isUsageName(unit.split("@")[0] ?? ""), unit);
        assert.equal(new Set(rates.map(({ unit }) => unit)).size, rates.length, key);
      }
    }
    assert.ok(seen.size > 1_600);
  });

  it("is built once", () => {
    assert.equal(seedVersion(1).entries, entries);
  });

  it("holds tools, vector databases, sandboxes and GPUs that no model list has", () => {
    const providers = new Set(ownServices().map(({ provider }) => provider));
    for (const provider of ["pinecone", "turbopuffer", "tavily", "e2b", "modal", "anthropic"]) {
      assert.ok(providers.has(provider), provider);
    }
    assert.equal(told("pinecone", null), "alias pinecone/serverless");
    assert.equal(told("modal", "H100"), "exact modal/h100");
  });

  it("finds models by the names that SDKs, clouds and traces use", () => {
    const names: readonly [string | null, string, string][] = [
      ["openai", "gpt-4.1-2025-04-14", "alias openai/gpt-4.1"],
      [null, "openai/gpt-4.1", "exact openai/gpt-4.1"],
      ["openai.responses", "gpt-5.6-sol-2026-08-21", "snapshot openai/gpt-5.6-sol"],
      ["anthropic", "claude-3-7-sonnet-20250219", "snapshot anthropic/claude-3-7-sonnet-latest"],
      ["anthropic", "claude-sonnet-4-5-20250929", "snapshot anthropic/claude-sonnet-4-5"],
      ["gcp.vertex_ai", "claude-sonnet-4@20250514", "snapshot google/claude-4-sonnet"],
      ["google-gla", "models/gemini-2.5-pro", "exact google/gemini-2.5-pro"],
      ["gemini", "gemini-2.0-flash-001", "snapshot google/gemini-2.0-flash"],
      ["azure.ai.openai", "gpt-4o-2024-08-06", "alias openai/gpt-4o"],
      [
        "aws.bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "alias aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
      ],
      ["bedrock", "us.amazon.nova-lite-v1:0", "alias aws/amazon.nova-lite-v1:0"],
      ["openrouter", "openai/gpt-4.1", "exact openrouter/openai/gpt-4.1"],
    ];
    for (const [provider, subject, expected] of names) {
      assert.equal(told(provider, subject), expected, subject);
    }
  });

  it("prices no fine-tune and no unknown sibling by the name it begins with", () => {
    assert.equal(told("openai", "ft:gpt-4.1-2025-04-14:acme::abc"), "none");
    assert.equal(told("anthropic", "claude-sonnet-5-5"), "prefix");
    assert.equal(told("openai", "gpt-4o-mini-next"), "prefix");
  });
});
