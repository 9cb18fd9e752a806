import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OutcomeClass } from "../../domain/export/capability.ts";
import type { Answering } from "../recorded-session-contract.ts";
import { DAY_MS, LINE_KEY, START_MS } from "../sample-line-contract.ts";
import { readFrozen } from "./chargebee-api.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import { fieldOf } from "./form.ts";
import {
  errorAnswer,
  HOUR_MS,
  lineOf,
  recording,
  THEIRS,
  USAGES,
} from "./sample-chargebee-contract.ts";

const END_MS = START_MS + DAY_MS;
/** The sample closes after 48 hours, and an hour is kept clear. */
const OPEN_MS = 47 * HOUR_MS;

async function classOf(answers: Answering, line = lineOf(USAGES)): Promise<OutcomeClass> {
  const [outcome] = await chargebeeConnector.send([line], recording(USAGES, answers).session);
  assert.ok(outcome);
  return outcome.class;
}

test("nothing leaves for a term that may be closed: it would never be invoiced", async () => {
  for (const [agoMs, sent] of [[OPEN_MS, 1] as const, [OPEN_MS + 1, 0] as const]) {
    const { session, requests } = recording(USAGES, () => ({}), END_MS + agoMs);
    const [outcome] = await chargebeeConnector.send([lineOf(USAGES)], session);
    assert.equal(requests.length, sent);
    assert.equal(outcome?.class, sent === 1 ? "accepted" : "closed_period");
  }
});

test("what has just ended waits until it has ended by their clock", async () => {
  for (const [agoMs, sent] of [[5 * 60_000 - 1, 0] as const, [5 * 60_000, 1] as const]) {
    const { session, requests } = recording(USAGES, () => ({}), END_MS + agoMs);
    const [outcome] = await chargebeeConnector.send([lineOf(USAGES)], session);
    assert.equal(requests.length, sent);
    if (sent === 0)
      assert.deepEqual([outcome?.class, outcome?.retryAfterMs], ["retry_same_bytes", 1]);
  }
});

test("a usage is taken back until its term's invoice may be closed, and only once", () => {
  const line = lineOf(USAGES);
  const back = lineOf(USAGES, { takesBack: line, value: -line.value });
  const can = chargebeeConnector.canTakeBack;
  assert.equal(can?.(line, END_MS + OPEN_MS - 1, USAGES), true);
  assert.equal(can?.(line, END_MS + OPEN_MS, USAGES), false);
  assert.equal(can?.(back, END_MS, USAGES), false);
  const deleted = readFrozen(back.body);
  assert.equal(fieldOf(deleted.form, "id"), LINE_KEY);
});

test("a usage that is refused and there has arrived, if it says the same", async () => {
  const usage = {
    ...{ id: LINE_KEY, item_price_id: THEIRS.item.id, quantity: "12.50" },
    usage_date: END_MS / 1000 - 1,
  };
  const there =
    (some: object): Answering =>
    ({ method }) =>
      method === "POST"
        ? errorAnswer(400, "duplicate_entry")
        : { list: [{ usage: { ...usage, ...some } }] };
  assert.equal(await classOf(there({})), "delivered_duplicate");
  assert.equal(await classOf(there({ quantity: "12.6" })), "permanent_data");
  assert.equal(await classOf(there({ usage_date: 1 })), "permanent_data");
  assert.equal(await classOf(() => errorAnswer(400, "duplicate_entry")), "unknown_outcome");
});

test("a usage that cannot be deleted because it is not there has been deleted", async () => {
  const line = lineOf(USAGES);
  const back = lineOf(USAGES, { takesBack: line, value: -line.value, key: "back" });
  const answers = (list: readonly object[]): Answering => {
    return ({ method }) => (method === "POST" ? errorAnswer(404, "resource_not_found") : { list });
  };
  assert.equal(await classOf(answers([]), back), "delivered_duplicate");
  assert.equal(await classOf(answers([{ usage: { id: LINE_KEY } }]), back), "permanent_config");
});

test("answers mean what their codes say", async () => {
  const cases: readonly (readonly [number, string, OutcomeClass])[] = [
    [401, "api_authentication_failed", "auth"],
    [403, "api_authorization_failed", "auth"],
    [429, "api_request_limit_exceeded", "retry_same_bytes"],
    [503, "internal_temporary_error", "retry_same_bytes"],
    [500, "internal_error", "unknown_outcome"],
    [504, "gateway_timeout", "unknown_outcome"],
    [409, "", "unknown_outcome"],
    [404, "resource_not_found", "permanent_config"],
    [400, "resource_limit_exhausted", "permanent_config"],
    [400, "param_wrong_value", "permanent_data"],
    [422, "", "permanent_data"],
  ];
  for (const [status, code, expected] of cases) {
    const answers: Answering = ({ method }) =>
      method === "POST" ? errorAnswer(status, code) : { list: [] };
    assert.equal(await classOf(answers), expected, `${status} ${code}`);
  }
});

test("each line of a window has a second of its own, inside of it", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(86_399), { minLength: 2, maxLength: 20 }), (revisions) => {
      const seconds = revisions.map((revision) => {
        const { form } = readFrozen(lineOf(USAGES, { revision }).body);
        return Number(fieldOf(form, "usage_date"));
      });
      assert.equal(new Set(seconds).size, revisions.length);
      assert.ok(seconds.every((one) => one * 1000 >= START_MS && one * 1000 < END_MS));
    }),
  );
  assert.throws(() => lineOf(USAGES, { revision: 86_400 }), { code: "target.invalid" });
});

test("a window's usages are added up to the last page, under each name of lines", async () => {
  const other = { ...lineOf(USAGES) };
  const frozen = { ...readFrozen(other.body), subscription: "sub_2" };
  const lines = [lineOf(USAGES), { ...other, body: JSON.stringify(frozen) }];
  const pages: Answering = ({ url }) => {
    const { searchParams } = new URL(url);
    const isFirst = searchParams.get("offset") === null;
    const quantity = searchParams.get("subscription_id[is]") === "sub_2" ? "100" : "0.1";
    return { list: [{ usage: { quantity } }], ...(isFirst ? { next_offset: '["1"]' } : {}) };
  };
  assert.equal(await chargebeeConnector.total?.(lines, recording(USAGES, pages).session), "200.2");
  const silent = recording(USAGES, () => errorAnswer(500, ""));
  assert.equal(await chargebeeConnector.total?.(lines, silent.session), null);
});
