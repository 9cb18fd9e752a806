import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { namesBehindSnapshot } from "./snapshot-name.ts";

describe("dated snapshots", () => {
  it("are an id followed by a date in one of three forms", () => {
    for (const suffix of ["-20250929", "-2025-09-29", "@20250929"]) {
      assert.deepEqual(namesBehindSnapshot("anthropic", `claude-x${suffix}`), ["claude-x"]);
    }
  });

  it("are not ids with another number, another version or an impossible date", () => {
    const others = [
      "claude-sonnet-5-5",
      "gpt-4-0613",
      "mistral-large-2411",
      "claude-x-20251329",
      "claude-x-20250932",
      "claude-x-19991231",
      "claude-x-2025-0929",
      "claude-x-20250929-beta",
      "claude-x@2025-09-29",
      "claude-x20250929",
      "-20250929",
    ];
    for (const id of others) assert.deepEqual(namesBehindSnapshot("anthropic", id), [], id);
  });

  it("may carry the version mark of Bedrock or Google, and of nobody else", () => {
    assert.deepEqual(namesBehindSnapshot("aws", "anthropic.claude-x-20250929-v1:0"), [
      "anthropic.claude-x-20250929",
      "anthropic.claude-x",
    ]);
    assert.deepEqual(namesBehindSnapshot("google", "gemini-2.0-flash-001"), ["gemini-2.0-flash"]);
    assert.deepEqual(namesBehindSnapshot("openai", "gpt-4-001"), []);
    assert.deepEqual(namesBehindSnapshot("constructor", "x-001"), []);
  });
});
