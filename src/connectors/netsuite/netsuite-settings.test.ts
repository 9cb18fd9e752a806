import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSettings, hostOf, referenceTo } from "./netsuite-settings.ts";
import { quietAccount, START_MS } from "./sample-account-contract.ts";

const WAY = { mode: "usage", settings: {} } as const;
const { target } = quietAccount(WAY, { nowMs: START_MS });

function places(change: object): string[] {
  return checkSettings({ ...target, ...change }).map(({ place }) => place);
}

test("an account has one host, and a test account another one", () => {
  const of = (account: string) => hostOf({ account });
  assert.equal(of("1234567"), "1234567.suitetalk.api.netsuite.com");
  assert.equal(of("1234567_SB1"), "1234567-sb1.suitetalk.api.netsuite.com");
  assert.deepEqual(places({}), []);
  for (const account of ["", "evil.example/", "a@b", "1234567.example", "_SB1"]) {
    assert.deepEqual(places({ account }), ["account"], account);
  }
});

test("everything that is missing or wrong is told at once, each with its place", () => {
  const settings = {
    api: "csv",
    decimals: "9",
    voidDays: "x",
    openDays: "0",
    concurrency: "101",
  };
  const names = { acme: { id: "", subscription: "5", "line.tokens": "" }, globex: { id: "7" } };
  assert.deepEqual(places({ settings, customers: { names, others: "refuse" } }), [
    ...["settings.clientId", "settings.certificateId", "settings.concurrency"],
    ...["settings.openDays", "settings.api", "settings.decimals", "settings.voidDays"],
    ...["customers.acme", "customers.acme.line.tokens", "customers.globex.subscription"],
  ]);
});

test("bills need a currency, a known document, and references that are names", () => {
  const settings = { ...target.settings, document: "estimate", subsidiary: "", currency: "gold" };
  assert.deepEqual(places({ mode: "statement", settings }), [
    ...["settings.document", "settings.currency", "settings.subsidiary"],
  ]);
  const good = { ...target.settings, document: "salesOrder", subsidiary: "3", currency: "eur" };
  assert.deepEqual(places({ mode: "statement", settings: good }), []);
});

test("numbers of settings are good up to their edges", () => {
  for (const [name, good, bad] of [
    ["decimals", "8", "9"],
    ["concurrency", "100", "101"],
    ["openDays", "3650", "3651"],
    ["voidDays", "3650", "3651"],
  ] as const) {
    const of = (value: string) => places({ settings: { ...target.settings, [name]: value } });
    assert.deepEqual(of(good), []);
    assert.deepEqual(of(bad), [`settings.${name}`]);
  }
});

test("digits are an internal ID, anything else an external one", () => {
  assert.deepEqual(referenceTo("1001"), { id: "1001" });
  assert.deepEqual(referenceTo("SKU-1"), { externalId: "SKU-1" });
  assert.deepEqual(referenceTo("eid:1001"), { externalId: "1001" });
});
