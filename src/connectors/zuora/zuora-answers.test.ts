import assert from "node:assert/strict";
import { test } from "node:test";
import { isNotFound, outcomeOfAnswer } from "./zuora-answers.ts";

function classOf(status: number, body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return outcomeOfAnswer({ status, headers: {}, body: text }).class;
}

const crud = (Code: string) => ({ Success: false, Errors: [{ Code, Message: "no" }] });
const reason = (code: number, message = "no") => ({
  ...{ success: false, processId: "P", reasons: [{ code, message }] },
});

test("a status of 200 is a failure where the answer says so", () => {
  assert.equal(classOf(200, { Success: true, Id: "2c" }), "accepted");
  assert.equal(classOf(200, { success: true }), "accepted");
  assert.equal(classOf(200, crud("INVALID_VALUE")), "permanent_data");
  assert.equal(classOf(200, { success: false }), "unknown_outcome");
  for (const body of ["", "{}", "[]", "null", "<html>", '{"success":"yes"}']) {
    assert.equal(classOf(200, body), "unknown_outcome", body);
  }
});

test("codes of CRUD calls and categories of all others say what to do", () => {
  const told = {
    LOCK_COMPETITION: "retry_same_bytes",
    REQUEST_EXCEEDED_LIMIT: "retry_same_bytes",
    UNKNOWN_ERROR: "unknown_outcome",
    INVALID_SESSION: "auth",
    MISSING_REQUIRED_VALUE: "permanent_data",
  };
  for (const [code, kind] of Object.entries(told)) {
    assert.equal(classOf(200, crud(code)), kind, code);
    assert.equal(classOf(400, crud(code)), kind, code);
  }
  const categories: readonly (readonly [number, string])[] = [
    ...([[10, "auth"] as const, [11, "auth"] as const, [20, "permanent_data"] as const] as const),
    ...([[30, "permanent_data"] as const, [40, "permanent_config"] as const] as const),
    ...([[50, "retry_same_bytes"] as const, [60, "unknown_outcome"] as const] as const),
    ...([[61, "unknown_outcome"] as const, [70, "retry_same_bytes"] as const] as const),
    ...([[90, "permanent_data"] as const, [99, "unknown_outcome"] as const] as const),
  ];
  for (const [category, kind] of categories) {
    assert.equal(classOf(200, reason(53_100_300 + category)), kind, String(category));
  }
});

test("what may have been done is never told as undone", () => {
  assert.equal(classOf(409, {}), "unknown_outcome");
  assert.equal(classOf(500, reason(50_000_020)), "unknown_outcome");
  assert.equal(classOf(504, ""), "unknown_outcome");
  const taken = reason(50_000_030, "Invoice number INV1 already exists");
  assert.equal(classOf(200, taken), "unknown_outcome", "it is looked up which document has it");
});

test("limits are waited for, and a closed accounting period is told apart", () => {
  const answer = { status: 429, headers: { "retry-after": "7" }, body: "" };
  assert.deepEqual(
    [outcomeOfAnswer(answer).class, outcomeOfAnswer(answer).retryAfterMs],
    [...["retry_same_bytes", 7000]],
  );
  const closed = reason(50_000_030, "The date is in a closed accounting period.");
  assert.equal(classOf(200, closed), "closed_period");
  assert.equal(classOf(400, { message: "Error - unrecognised fields" }), "permanent_data");
});

test("that there is no such thing is a status or a category", () => {
  const is = (status: number, body: unknown) =>
    isNotFound({ status, headers: {}, body: JSON.stringify(body) });
  assert.ok(is(404, {}));
  assert.ok(is(200, reason(50_000_040)));
  assert.ok(!is(200, reason(50_000_060)));
  assert.ok(!is(200, { success: true }));
  assert.ok(!is(500, {}));
});
