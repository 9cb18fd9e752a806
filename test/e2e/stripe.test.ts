/** Usage over HTTP to Stripe's meters: late, corrected, refused, and told by an error report. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FakeStripe } from "../../src/cli/fake-stripe/fake-stripe.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { parseValue } from "../../src/domain/export/export-line.ts";
import { NOTICE_MAX_BYTES } from "../../src/domain/limits.ts";
import type { OutgoingRequest } from "../../src/engine/export/connector-port.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "our billing", by: "anna" };
const API_KEY = "rk_test_desk";
const WEBHOOK = "whsec_desk";
const JSON_TYPE = { "content-type": "application/json" };
const HOUR_MS = 3_600_000;

interface Line {
  readonly key: string;
  readonly state: string;
  readonly value: string;
  readonly note: string;
}

describe("usage to Stripe", () => {
  let desk: Desk;
  let stripe: FakeStripe;
  const sent: OutgoingRequest[] = [];
  beforeEach(async () => {
    sent.length = 0;
    const http = {
      send: async (request: OutgoingRequest) => {
        sent.push(request);
        return { kind: "answered" as const, answer: stripe.answer(request) };
      },
    };
    const exporting = { http, secrets: secretBox([randomBytes(32)]), wait: async () => undefined };
    desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", exporting });
    stripe = new FakeStripe({
      ...{ apiKey: API_KEY, webhookSecret: WEBHOOK, customers: { acme: "cus_acme" } },
      clock: { nowMs: () => desk.clock.now, chance: () => 0.5 },
      countsWithinMs: 1_000,
      meters: [
        { item: "calls", eventName: "agent_calls", window: null },
        { item: "calls", eventName: "agent_calls_a_day", window: "day" },
      ],
    });
    await desk.ok("PUT", "/v1/customers/acme", {});
    desk.clock.now = Date.parse("2026-11-10T00:00:00Z");
  });
  afterEach(() => desk.end());

  const set = async (id: string, some: object = {}, customer = "cus_acme") => {
    const names = (name: string, there: string) => ({ names: { [name]: { id: there } } });
    const document = {
      ...{ connector: "stripe", account: "acct_1", mode: "usage", window: "day" },
      ...{ since: "2026-11-01", customers: names("acme", customer), settings: {} },
      ...{ items: names("calls", "agent_calls"), ...some },
    };
    await desk.ok("PUT", `/v1/targets/${id}`, { document, ...WHO });
    await desk.ok("PUT", `/v1/targets/${id}/secrets/api_key`, { secret: API_KEY });
    await desk.ok("PUT", `/v1/targets/${id}/secrets/webhook`, { secret: WEBHOOK });
  };
  const run = async (afterMs = 0) => {
    desk.clock.now += afterMs;
    stripe.tick();
    await desk.ok("POST", "/v1/targets/stripe/runs", {});
  };
  const linesIn = async (state: string): Promise<readonly Line[]> => {
    const { body } = await desk.ok("GET", `/v1/targets/stripe/lines?state=${state}`);
    return (body as unknown as { readonly lines: readonly Line[] }).lines;
  };
  const valuesIn = async (state: string) => (await linesIn(state)).map(({ value }) => value);

  test("a step voided after it was told is taken back, and the rest told again", async () => {
    await set("stripe");
    await desk.steps("acme", "2026-11-09", 4);
    await run();
    assert.deepEqual(await valuesIn("accepted"), ["4"], "taken is not counted");
    await run(2 * HOUR_MS);
    assert.deepEqual(await valuesIn("confirmed"), ["4"]);
    const target = { id: "e1" };
    const occurredAt = "2026-11-09T12:00:00Z";
    const voided = { type: "step.voided", id: "void", run: "run of acme", target, occurredAt };
    const { text } = await desk.ok("POST", "/v1/events", [voided]);
    assert.match(text, /accepted/, text);
    for (let hour = 0; hour < 4; hour += 1) await run(2 * HOUR_MS);
    assert.deepEqual(await valuesIn("confirmed"), ["4", "-4", "3"]);
    assert.equal(stripe.total("acme", "calls"), parseValue("3"));
    const paths = sent
      .filter(({ method }) => method === "POST")
      .map(({ url }) => new URL(url).pathname);
    assert.deepEqual(paths, [
      ...["/v1/billing/meter_events", "/v1/billing/meter_event_adjustments"],
      "/v1/billing/meter_events",
    ]);
    const { body } = await desk.ok("POST", "/v1/targets/stripe/reconcile", {});
    assert.deepEqual(body.drifts, []);
  });

  test("a customer replaced there is known by an error report, then by the new id", async () => {
    const items = { names: { calls: { id: "agent_calls_a_day" } } };
    await set("stripe", { items, settings: { meters: "day" } });
    await desk.steps("acme", "2026-11-09", 4);
    await run();
    await run(2 * HOUR_MS);
    const id = stripe.customers.replace("acme");
    await desk.steps("acme", "2026-11-09", 3);
    await run();
    assert.deepEqual(await valuesIn("accepted"), ["3"], "v1 tells it later");
    desk.clock.now += 10_000;
    stripe.tick();
    const [notice] = stripe.notices();
    assert.ok(notice);
    const path = "/v1/notices/default/stripe";
    const posted = await fetch(new URL(path, desk.server.url), {
      ...{ method: "POST", headers: { ...JSON_TYPE, ...notice.headers }, body: notice.body },
    });
    assert.deepEqual([posted.status, await posted.json()], [200, { settled: 1 }]);
    const [refused] = await linesIn("rejected");
    assert.match(refused?.note ?? "", /^meter_event_customer_not_found/);
    await set("stripe", { items, settings: { meters: "day" } }, id);
    await desk.ok("POST", `/v1/targets/stripe/lines/${refused?.key}/retry`, WHO);
    await run();
    await run(2 * HOUR_MS);
    assert.deepEqual(await valuesIn("confirmed"), ["4", "3"]);
    assert.match(String(sent.findLast(({ method }) => method === "POST")?.body), /value\]=3$/);
    const { body } = await desk.ok("POST", "/v1/targets/stripe/reconcile", {});
    assert.deepEqual(body.drifts, []);
  });

  test("a notice is heard once, from who signs it, about its own target alone", async () => {
    const items = { names: { calls: { id: "agent_calls_a_day" } } };
    await set("stripe", { items, settings: { meters: "day" } });
    await desk.steps("acme", "2026-11-09", 4);
    stripe.customers.replace("acme");
    await run();
    desk.clock.now += 10_000;
    stripe.tick();
    const [notice] = stripe.notices();
    assert.ok(notice);
    const tell = async (path: string, body = notice.body, headers = notice.headers) => {
      const url = new URL(`/v1/notices/${path}`, desk.server.url);
      const sent = { method: "POST", headers: { ...JSON_TYPE, ...headers }, body };
      const posted = await fetch(url, sent);
      return [posted.status, await posted.json()] as const;
    };
    const statusOf = async (...told: Parameters<typeof tell>) => (await tell(...told))[0];
    assert.equal(await statusOf("default/none"), 401, "there is no such target");
    assert.equal(await statusOf("none/stripe"), 401, "nor such a workspace");
    assert.equal(await statusOf("foreign/stripe"), 401, "it is another one's");
    assert.equal(await statusOf("default/stripe", `${notice.body} `), 401, "it was altered");
    assert.equal(await statusOf("default/stripe", notice.body, {}), 401, "nobody signed it");
    assert.deepEqual(await tell("default/stripe"), [200, { settled: 1 }]);
    assert.deepEqual(await tell("default/stripe"), [200, { settled: 0 }], "it comes twice");
    assert.equal((await linesIn("rejected")).length, 1);
    desk.clock.now += 301_000;
    assert.equal(await statusOf("default/stripe"), 401, "it is too old");
    const padded = (bytes: number) => notice.body + " ".repeat(bytes - notice.body.length);
    assert.equal(await statusOf("default/stripe", padded(NOTICE_MAX_BYTES)), 401, "it is read");
    assert.equal(await statusOf("default/stripe", padded(NOTICE_MAX_BYTES + 1)), 413);
  });

  test("a dry run shows requests without the key; a message of nobody's is refused", async () => {
    await set("stripe");
    await desk.steps("acme", "2026-11-09", 4);
    const { text } = await desk.ok("GET", "/v1/targets/stripe/plan");
    assert.ok(text.includes("Bearer {secret}") && !text.includes(API_KEY));
    assert.equal(sent.length, 0);
    const posted = await fetch(new URL("/v1/notices/default/stripe", desk.server.url), {
      ...{ method: "POST", headers: { ...JSON_TYPE, "stripe-signature": "t=1,v1=00" }, body: "{}" },
    });
    assert.equal(posted.status, 401);
  });
});
