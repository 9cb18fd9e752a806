import assert from "node:assert/strict";
import { test } from "node:test";
import { isBlockedPort } from "./blocked-port.ts";

test("fetch refuses the ports of other protocols, and no usual one", async () => {
  for (const port of [1, 25, 6000, 6667, "10080"]) assert.ok(await isBlockedPort(port), `${port}`);
  for (const port of [80, 443, 4100, 5999, 8080, 65_535]) {
    assert.ok(!(await isBlockedPort(port)), `${port}`);
  }
});
