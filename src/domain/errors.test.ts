import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, TollgateError } from "./errors.ts";

test("every code has two words, an HTTP status, a meaning and a remedy as sentences", () => {
  for (const [code, [status, meaning, remedy]] of Object.entries(ERRORS)) {
    assert.match(code, /^[a-z]+(\.[a-z_]+)?$/);
    assert.ok(status >= 400 && status < 600, code);
    for (const sentence of [meaning, remedy]) assert.match(sentence, /^[A-Z'].*[.…]$/s, code);
  }
});

test("an error carries code, status, field and cause, and tells them as a problem", () => {
  const cause = new Error("disk");
  const error = new TollgateError("run.not_found", 'There is no run "r1".', "run", { cause });
  assert.equal(error.status, 404);
  assert.equal(error.cause, cause);
  assert.deepEqual(error.toProblem(), {
    code: "run.not_found",
    detail: 'There is no run "r1".',
    field: "run",
  });
  assert.deepEqual(new TollgateError("internal", "x").toProblem(), {
    code: "internal",
    detail: "x",
  });
});
