import assert from "node:assert/strict";
import { test } from "node:test";
import { jobOf, outcomeOfAnswer } from "./netsuite-api.ts";

function errorOf(status: number, code: string, more: { detail?: string; location?: string } = {}) {
  const { detail = "", location = "" } = more;
  const details = [{ detail, "o:errorCode": code }];
  const body = { type: "t", title: "Error", status, "o:errorDetails": details };
  const answer = { status, headers: { location }, body: JSON.stringify(body) };
  return outcomeOfAnswer(answer).class;
}

test("each error is told by what it says, not by its status alone", () => {
  const location = "https://x/services/rest/async/v1/job/17";
  assert.deepEqual(
    [
      errorOf(400, "IDEMPOTENCY_ERROR", { location }),
      errorOf(400, "RCRD_HAS_BEEN_CHANGED"),
      errorOf(429, "CONCURRENCY_LIMIT_EXCEEDED"),
      errorOf(400, "SSS_REQUEST_LIMIT_EXCEEDED"),
      errorOf(401, "INVALID_LOGIN"),
      errorOf(403, "INSUFFICIENT_PERMISSION"),
      errorOf(400, "USER_ERROR", { detail: "You cannot post to the period: it is closed." }),
      errorOf(400, "USER_ERROR", { detail: "This transaction is in a locked period." }),
      errorOf(400, "INVALID_KEY_OR_REF", { detail: "Invalid entity reference key 5." }),
      errorOf(400, "INVALID_CONTENT", { detail: "Invalid content in the request body." }),
      errorOf(404, "NONEXISTENT_ID"),
      errorOf(500, "UNEXPECTED_ERROR"),
      errorOf(503, ""),
    ],
    [
      ...["delivered_duplicate", "unknown_outcome", "retry_same_bytes", "retry_same_bytes"],
      ...["auth", "auth", "closed_period", "closed_period"],
      ...["permanent_config", "permanent_data", "permanent_config"],
      ...["unknown_outcome", "retry_same_bytes"],
    ],
  );
});

test("a note names the record that was made, or the job that makes it", () => {
  const noteOf = (status: number, location: string) =>
    outcomeOfAnswer({ status, headers: { location }, body: "" }).note;
  const record = "https://x/services/rest/record/v1/usage/42";
  assert.equal(noteOf(204, record), "204 usage/42");
  const note = noteOf(202, "/services/rest/async/v1/job/17");
  assert.equal(note, "202 job:17");
  assert.deepEqual([jobOf({ note }), jobOf({ note: "204 usage/42" })], ["17", null]);
});

test("a job without a place is in doubt, for nobody could ask what became of it", () => {
  const answer = { status: 202, headers: {}, body: "" };
  assert.equal(outcomeOfAnswer(answer).class, "unknown_outcome");
  assert.equal(errorOf(400, "IDEMPOTENCY_ERROR"), "unknown_outcome");
});
