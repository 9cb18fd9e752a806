import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** A test among the others, since it takes one processor and half a minute. */
test("the code is formatted, linted and well-typed", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "check"], {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  assert.equal(status, 0, `npm run check:\n${stdout}\n${stderr}`);
});
