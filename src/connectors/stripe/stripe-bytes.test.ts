/** Our requests beside those of Stripe's own SDK, byte for byte. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import Stripe from "stripe";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";
import { DAY_MS, LINE_KEY, START_MS } from "../sample-line-contract.ts";
import { EVENT, KEY, lineOf, recording, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

/** A request, as far as it is compared. */
interface Wire {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const COMPARED = ["authorization", "stripe-version", "stripe-account", "accept"] as const;
const COMPARED_WITH_BODY = ["content-type", "idempotency-key"] as const;

function wireOf(
  method: string,
  url: string,
  { headers, body }: Pick<Wire, "body"> & { headers: Readonly<Record<string, unknown>> },
): Wire {
  const { pathname, search } = new URL(url, "http://local");
  const names = [...COMPARED, ...(body === "" ? [] : COMPARED_WITH_BODY)];
  const own = names.map((name) => [name, headers[name] as string | undefined]);
  return { method, path: pathname + search, headers: Object.fromEntries(own), body };
}

/** What we sent. */
function wiresOf(requests: readonly OutgoingRequest[]): Wire[] {
  return requests.map(({ method, url, headers, body }) =>
    wireOf(method, url, { headers, body: String(body ?? "") }),
  );
}

/** What the SDK sends for a call. */
async function fromSdk(call: (stripe: Stripe) => Promise<unknown>, key = KEY): Promise<Wire> {
  const wires: Wire[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      wires.push(wireOf(method, url, { headers, body }));
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"object":"list","data":[],"has_more":false}');
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const local = { host: "127.0.0.1", port, protocol: "http" as const, maxNetworkRetries: 0 };
  try {
    await call(new Stripe(key, { ...local, stripeAccount: "acct_1", telemetry: false }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  const [wire] = wires;
  assert.ok(wire);
  return wire;
}

const LAST_SECOND = (START_MS + DAY_MS) / 1000 - 1;
const EVENT_PARAMS = {
  ...{ event_name: EVENT, identifier: LINE_KEY, timestamp: LAST_SECOND },
  payload: { stripe_customer_id: "cus_1", value: "12.5" },
};

test("a meter event and its cancellation are sent as the SDK sends them", async () => {
  const target = targetOf("usage", {});
  const { session, requests } = recording(target);
  const line = lineOf(target);
  const back = lineOf(target, { takesBack: line, value: -line.value, key: "back" });
  await stripeConnector.send([line, back], session);
  const sdk = [
    await fromSdk((stripe) =>
      stripe.billing.meterEvents.create(EVENT_PARAMS, { idempotencyKey: `${LINE_KEY}/1` }),
    ),
    await fromSdk((stripe) =>
      stripe.billing.meterEventAdjustments.create(
        { event_name: EVENT, type: "cancel", cancel: { identifier: LINE_KEY } },
        { idempotencyKey: "back" },
      ),
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

const EVENT_V2 = {
  ...{ event_name: EVENT, identifier: LINE_KEY },
  payload: { stripe_customer_id: "cus_1", value: "12.5" },
  timestamp: new Date(LAST_SECOND * 1000).toISOString().replace(".000Z", "Z"),
};

test("the same of API v2", async () => {
  const target = targetOf("usage", { api: "v2" });
  const { session, requests } = recording(target);
  const line = lineOf(target);
  const back = lineOf(target, { takesBack: line, value: -line.value, key: "back" });
  await stripeConnector.send([line, back], session);
  const sdk = [
    await fromSdk((stripe) =>
      stripe.v2.billing.meterEvents.create(EVENT_V2, { idempotencyKey: `${LINE_KEY}/1` }),
    ),
    await fromSdk((stripe) =>
      stripe.v2.billing.meterEventAdjustments.create(
        { event_name: EVENT, type: "cancel", cancel: { identifier: LINE_KEY } },
        { idempotencyKey: "back" },
      ),
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

test("a session and a batch of the stream", async () => {
  const target = targetOf("usage", { api: "stream" });
  const expires = new Date(START_MS + 3 * DAY_MS).toISOString();
  const opened = { authentication_token: "token_1", expires_at: expires };
  const { session, requests } = recording(target, () => opened);
  const outcomes = await stripeConnector.send([lineOf(target)], session);
  assert.deepEqual(
    outcomes.map((one) => one.class),
    ["accepted"],
  );
  const sessionKey = `session/${START_MS + 2 * DAY_MS}`;
  const sdk = [
    await fromSdk((stripe) =>
      stripe.v2.billing.meterEventSession.create({}, { idempotencyKey: sessionKey }),
    ),
    await fromSdk(
      (stripe) =>
        stripe.v2.billing.meterEventStream.create(
          { events: [EVENT_V2] },
          { idempotencyKey: `${LINE_KEY}/1` },
        ),
      "token_1",
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

const METADATA = { tollgate_line: LINE_KEY };
const BOOKS = { tollgate_books: '["w","live"]' };

test("an invoice item, and the list that it is found in", async () => {
  const target = targetOf("rated", { currency: "usd" });
  const { session, requests } = recording(target, () => ({ data: [], has_more: false }));
  const line = lineOf(target);
  await stripeConnector.send([line], session);
  await stripeConnector.lookUp?.(line, session);
  const sdk = [
    await fromSdk((stripe) =>
      stripe.invoiceItems.create(
        {
          ...{ customer: "cus_1", currency: "usd", amount: 1250, discountable: false },
          description: line.description,
          period: { start: START_MS / 1000, end: LAST_SECOND },
          metadata: {
            ...{ ...METADATA, tollgate_item: EVENT, tollgate_period: "2026-11-01" },
            ...{ tollgate_source: "st_1", ...BOOKS },
          },
        },
        { idempotencyKey: LINE_KEY },
      ),
    ),
    await fromSdk((stripe) =>
      stripe.invoiceItems.list({
        ...{ customer: "cus_1", created: { gte: START_MS / 1000 - 3600 }, limit: 100 },
      }),
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

test("an invoice with its parts, its finalizing, and what finds it again", async () => {
  const target = targetOf("statement", { currency: "usd", invoices: "finalize" });
  const answers = ({ url }: OutgoingRequest) =>
    url.includes("?") ? { data: [], has_more: false } : { id: "in_1", status: "draft" };
  const { session, requests } = recording(target, answers);
  const part = { item: "runs", description: "Runs", quantity: "25", amount: "12.5" };
  const line = lineOf(target, { parts: [part] });
  await stripeConnector.send([line], session);
  await stripeConnector.lookUp?.(line, session);
  const of = { tollgate_period: "2026-11-01", tollgate_source: "st_1", ...BOOKS };
  const sdk = [
    await fromSdk((stripe) =>
      stripe.invoices.create(
        {
          ...{ customer: "cus_1", currency: "usd", pending_invoice_items_behavior: "exclude" },
          ...{ auto_advance: false, collection_method: "charge_automatically" },
          ...{ description: line.description },
          metadata: { ...METADATA, tollgate_item: EVENT, ...of },
        },
        { idempotencyKey: `${LINE_KEY}/invoice` },
      ),
    ),
    await fromSdk((stripe) =>
      stripe.invoiceItems.create(
        {
          ...{ customer: "cus_1", currency: "usd", amount: 1250, discountable: false },
          description: "Runs (25)",
          period: { start: START_MS / 1000, end: LAST_SECOND },
          metadata: { ...METADATA, tollgate_part: "0", tollgate_item: "runs" },
          invoice: "in_1",
        },
        { idempotencyKey: `${LINE_KEY}/0` },
      ),
    ),
    await fromSdk((stripe) =>
      stripe.invoices.finalizeInvoice(
        "in_1",
        { auto_advance: true },
        { idempotencyKey: `${LINE_KEY}/finalize` },
      ),
    ),
    await fromSdk((stripe) =>
      stripe.invoices.list({
        ...{ customer: "cus_1", created: { gte: START_MS / 1000 - 3600 }, limit: 100 },
      }),
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

test("all items of an account, page by page, and all of its invoices", async () => {
  const row = { id: "ii_1", customer: "cus_1", currency: "usd", metadata: null };
  const sdk: unknown[] = [];
  const ours: OutgoingRequest[] = [];
  for (const mode of ["rated", "statement"] as const) {
    const { session, requests } = recording(targetOf(mode, { currency: "usd" }), ({ url }) => {
      return { data: [row], has_more: !url.includes("starting_after") };
    });
    for await (const _ of stripeConnector.held?.(session, START_MS) ?? []);
    ours.push(...requests);
    const gte = START_MS / 1000 - 3600;
    for (const after of [{}, { starting_after: "ii_1" }]) {
      const query = { created: { gte }, ...after, limit: 100 };
      sdk.push(
        await fromSdk((stripe) =>
          mode === "rated" ? stripe.invoiceItems.list(query) : stripe.invoices.list(query),
        ),
      );
    }
  }
  assert.deepEqual(wiresOf(ours), sdk);
});

test("meters, the sums of a window, and the event of an error report", async () => {
  const target = targetOf("usage", {});
  const meter = { id: "mtr_1", event_name: EVENT, status: "active" };
  const list = { data: [meter], has_more: false };
  const { session, requests } = recording(target, ({ url }) =>
    url.includes("summaries") ? { data: [{ aggregated_value: 12.5 }], has_more: false } : list,
  );
  assert.equal(await stripeConnector.total?.([lineOf(target)], session), "12.5");
  const sdk = [
    await fromSdk((stripe) => stripe.billing.meters.list({ limit: 100 })),
    await fromSdk((stripe) =>
      stripe.billing.meters.listEventSummaries("mtr_1", {
        ...{
          customer: "cus_1",
          start_time: START_MS / 1000,
          end_time: LAST_SECOND + 1,
          limit: 100,
        },
      }),
    ),
  ];
  assert.deepEqual(wiresOf(requests), sdk);
});

test("a signature is checked as the SDK makes it, and the event fetched as it does", async () => {
  const target = targetOf("usage", {});
  const reason = {
    error_types: [
      {
        code: "meter_event_customer_not_found",
        sample_errors: [{ error_message: "No such customer", request: { identifier: LINE_KEY } }],
      },
    ],
  };
  const { session, requests } = recording(target, () => ({ data: { reason } }));
  const type = "v1.billing.meter.error_report_triggered";
  const payload = JSON.stringify({ id: "evt_1", object: "v2.core.event", type });
  const timestamp = Math.floor(session.nowMs() / 1000);
  const stripe = new Stripe(KEY);
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: KEY, timestamp });
  const heard = (signature: string, body = payload) =>
    stripeConnector.hear?.({ headers: { "stripe-signature": signature }, body }, session);
  assert.deepEqual(await heard(header), [
    {
      ...{ key: LINE_KEY, found: "refused" },
      note: "meter_event_customer_not_found: No such customer",
    },
  ]);
  assert.deepEqual(wiresOf(requests), [
    await fromSdk((sdk) => sdk.v2.core.events.retrieve("evt_1")),
  ]);
  assert.equal(await heard(header, `${payload} `), null, "another body");
  const old = stripe.webhooks.generateTestHeaderString({
    ...{ payload, secret: KEY, timestamp: timestamp - 301 },
  });
  assert.equal(await heard(old), null, "too old");
  assert.equal(await heard(`t=${timestamp},v1=`), null, "no signature");
});
