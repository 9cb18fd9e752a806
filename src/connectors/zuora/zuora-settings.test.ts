import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { checkTarget } from "./zuora-settings.ts";

const TARGET: ExportTarget = {
  ...{ id: "z", connector: "zuora", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "UTC", since: "2026-01-01", settings: {} },
  customers: { names: {}, others: "refuse" },
  items: { names: {}, others: "same" },
};

function places(target: Partial<ExportTarget>): string[] {
  return checkTarget({ ...TARGET, ...target }).map(({ place }) => place);
}

test("a setting that cannot be is told with what to do", () => {
  for (const host of ["rest.na.zuora.com", "rest.test.eu.zuora.com"])
    assert.deepEqual(places({ settings: { host } }), []);
  const wrong = {
    ...{ host: "rest.example.com", way: "soap", keyField: "Key", decimals: "10", post: "yes" },
    ...{ dateFormat: "M/D/Y", openDays: "0", currency: "usd", meter: "a/b", entity: "e\n" },
  };
  for (const [name, text] of Object.entries(wrong)) {
    assert.deepEqual(places({ settings: { [name]: text } }), [`settings.${name}`], name);
  }
  assert.deepEqual(places({ settings: { hosts: "x" } }), ["settings.hosts"]);
});

test("documents need a currency, a meter its id", () => {
  assert.deepEqual(places({ mode: "rated" }), ["settings.currency"]);
  assert.deepEqual(places({ mode: "statement", settings: { currency: "EUR" } }), []);
  assert.deepEqual(places({ settings: { way: "mediation" } }), ["settings.meter"]);
});

test("a name is looked at by what its mode needs of it", () => {
  const id = "2c92c0f956bc8fb40156d502fc3718b1";
  const named = (name: Record<string, string>) => ({
    names: { acme: name },
    others: "refuse" as const,
  });
  const customers = (name: Record<string, string>) => ({ customers: named(name) });
  assert.deepEqual(places(customers({ id: "A1", subscription: "A-S1" })), []);
  assert.deepEqual(places(customers({ id: "A1" })), ["customers.acme"]);
  assert.deepEqual(places({ items: named({ id: "Users (active), 1.000 €" }) }), []);
  assert.deepEqual(places(customers({ id: "A'1", subscription: "S" })), ["customers.acme"]);
  const rated = { mode: "rated", settings: { currency: "USD" } } as const;
  assert.deepEqual(places({ ...rated, ...customers({ id: "A1", accountId: id }) }), []);
  assert.deepEqual(places({ ...rated, ...customers({ id: "A1", accountId: "A1" }) }), [
    "customers.acme",
  ]);
  assert.deepEqual(places({ ...rated, items: named({ id: "T", chargeId: id }) }), []);
  assert.deepEqual(places({ ...rated, items: named({ id: "T" }) }), ["items.acme"]);
});
