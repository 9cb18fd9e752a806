import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import {
  DAY_MS,
  LINE_KEY,
  lineOf,
  ONE,
  quietAccount,
  START_MS,
} from "./sample-account-contract.ts";
import { canVoid } from "./usage-records.ts";

const WAY = { mode: "usage", settings: { voidDays: "20" } } as const;
const KEY_2 = "1b8f1c2e-4d5a-8f60-9a7b-1c2d3e4f5a6b";
const HOST = "https://1234567-sb1.suitetalk.api.netsuite.com";
const HEADERS = {
  authorization: "Bearer {secret}",
  accept: "application/json",
  "content-type": "application/json",
  "x-netsuite-propertynamevalidation": "Error",
  "x-netsuite-propertyvaluevalidation": "Error",
};

test("a line is a PUT of a usage under its key, with its quantity to the last digit", () => {
  const { target } = quietAccount(WAY, { nowMs: START_MS });
  const line = lineOf(target, { value: 123_456_789_012_345n * 10n ** 25n });
  const [request] = netsuiteConnector.preview([line], target);
  assert.deepEqual(request, {
    method: "PUT",
    url: `${HOST}/services/rest/record/v1/usage/eid:${LINE_KEY}`,
    headers: HEADERS,
    body: [
      '{"customer":{"id":"1001"},"subscriptionPlan":{"id":"8"},"usageSubscription":{"id":"200"},',
      '"usageSubscriptionLine":{"id":"3000"},"usageQuantity":1234567.89012345,',
      '"usageDate":"2026-11-01","memo":"Tokens, \\"fast\\" (revision 0)"}',
    ].join(""),
  });
});

test("a batch holds the same bytes with external IDs, under a key that follows from them", () => {
  const way = { mode: "usage", settings: { api: "batch" } } as const;
  const { target } = quietAccount(way, { nowMs: START_MS });
  const lines = [lineOf(target), lineOf(target, { key: KEY_2, item: "searches" })];
  const [request, ...others] = netsuiteConnector.preview(lines, target);
  assert.equal(others.length, 0);
  assert.equal(request?.url, `${HOST}/services/rest/record/v1/usage`);
  const { prefer, "content-type": type } = request?.headers ?? {};
  assert.equal(prefer, "respond-async");
  assert.equal(type, "application/vnd.oracle.resource+json; type=collection");
  const key = request?.headers["x-netsuite-idempotency-key"];
  assert.match(key ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  const [again] = netsuiteConnector.preview(lines, target);
  assert.equal(again?.headers["x-netsuite-idempotency-key"], key);
  const [other] = netsuiteConnector.preview(lines.slice(0, 1), target);
  assert.notEqual(other?.headers["x-netsuite-idempotency-key"], key);
  const { items } = JSON.parse(String(request?.body));
  assert.deepEqual(
    items.map(({ externalId, usageSubscriptionLine }: Record<string, unknown>) => [
      externalId,
      usageSubscriptionLine,
    ]),
    [
      [LINE_KEY, { id: "3000" }],
      [KEY_2, { id: "3001" }],
    ],
  );
});

test("a preview of many lines shows the batches that they are sent in", () => {
  const { target } = quietAccount(
    { mode: "usage", settings: { api: "batch" } },
    { nowMs: START_MS },
  );
  const keyOf = (at: number) => LINE_KEY.slice(0, -3) + String(100 + at);
  const lines = Array.from({ length: 101 }, (_, at) => lineOf(target, { key: keyOf(at) }));
  const sizes = netsuiteConnector
    .preview(lines, target)
    .map(({ body }) => JSON.parse(String(body)).items.length);
  assert.deepEqual(sizes, [100, 1]);
});

test("an item that is no line of the customer's subscription is asked for by its place", () => {
  const { target } = quietAccount(WAY, { nowMs: START_MS });
  assert.throws(
    () => lineOf(target, { item: "minutes" }),
    (error) => error instanceof TollgateError && error.field === "customers.acme.line.minutes",
  );
});

test("what is taken back is voided there, and only until it is rated", async () => {
  const clock = { nowMs: START_MS + 2 * DAY_MS };
  const { fake, target, session } = quietAccount(WAY, clock);
  const line = lineOf(target);
  const back = lineOf(target, { key: KEY_2, value: -line.value, takesBack: line });
  const [request] = netsuiteConnector.preview([back], target);
  assert.equal(request?.method, "PATCH");
  assert.match(request?.url ?? "", new RegExp(`/usage/eid:${LINE_KEY}$`));
  await netsuiteConnector.send([line], session);
  assert.equal(fake.total("acme", "tokens"), line.value);
  await netsuiteConnector.send([back], session);
  assert.equal(fake.total("acme", "tokens"), 0n);
  const found = await netsuiteConnector.lookUpAll?.([line, back], session);
  assert.deepEqual(
    found?.map((one) => one.found),
    ["present", "present"],
  );
  assert.equal(canVoid(line, line.window.endMs + 20 * DAY_MS - 1, target), true);
  assert.equal(canVoid(line, line.window.endMs + 20 * DAY_MS, target), false);
});

test("a usage that somebody voided or changed there is told apart from what we sent", async () => {
  const clock = { nowMs: START_MS };
  const { fake, target, session } = quietAccount(WAY, clock);
  const [line, other] = [lineOf(target), lineOf(target, { key: KEY_2 })];
  await netsuiteConnector.send([line, other], session);
  clock.nowMs += DAY_MS;
  const kept = fake.records.usages.get(LINE_KEY);
  assert.ok(kept !== undefined);
  fake.records.usages.set(LINE_KEY, { ...kept, status: "VOIDED" });
  fake.records.usages.set(KEY_2, { ...kept, quantity: "7" });
  const found = await netsuiteConnector.lookUpAll?.([line, other], session);
  assert.deepEqual(found?.[0]?.found, "refused");
  assert.deepEqual([found?.[1]?.found, found?.[1]?.value], ["present", 7n * ONE]);
});
