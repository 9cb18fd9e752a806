import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import { logLine } from "./log-line.ts";

const AT = "2026-11-28T00:00:00.000Z";

test("the log says what happened to a store, in one line", () => {
  const cause = new Error("role is gone");
  const error = new TollgateError("store.unknown", "The store failed.", undefined, { cause });
  const line = logLine(AT, { requestId: "r", code: error.code, error });
  const told = { name: "TollgateError", code: "store.unknown", message: "The store failed." };
  assert.deepEqual(JSON.parse(line), {
    ...{ at: AT, requestId: "r", code: "store.unknown" },
    error: { ...told, cause: "Error: role is gone" },
  });
  assert.ok(line.endsWith("}\n"));
  assert.equal(line.trim().split("\n").length, 1);
});

test("the log has a defect with its place", () => {
  const { error } = JSON.parse(logLine(AT, { error: new TypeError("no such\nthing") }));
  assert.equal(error.message, "no such\nthing");
  assert.match(error.stack, /log-line\.test\.ts/);
});

test("what is no error stays what it is", () => {
  assert.deepEqual(JSON.parse(logLine(AT, { what: "x", error: "y" })), {
    ...{ at: AT, what: "x", error: "y" },
  });
});
