import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Answering } from "../recorded-session-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import { CHARGES, EVENTS, errorAnswer, recording, USAGES } from "./sample-chargebee-contract.ts";

/** A site that has these things, by path. */
function siteOf(things: Readonly<Record<string, readonly (object & { readonly id: string })[]>>) {
  const names: Readonly<Record<string, string>> = {
    ...{ "/api/v2/subscriptions": "subscription", "/api/v2/item_prices": "item_price" },
    ...{ "/api/v2/items": "item", "/api/v2/features": "feature" },
  };
  const answers: Answering = ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const name = names[pathname];
    if (name === undefined) return { list: [] };
    const ids: unknown = JSON.parse(searchParams.get("id[in]") ?? "[]");
    const rows = (things[name] ?? []).filter(({ id }) => Array.isArray(ids) && ids.includes(id));
    return { list: rows.map((row) => ({ [name]: row })) };
  };
  return answers;
}

async function asked(target: ExportTarget, answers: Answering) {
  const missing = await chargebeeConnector.probe?.(recording(target, answers).session);
  return (missing ?? []).map(({ place, detail }) => `${place}: ${detail}`);
}

const THERE = { id: "sub 1é", status: "active" };
const PRICE = { id: "runs-USD-Monthly", item_id: "runs" };
const RUNS = { id: "runs", metered: true, usage_calculation: "sum_of_usages" };

test("subscriptions, prices and features that are missing or do not fit are told", async () => {
  const fits = siteOf({ subscription: [THERE], item_price: [PRICE], item: [RUNS] });
  assert.deepEqual(await asked(USAGES, fits), []);
  assert.deepEqual(await asked(USAGES, siteOf({})), [
    'customers.acme: There is no subscription "sub 1é".',
    'items.runs: There is no item price "runs-USD-Monthly".',
  ]);
  const cancelled = { ...THERE, status: "cancelled" };
  const maximum = { ...RUNS, usage_calculation: "max_usage" };
  const wrong = siteOf({ subscription: [cancelled], item_price: [PRICE], item: [maximum] });
  assert.deepEqual(await asked(USAGES, wrong), [
    'customers.acme: The subscription "sub 1é" is cancelled.',
    'items.runs: The item of "runs-USD-Monthly" is billed by max_usage; only sums can be kept up.',
  ]);
  const feature = { id: "runs-USD-Monthly", metered: false };
  assert.deepEqual(await asked(EVENTS, siteOf({ subscription: [THERE], feature: [feature] })), [
    'items.runs: The feature "runs-USD-Monthly" is not metered.',
  ]);
  const own = { ...THERE, customer_id: "cb_acme" };
  assert.deepEqual(await asked(CHARGES, siteOf({ subscription: [own] })), []);
  const others = { ...THERE, customer_id: "cb_globex" };
  assert.deepEqual(await asked(CHARGES, siteOf({ subscription: [others] })), [
    'customers.acme: The subscription "sub 1é" is of the customer "cb_globex".',
  ]);
});

test("a key that is refused, a site that is not there or does not answer, are told", async () => {
  const [key] = await asked(USAGES, () => errorAnswer(401, "api_authentication_failed"));
  assert.match(key ?? "", /^secrets\.api_key/);
  const [site] = await asked(USAGES, () => errorAnswer(404, "site_not_found"));
  assert.match(site ?? "", /^settings\.site/);
  const [silence] = await asked(USAGES, () => errorAnswer(500, ""));
  assert.match(silence ?? "", /^settings\.site: The site did not answer/);
});
