import assert from "node:assert/strict";
import { test } from "node:test";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { quietAccount, START_MS } from "./sample-account-contract.ts";

const USAGE = { mode: "usage", settings: {} } as const;
const ORDERS = { mode: "rated", settings: { currency: "usd" } } as const;

test("an account that has everything misses nothing", async () => {
  for (const way of [USAGE, ORDERS]) {
    const { fake, session } = quietAccount(way, { nowMs: START_MS });
    assert.deepEqual(await netsuiteConnector.probe?.(session), []);
    assert.deepEqual(fake.complaints, []);
  }
});

test("records, fields and names that the account does not have are told", async () => {
  const settings = { currency: "usd", document: "salesOrder", location: "7" };
  const { session } = quietAccount({ mode: "rated", settings }, { nowMs: START_MS });
  const { customers, items } = session.target;
  const target = {
    ...session.target,
    customers: { ...customers, names: { acme: { id: "1001" }, umbrella: { id: "O'Neill" } } },
    items: { ...items, names: { ...items.names, minutes: { id: "77" } } },
  };
  const missing = await netsuiteConnector.probe?.({ ...session, target });
  assert.deepEqual(
    missing?.map(({ place }) => place),
    [
      ...["records.salesOrder", "records.creditMemo.location"],
      ...["customers.umbrella", "items.minutes"],
    ],
  );
});

test("a certificate that is refused is told first, and nothing else", async () => {
  const { session } = quietAccount(USAGE, { nowMs: START_MS });
  const settings = { ...session.target.settings, clientId: "other" };
  const target = { ...session.target, settings };
  const missing = await netsuiteConnector.probe?.({ ...session, target });
  assert.deepEqual(
    missing?.map(({ place }) => place),
    ["secrets.private_key"],
  );
});
