import assert from "node:assert/strict";
import { test } from "node:test";
import { loadVendorSdks } from "./vendor-sdks.ts";

test("an installation without the SDKs is told how to get them", async () => {
  const missing = () =>
    Promise.reject(Object.assign(new Error("Cannot find"), { code: "ERR_MODULE_NOT_FOUND" }));
  const told = { code: "cli.usage", message: /npm install openai @anthropic-ai\/sdk$/ };
  await assert.rejects(loadVendorSdks(missing), told);
});

test("another failure to load passes through", async () => {
  const broken = () => Promise.reject(new Error("broken file"));
  await assert.rejects(loadVendorSdks(broken), /^Error: broken file$/);
});
