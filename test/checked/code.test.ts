import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** The compiler is written in Go: it may take more memory, and less time to clean up. */
const env = { ...process.env, GOGC: "400" };

test("the code is formatted, linted and well-typed", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "check"], {
    ...{ encoding: "utf8", env },
    shell: process.platform === "win32",
  });
  assert.equal(status, 0, `npm run check:\n${stdout}\n${stderr}`);
});
