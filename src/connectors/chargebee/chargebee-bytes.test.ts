/** Our requests beside those of Chargebee's own SDK, byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Chargebee from "chargebee";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { OutgoingRequest, Session } from "../../engine/export/connector-port.ts";
import { DAY_MS, LINE_KEY, ONE, START_MS } from "../sample-line-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import {
  CHARGES,
  EVENTS,
  errorAnswer,
  HOUR_MS,
  KEY,
  lineOf,
  recording,
  SITE,
  STATEMENTS,
  THEIRS,
  USAGES,
} from "./sample-chargebee-contract.ts";

/** A request, as far as it is compared. */
interface Wire {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: string;
}

const COMPARED = ["authorization", "accept", "content-type", "chargebee-idempotency-key"];

/** What we sent. */
function wiresOf(requests: readonly OutgoingRequest[]): Wire[] {
  return requests.map(({ method, url, headers, body }) => {
    const own = COMPARED.map((name) => [name, headers[name] ?? null]);
    return { method, url, headers: Object.fromEntries(own), body: String(body ?? "") };
  });
}

/** What the SDK sends for calls. */
async function fromSdk(
  ...calls: readonly ((chargebee: Chargebee) => Promise<unknown>)[]
): Promise<Wire[]> {
  const wires: Wire[] = [];
  const httpClient = {
    makeApiRequest: async (request: Request): Promise<Response> => {
      const own = COMPARED.map((name) => [name, request.headers.get(name)]);
      const { method, url } = request;
      const body = await request.text();
      wires.push({ method, url, headers: Object.fromEntries(own), body });
      return Response.json({ list: [] });
    },
  };
  const chargebee = new Chargebee({ site: SITE, apiKey: KEY, httpClient });
  for (const call of calls) await call(chargebee);
  return wires;
}

const SUBSCRIPTION = THEIRS.customer.id;
const [START_S, END_S] = [START_MS / 1000, (START_MS + DAY_MS) / 1000];
const UNDER = { "chargebee-idempotency-key": LINE_KEY };
const SINCE = String(START_S - HOUR_MS / 1000);
const DESCRIPTION = `Runs & more: 100% (it's *new*!) [${LINE_KEY}]`;

async function looked(line: ExportLine, session: Session): Promise<void> {
  await chargebeeConnector.lookUp?.(line, session);
}

test("a usage, its deletion and its list are asked for as the SDK asks", async () => {
  const { session, requests } = recording(USAGES);
  const line = lineOf(USAGES);
  const back = lineOf(USAGES, { takesBack: line, value: -line.value, key: "back" });
  await chargebeeConnector.send([line], session);
  await chargebeeConnector.send([back], session);
  await chargebeeConnector.total?.([line, back], session);
  const sdk = await fromSdk(
    ({ usage }) =>
      usage.create(
        SUBSCRIPTION,
        {
          ...{ id: LINE_KEY, item_price_id: THEIRS.item.id, quantity: "12.5" },
          ...{ usage_date: END_S - 1, note: line.description },
        },
        UNDER,
      ),
    ({ usage }) =>
      usage.delete(SUBSCRIPTION, { id: LINE_KEY }, { "chargebee-idempotency-key": "back" }),
    ({ usage }) =>
      usage.list({
        limit: 100,
        subscription_id: { is: SUBSCRIPTION },
        usage_date: { between: [START_S, END_S - 1] } as never,
        item_price_id: { is: THEIRS.item.id },
      }),
  );
  assert.deepEqual(wiresOf(requests), sdk);
});

test("what was refused is looked for as the SDK looks for it", async () => {
  const refuses = () => errorAnswer(400, "duplicate_entry");
  const { session, requests } = recording(USAGES, refuses);
  await chargebeeConnector.send([lineOf(USAGES)], session);
  const [, ...wires] = wiresOf(requests);
  const sdk = await fromSdk(({ usage }) =>
    usage.list({ limit: 100, id: { is: LINE_KEY }, subscription_id: { is: SUBSCRIPTION } }),
  );
  assert.deepEqual(wires, sdk);
});

test("a batch of events, an event and a summary", async () => {
  const refusesBatches = ({ url }: OutgoingRequest) =>
    url.includes("/batch/") ? errorAnswer(400, "param_wrong_value") : { list: [] };
  const { session, requests } = recording(EVENTS, refusesBatches);
  const line = lineOf(EVENTS);
  await chargebeeConnector.send([line], session);
  await chargebeeConnector.total?.([line], session);
  const event = {
    ...{ deduplication_id: LINE_KEY, subscription_id: SUBSCRIPTION },
    usage_timestamp: START_MS + DAY_MS - 1,
    properties: { [THEIRS.item.id]: 12.5, tollgate_feature: THEIRS.item.id },
  };
  const sdk = await fromSdk(
    ({ usageEvent }) => usageEvent.batchIngest({ events: [event] }),
    ({ usageEvent }) => usageEvent.create(event),
    ({ usageSummary }) =>
      usageSummary.retrieveUsageSummaryForSubscription(SUBSCRIPTION, {
        ...{ limit: 100, feature_id: THEIRS.item.id, window_size: "hour" },
        ...{ timeframe_start: START_S, timeframe_end: END_S },
      }),
  );
  assert.deepEqual(wiresOf(requests), sdk);
});

test("an unbilled charge, and where it is looked for", async () => {
  const { session, requests } = recording(CHARGES);
  const line = lineOf(CHARGES);
  await chargebeeConnector.send([line], session);
  await looked(line, session);
  const sdk = await fromSdk(
    ({ unbilledCharge }) =>
      unbilledCharge.create(
        {
          ...{ subscription_id: SUBSCRIPTION, currency_code: "USD" },
          charges: [
            {
              ...{ amount: 1250, description: DESCRIPTION, tax_profile_id: "tp_1" },
              ...{ date_from: START_S, date_to: END_S - 1 },
            },
          ],
        },
        UNDER,
      ),
    ({ unbilledCharge }) =>
      unbilledCharge.list({ limit: 100, subscription_id: { is: SUBSCRIPTION } }),
    ({ invoice }) =>
      invoice.list({
        ...{ limit: 100, customer_id: { is: "cb_acme" }, updated_at: { after: SINCE as never } },
      }),
  );
  assert.deepEqual(wiresOf(requests), sdk);
});

test("a statement as an invoice of charges", async () => {
  const { session, requests } = recording(STATEMENTS);
  const parts = [
    { item: "runs", description: "Runs", quantity: "5", amount: "10" },
    { item: "tax", description: "Nothing", quantity: null, amount: "0" },
    { item: "minimum", description: "Minimum", quantity: null, amount: "2.5" },
  ];
  const line = lineOf(STATEMENTS, { parts });
  const credited = [...parts, { ...parts[0], amount: "-1", description: "Credit" }];
  const less = lineOf(STATEMENTS, { parts: credited as typeof parts, value: (23n * ONE) / 2n });
  await chargebeeConnector.send([line, less], session);
  const dates = { date_from: START_S, date_to: END_S - 1 };
  const whole = {
    ...{ subscription_id: SUBSCRIPTION, currency_code: "USD", auto_collection: "off" as const },
    create_pending_invoice: true,
  };
  const first = { amount: 1000, description: `Runs [${LINE_KEY}]`, ...dates };
  const second = { amount: 250, description: "Minimum", ...dates };
  const total = { amount: 1150, description: DESCRIPTION, ...dates };
  const sdk = await fromSdk(
    ({ invoice }) =>
      invoice.createForChargeItemsAndCharges({ ...whole, charges: [first, second] }, UNDER),
    ({ invoice }) => invoice.createForChargeItemsAndCharges({ ...whole, charges: [total] }, UNDER),
  );
  assert.deepEqual(wiresOf(requests), sdk);
});

test("less than nothing as promotional credit, and where it is looked for", async () => {
  const { session, requests } = recording(CHARGES);
  const line = lineOf(CHARGES, { value: (-25n * 10n ** 33n) / 2n });
  await chargebeeConnector.send([line], session);
  await looked(line, session);
  const sdk = await fromSdk(
    ({ promotionalCredit }) =>
      promotionalCredit.add(
        {
          ...{ customer_id: "cb_acme", amount: 1250, currency_code: "USD" },
          ...{ description: DESCRIPTION, credit_type: "general", reference: LINE_KEY },
        },
        UNDER,
      ),
    ({ promotionalCredit }) =>
      promotionalCredit.list({
        ...{ limit: 100, created_at: { after: SINCE as never } },
        ...{ type: { is: "increment" }, customer_id: { is: "cb_acme" } },
      }),
  );
  assert.deepEqual(wiresOf(requests), sdk);
});

test("subscriptions, item prices, items and features by their ids", async () => {
  const answers = ({ url }: OutgoingRequest) =>
    url.includes("/item_prices")
      ? { list: [{ item_price: { id: THEIRS.item.id, item_id: "runs" } }] }
      : { list: [] };
  const usages = recording(USAGES, answers);
  const events = recording(EVENTS, answers);
  await chargebeeConnector.probe?.(usages.session);
  await chargebeeConnector.probe?.(events.session);
  const subscriptions = { limit: 100, id: { in: [SUBSCRIPTION] } };
  const things = { limit: 100, id: { in: [THEIRS.item.id] } };
  const sdk = await fromSdk(
    ({ usage }) => usage.list({ limit: 1 }),
    ({ subscription }) => subscription.list(structuredClone(subscriptions)),
    ({ itemPrice }) => itemPrice.list(structuredClone(things)),
    ({ item }) => item.list({ limit: 100, id: { in: ["runs"] } }),
    ({ usage }) => usage.list({ limit: 1 }),
    ({ subscription }) => subscription.list(structuredClone(subscriptions)),
    ({ feature }) => feature.list(structuredClone(things)),
  );
  assert.deepEqual(wiresOf([...usages.requests, ...events.requests]), sdk);
});
