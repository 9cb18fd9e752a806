import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutgoingRequest } from "../engine/export/connector-port.ts";
import { judgeOf, whyUnjudged } from "./request-judge-contract.ts";

const FILE = "stripe-billing.openapi.json";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "content-type": "application/json" };

function posted(path: string, body: string, headers = FORM): OutgoingRequest {
  return { method: "POST", url: `https://api.stripe.com${path}`, headers, body };
}

function asked(path: string): OutgoingRequest {
  return { method: "GET", url: `https://api.stripe.com${path}`, headers: {}, body: null };
}

const EVENT = "event_name=a&identifier=i&timestamp=1&payload[stripe_customer_id]=c";
const SUMS = "/v1/billing/meters/mtr_1/event_summaries";
const STREAM = "/v2/billing/meter_event_stream";
const event = { event_name: "a", payload: { value: "1" } };

const VALID: readonly OutgoingRequest[] = [
  posted("/v1/billing/meter_events", EVENT),
  posted(STREAM, JSON.stringify({ events: [event] }), JSON_TYPE),
  asked(`${SUMS}?customer=c&start_time=1&end_time=2`),
];

const INVALID: readonly (readonly [string, OutgoingRequest])[] = [
  ["no payload", posted("/v1/billing/meter_events", "event_name=a")],
  ["an unknown field", posted("/v1/billing/meter_events", `${EVENT}&size=1`)],
  ["101 characters", posted("/v1/billing/meter_events", `${EVENT}&event_name=${"x".repeat(101)}`)],
  ["no whole amount", posted("/v1/invoiceitems", "customer=c&amount=1.5")],
  ["half a period", posted("/v1/invoiceitems", "customer=c&amount=1&period[start]=1")],
  ["a number for a text", posted(STREAM, '{"events":[{"event_name":1}]}', JSON_TYPE)],
  ["no event", posted(STREAM, '{"events":[]}', JSON_TYPE)],
  ["a parameter that is missing", asked(`${SUMS}?customer=c&start_time=1`)],
  ["a parameter that there is not", asked(`${SUMS}?customer=c&start_time=1&end_time=2&x=1`)],
  ["another path", posted("/v1/billing/meter_event", EVENT)],
];

test("the judge lets valid requests pass, and no other", {
  skip: whyUnjudged(FILE) ?? false,
}, () => {
  const judge = judgeOf(FILE);
  for (const request of VALID) assert.deepEqual(judge(request), [], request.url);
  for (const [name, request] of INVALID) assert.notDeepEqual(judge(request), [], name);
});

test("numbered fields of a form are judged as a list", {
  skip: whyUnjudged("chargebee-usage.openapi.json") ?? false,
}, () => {
  const judge = judgeOf("chargebee-usage.openapi.json");
  const charges = (list: string) => posted("/unbilled_charges", `subscription_id=s&${list}`);
  assert.deepEqual(judge(charges("charges[amount][0]=12&charges[amount][1]=1")), []);
  assert.notDeepEqual(judge(charges("charges[amount][0]=12&charges[amount][1]=0")), []);
  assert.notDeepEqual(judge(charges("charges[price][0]=12")), []);
});
