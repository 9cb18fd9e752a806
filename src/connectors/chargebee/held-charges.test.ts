/** Which charges, invoices and credits of a site are lines of a target, and what they say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Chargebee from "chargebee";
import type { HeldLine, OutgoingRequest } from "../../engine/export/connector-port.ts";
import { ONE, START_MS } from "../sample-line-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import {
  CHARGES,
  errorAnswer,
  KEY,
  recording,
  SITE,
  STATEMENTS,
} from "./sample-chargebee-contract.ts";

const keyOf = (no: number) => `0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a${no}`;
const PAYER = "cb_acme";

const charge = (no: number, some: object = {}) => ({
  ...{ id: `li_${no}`, amount: 250, subscription_id: "sub 1é" },
  ...{ description: `runs of acme [${keyOf(no)}]`, ...some },
});

/** Lists by their path. */
const SITE_LISTS: Readonly<Record<string, readonly object[]>> = {
  unbilled_charges: [
    { unbilled_charge: charge(10) },
    { unbilled_charge: charge(11, { description: "by hand" }) },
    { unbilled_charge: charge(12, { subscription_id: "sub of others" }) },
  ],
  invoices: [
    {
      invoice: {
        ...{ id: "inv_1", customer_id: PAYER, status: "payment_due" },
        line_items: [charge(20), charge(21, { amount: 50, description: "searches" })],
      },
    },
    { invoice: { id: "inv_2", customer_id: PAYER, status: "voided", line_items: [charge(22)] } },
  ],
  promotional_credits: [
    {
      promotional_credit: {
        ...{ id: "pc_1", customer_id: PAYER, amount: 50, reference: keyOf(30) },
        description: `runs of acme [${keyOf(30)}]`,
      },
    },
    { promotional_credit: { id: "pc_2", customer_id: PAYER, amount: 50 } },
  ],
};

async function heldOf(target: typeof CHARGES) {
  const { session, requests } = recording(target, ({ url }) => {
    return { list: SITE_LISTS[new URL(url).pathname.split("/").at(-1) ?? ""] };
  });
  const found: HeldLine[] = [];
  for await (const page of chargebeeConnector.held?.(session, START_MS) ?? []) found.push(...page);
  const told = found.map(({ key, place, said }) => [key, place, said?.item, said?.value]);
  return { told, requests };
}

test("a charge that waits, one that is invoiced, and a credit are lines each", async () => {
  const { told, requests } = await heldOf(CHARGES);
  const half = (5n * ONE) / 2n;
  assert.deepEqual(told, [
    [keyOf(10), "li_10", "runs of acme", half],
    [keyOf(20), "inv_1", "runs of acme", half],
    [keyOf(30), "pc_1", "runs of acme", -ONE / 2n],
  ]);
  assert.deepEqual(
    requests.map(({ url }) => url),
    await fromSdk(),
  );
});

test("a bill is all charges of its invoice, of which the first has its key", async () => {
  const { told } = await heldOf(STATEMENTS);
  assert.deepEqual(told, [
    [keyOf(20), "inv_1", "runs of acme", 3n * ONE],
    [keyOf(30), "pc_1", "runs of acme", -ONE / 2n],
  ]);
});

test("a list that cannot be read is no empty list, and a refusal is told as one", async () => {
  for (const [status, field] of [
    [429, undefined],
    [400, "query"],
  ] as const) {
    const { session } = recording(CHARGES, () => errorAnswer(status, "some_error"));
    const pages = chargebeeConnector.held?.(session, null)[Symbol.asyncIterator]();
    await assert.rejects(async () => pages?.next(), { code: "export.unlisted", field });
  }
});

/** Addresses that the SDK reads. */
async function fromSdk(): Promise<string[]> {
  const urls: string[] = [];
  const httpClient = {
    makeApiRequest: async ({ url }: OutgoingRequest | Request): Promise<Response> => {
      urls.push(url);
      return Response.json({ list: [] });
    },
  };
  const chargebee = new Chargebee({ site: SITE, apiKey: KEY, httpClient });
  const after = START_MS / 1_000 - 3_600;
  await chargebee.unbilledCharge.list({ limit: 100 });
  await chargebee.invoice.list({ limit: 100, updated_at: { after } });
  await chargebee.promotionalCredit.list({
    ...{ limit: 100, created_at: { after }, type: { is: "increment" } },
  });
  return urls;
}
