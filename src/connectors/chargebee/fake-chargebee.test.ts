/** The fake's own rules, also those that no right exporter ever meets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import { ONE } from "../sample-line-contract.ts";
import { FakeChargebee } from "./fake-chargebee-contract.ts";
import { type FormFields, formBody } from "./form.ts";
import { HOUR_MS, KEY, SITE } from "./sample-chargebee-contract.ts";

const TERM_END_MS = Date.UTC(2026, 11, 1);
const CLOSES_AFTER_MS = 48 * HOUR_MS;

/** A site at an instant, and ways of asking it. */
function siteAt(startMs: number) {
  const clock = { nowMs: startMs };
  const fake = new FakeChargebee(
    { nowMs: () => clock.nowMs, chance: () => 0.5 },
    {
      ...{ site: SITE, apiKey: KEY, subscriptions: { acme: "sub" }, items: { tokens: "tokens" } },
      ...{ closesAfterMs: CLOSES_AFTER_MS, usagesMaxCount: 3 },
    },
  );
  const authorization = `Basic ${Buffer.from(`${KEY}:`).toString("base64")}`;
  const post = (path: string, fields: FormFields, key?: string): OutgoingAnswer =>
    fake.answer({
      method: "POST",
      url: `https://${SITE}.chargebee.com/api/v2${path}`,
      headers: {
        ...{ authorization, "content-type": "application/x-www-form-urlencoded" },
        ...(key === undefined ? {} : { "chargebee-idempotency-key": key }),
      },
      body: formBody(fields),
    });
  const ingest = (event: object): OutgoingAnswer =>
    fake.answer({
      method: "POST",
      url: `https://${SITE}.ingest.chargebee.com/api/v2/usage_events`,
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(event),
    });
  return { clock, fake, post, ingest };
}

function usage(id: string, atMs: number): FormFields {
  return [
    ...([["id", id] as const, ["item_price_id", "tokens"] as const] as const),
    ...([["quantity", "2"] as const, ["usage_date", String(atMs / 1000)] as const] as const),
  ];
}

const DAY_MS = 24 * HOUR_MS;
const USED_MS = TERM_END_MS - DAY_MS;

test("a usage after its invoice was closed is kept and never billed", () => {
  const { clock, fake, post } = siteAt(TERM_END_MS + CLOSES_AFTER_MS - 1);
  assert.equal(post("/subscriptions/sub/usages", usage("a", USED_MS)).status, 201);
  clock.nowMs += 1;
  assert.equal(post("/subscriptions/sub/usages", usage("b", USED_MS + 1000)).status, 201);
  assert.equal(fake.total("acme", "tokens"), 2n * ONE);
  assert.equal(post("/subscriptions/sub/delete_usage", [["id", "a"]]).status, 200);
  assert.equal(fake.total("acme", "tokens"), 2n * ONE, "its invoice stays as it is");
});

test("an id, a second and a subscription that is not there are refused", () => {
  const { post } = siteAt(TERM_END_MS);
  const usages = "/subscriptions/sub/usages";
  assert.equal(post(usages, usage("a", USED_MS)).status, 201);
  assert.match(post(usages, usage("a", USED_MS - 1000)).body, /duplicate_entry/);
  assert.match(post(usages, usage("b", USED_MS)).body, /duplicate_entry/);
  assert.equal(post("/subscriptions/other/usages", usage("c", USED_MS)).status, 404);
  assert.equal(post("/subscriptions/sub/delete_usage", [["id", "a"]]).status, 200);
  assert.equal(post("/subscriptions/sub/delete_usage", [["id", "a"]]).status, 404);
});

test("a subscription takes so many usages in its lifetime, also those that were deleted", () => {
  const { post } = siteAt(TERM_END_MS);
  const statuses = Array.from({ length: 4 }, (_, at) => {
    const id = `u${at}`;
    const { status } = post("/subscriptions/sub/usages", usage(id, USED_MS));
    post("/subscriptions/sub/delete_usage", [["id", id]]);
    return status;
  });
  assert.deepEqual(statuses, [201, 201, 201, 400]);
});

test("a header's key gives the first answer for half an hour, and refuses another body", () => {
  const { clock, fake, post } = siteAt(TERM_END_MS);
  const charge = (amount: string): FormFields => [
    ["subscription_id", "sub"],
    ["charges[amount][0]", amount],
    ["charges[description][0]", "tokens of acme"],
  ];
  assert.equal(post("/unbilled_charges", charge("100"), "k").status, 200);
  const again = post("/unbilled_charges", charge("100"), "k");
  assert.equal(again.headers["chargebee-idempotency-replayed"], "true");
  assert.equal(post("/unbilled_charges", charge("200"), "k").status, 422);
  assert.equal(fake.total("acme", "tokens"), ONE);
  clock.nowMs += HOUR_MS / 2;
  assert.equal(post("/unbilled_charges", charge("100"), "k").status, 200);
  assert.equal(fake.total("acme", "tokens"), 2n * ONE, "forgotten, so billed twice");
  assert.equal(post("/unbilled_charges", charge("-1"), "n").status, 400);
});

test("an event is known by its time, subscription and id, for twelve hours", () => {
  const { clock, fake, ingest } = siteAt(TERM_END_MS);
  const event = (id: string, atMs: number, of = "sub") => ({
    ...{ deduplication_id: id, subscription_id: of, usage_timestamp: atMs },
    properties: { tokens: 1.5 },
  });
  const answers = [
    ...[event("a", TERM_END_MS), event("a", TERM_END_MS), event("a", TERM_END_MS - 1)],
    ...[event("b", TERM_END_MS), event("a", TERM_END_MS, "imported later")],
    event("c", TERM_END_MS - 12 * HOUR_MS - 1),
  ].map((one) => ingest(one).status);
  assert.deepEqual(answers, [202, 202, 202, 202, 202, 400]);
  assert.equal(fake.total("acme", "tokens"), 0n, "counted in the background");
  clock.nowMs += HOUR_MS;
  fake.tick();
  assert.equal(fake.total("acme", "tokens"), (9n * ONE) / 2n);
});
