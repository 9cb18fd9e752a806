import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { DAY_MS, LINE_KEY, ONE, START_MS } from "../sample-line-contract.ts";
import { canCancel, readEvent, toldBy } from "./meter-events.ts";
import { lineOf, recording, THEIRS, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const HOUR_MS = DAY_MS / 24;

test("an event of meters that add up says what is new, in the last second of its window", () => {
  const { body } = lineOf(targetOf("usage", {}), { windowTotal: 99n * ONE });
  assert.deepEqual(readEvent(body), {
    ...{ eventName: THEIRS.item.id, identifier: LINE_KEY, customer: "cus_1", value: "12.5" },
    isCancel: false,
  });
  assert.equal(new URLSearchParams(body).get("timestamp"), String((START_MS + DAY_MS) / 1000 - 1));
});

test("an event of a meter of days says the day's total, later than those before it", () => {
  const target = targetOf("usage", { meters: "day" });
  const first = lineOf(target, { value: 5n * ONE, windowTotal: 5n * ONE });
  const second = lineOf(target, { windowTotal: 8n * ONE, revision: 1, earlier: [first] });
  assert.equal(readEvent(second.body).value, "8");
  const at = (line: ExportLine) => Number(new URLSearchParams(line.body).get("timestamp"));
  assert.equal(at(second), at(first) + 1);
  assert.equal(at(first) * 1000, START_MS);
});

test("what a customer's former id was told stays there: the new one is told the rest", () => {
  const target = targetOf("usage", { meters: "day" });
  const told = lineOf(target, { value: 5n * ONE, windowTotal: 5n * ONE });
  const first: ExportLine = { ...told, state: "confirmed" };
  const freezing = { ...first, workspace: "w", takesBack: null, revision: 1 };
  const theirs = { ...THEIRS, customer: { id: "cus_2" } };
  const toldValue = (earlier: readonly ExportLine[]) => {
    const line = { ...freezing, windowTotal: 8n * ONE, earlier };
    return readEvent(stripeConnector.freeze(line, theirs, target)).value;
  };
  assert.equal(toldValue([first]), "3");
  assert.equal(toldValue([{ ...first, state: "rejected" }]), "8", "it was refused there");
  assert.throws(
    () => toldValue([{ ...first, state: "accepted" }]),
    (error) => error instanceof TollgateError && error.code === "export.line_state",
    "it may be refused yet",
  );
  assert.equal(toldBy(first).value, 5n * ONE);
});

test("a window that is none of the meters' is told as what is to be set", () => {
  const window = { startMs: START_MS + HOUR_MS, endMs: START_MS + DAY_MS };
  for (const meters of ["sum", "hour"]) lineOf(targetOf("usage", { meters }), { window });
  assert.throws(
    () => lineOf(targetOf("usage", { meters: "day" }), { window }),
    (error) => error instanceof TollgateError && error.code === "target.invalid",
  );
});

test("an event can be cancelled for a day, and a cancellation cannot", () => {
  const target = targetOf("usage", { api: "v2" });
  const line = lineOf(target);
  assert.equal(canCancel(line, START_MS + 22 * HOUR_MS), true);
  assert.equal(canCancel(line, START_MS + 23 * HOUR_MS), false, "an hour is kept clear of");
  const back = lineOf(target, { takesBack: line, key: "k2", value: -line.value });
  assert.deepEqual(readEvent(back.body), {
    ...{ eventName: THEIRS.item.id, identifier: LINE_KEY, customer: "", value: "" },
    isCancel: true,
  });
  assert.equal(canCancel(back, START_MS), false);
});

const error = (status: number, body: object) => {
  return { status, headers: {}, body: JSON.stringify({ error: body }) };
};

test("answers mean what their codes say", async () => {
  const cases: readonly (readonly [number, object, string])[] = [
    [200, {}, "accepted"],
    [400, { message: "An event already exists with identifier x." }, "delivered_duplicate"],
    [400, { code: "resource_missing", message: "No such customer" }, "permanent_config"],
    [400, { code: "timestamp_too_far_in_past" }, "closed_period"],
    [400, { code: "timestamp_in_future" }, "retry_same_bytes"],
    [400, { code: "meter_event_value_too_many_digits" }, "permanent_data"],
    [400, { type: "idempotency_error", message: "Keys…" }, "permanent_data"],
    [401, { message: "Invalid API Key" }, "auth"],
    [409, { code: "idempotency_key_in_use" }, "unknown_outcome"],
    [429, { code: "rate_limit" }, "retry_same_bytes"],
    [500, { type: "api_error" }, "unknown_outcome"],
  ];
  const target = targetOf("usage", {});
  for (const [status, body, expected] of cases) {
    const { session } = recording(target, () => error(status, body));
    const [became] = await stripeConnector.send([lineOf(target)], session);
    assert.equal(became?.class, expected, `${status} ${JSON.stringify(body)}`);
  }
});

test("a batch refused for one of its events is found out by sending each alone", async () => {
  const target = targetOf("usage", { api: "stream" });
  const bad = lineOf(target, { key: "bad" });
  const { session, requests } = recording(target, ({ url, body }) => {
    if (url.endsWith("session")) {
      const expires_at = new Date(START_MS + 3 * DAY_MS).toISOString();
      return { authentication_token: "t", expires_at };
    }
    const isBad = String(body).includes('"bad"');
    return isBad ? error(400, { code: "meter_event_invalid_value", message: "no value" }) : {};
  });
  const outcomes = await stripeConnector.send([lineOf(target), bad], session);
  assert.deepEqual(
    outcomes.map((one) => one.class),
    ["accepted", "permanent_data"],
  );
  assert.equal(requests.length, 4, "a session, a batch, two events");
});

test("a session that is over is opened anew for the next attempt", async () => {
  const target = targetOf("usage", { api: "stream" });
  const { session } = recording(target, ({ url }) => {
    const expires_at = new Date(START_MS + 3 * DAY_MS).toISOString();
    if (url.endsWith("session")) return { authentication_token: "t", expires_at };
    return error(400, { type: "temporary_session_expired", message: "over" });
  });
  const [became] = await stripeConnector.send([lineOf(target)], session);
  assert.equal(became?.class, "retry_same_bytes");
  assert.equal(session.memory.size, 0);
});
