import assert from "node:assert/strict";
import { test } from "node:test";
import type { DocumentPart } from "../../domain/export/export-line.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { DAY_MS, lineOf, ONE, quietAccount, START_MS } from "./sample-account-contract.ts";

/** A transaction has so many lines at most (README). */
const LINES_MAX_COUNT = 500;
const RATED = { mode: "rated", settings: { currency: "usd", openDays: "10" } } as const;
const STATEMENT = { mode: "statement", settings: { currency: "usd" } } as const;

function bodyOf(line: { readonly body: string }) {
  const { record, body } = JSON.parse(line.body);
  return { record, ...JSON.parse(body) };
}

test("an amount is an invoice of one line at a price of its own", () => {
  const { target } = quietAccount(RATED, { nowMs: START_MS });
  const [request] = netsuiteConnector.preview([lineOf(target)], target);
  assert.equal(request?.method, "PUT");
  assert.match(request?.url ?? "", /\/record\/v1\/invoice\/eid:[0-9a-f-]{36}\?replace=item$/);
  assert.equal(
    request?.body,
    [
      '{"entity":{"id":"1001"},"tranDate":"2026-11-01",',
      '"memo":"Tokens, \\"fast\\", 2026-11-01 (revision 0)","item":{"items":[',
      '{"item":{"externalId":"SKU-tokens"},"quantity":1,"price":{"id":"-1"},',
      '"rate":12.5,"amount":12.5,"description":"Tokens, \\"fast\\""}]}}',
    ].join(""),
  );
});

test("less than was billed is a credit memo of as much", () => {
  const { target } = quietAccount(RATED, { nowMs: START_MS });
  const { record, item } = bodyOf(lineOf(target, { value: -3n * ONE }));
  assert.equal(record, "creditMemo");
  assert.equal(item.items[0].amount, 3);
});

test("what is told after the books of its time are closed is dated when it is told", () => {
  const { target } = quietAccount(RATED, { nowMs: START_MS });
  const endMs = START_MS + DAY_MS;
  const dateOf = (plannedAtMs: number) => bodyOf(lineOf(target, { plannedAtMs })).tranDate;
  assert.equal(dateOf(endMs + 10 * DAY_MS), "2026-11-01");
  assert.equal(dateOf(endMs + 10 * DAY_MS + 1), "2026-11-12");
});

test("a bill in another currency is not told, and what the account wants beside is in each", () => {
  const settings = { ...RATED.settings, subsidiary: "3", location: "Berlin", currencyId: "1" };
  const { target } = quietAccount({ ...RATED, settings }, { nowMs: START_MS });
  assert.throws(() => lineOf(target, { unit: "EUR" }), /billed in EUR/);
  const { subsidiary, location, currency } = bodyOf(lineOf(target));
  assert.deepEqual(
    [subsidiary, location, currency],
    [{ id: "3" }, { externalId: "Berlin" }, { id: "1" }],
  );
});

test("a statement is one document whose lines add up to it; what has no item is the bill's", () => {
  const { target } = quietAccount(STATEMENT, { nowMs: START_MS });
  const parts: DocumentPart[] = [
    { item: "tokens", description: "Tokens", quantity: "40", amount: "0.014" },
    { item: "searches", description: "Searches", quantity: null, amount: "2" },
  ];
  const line = lineOf(target, { parts, value: (203n * ONE) / 100n });
  assert.deepEqual(
    bodyOf(line).item.items.map((one: Record<string, unknown>) => [one.item, one.amount]),
    [
      [{ externalId: "SKU-tokens" }, 0.01],
      [{ externalId: "SKU-searches" }, 2],
      // The rest of rounding has no item of its own: it stands under the line's.
      [{ externalId: "SKU-tokens" }, 0.02],
    ],
  );
});

test("a bill of nothing has lines that cancel out, where the account takes it", async () => {
  const parts: DocumentPart[] = [
    { item: "searches", description: "Searches", quantity: null, amount: "-2" },
    { item: "tokens", description: "Tokens", quantity: null, amount: "2" },
  ];
  const settings = { ...STATEMENT.settings, zeroBills: "yes" };
  const { fake, target, session } = quietAccount({ ...STATEMENT, settings }, { nowMs: START_MS });
  assert.equal(netsuiteConnector.capability(target).zeroBills, true);
  assert.deepEqual(netsuiteConnector.check(target), []);
  const line = lineOf(target, { parts, value: 0n });
  const [became] = await netsuiteConnector.send([line], session);
  assert.equal(became?.class, "accepted");
  assert.equal(fake.total("acme", "searches"), -2n * ONE);
  assert.equal(fake.total("acme", "tokens"), 2n * ONE);
  const other = quietAccount(STATEMENT, { nowMs: START_MS }).target;
  assert.equal(netsuiteConnector.capability(other).zeroBills, false, "unless somebody says so");
  const wrong = { ...target, settings: { ...target.settings, zeroBills: "maybe" } };
  assert.deepEqual(
    netsuiteConnector.check(wrong).map(({ place }) => place),
    ["settings.zeroBills"],
  );
});

test(`a document has ${LINES_MAX_COUNT} lines at most`, () => {
  const { target } = quietAccount(STATEMENT, { nowMs: START_MS });
  const linesOf = (count: number) => {
    const one = { item: "tokens", description: "Tokens", quantity: null, amount: "1" };
    const parts = Array.from({ length: count }, () => one);
    return bodyOf(lineOf(target, { parts, value: BigInt(count) * ONE })).item.items;
  };
  assert.equal(linesOf(LINES_MAX_COUNT).length, LINES_MAX_COUNT);
  const many = linesOf(LINES_MAX_COUNT + 1);
  assert.equal(many.length, LINES_MAX_COUNT);
  assert.equal(many.at(-1).description, "2 more lines");
});

test("an invoice that is written again has its lines once", async () => {
  const { fake, target, session } = quietAccount(RATED, { nowMs: START_MS });
  const line = lineOf(target);
  await netsuiteConnector.send([line], session);
  await netsuiteConnector.send([line], session);
  assert.equal(fake.total("acme", "tokens"), line.value);
  assert.deepEqual(fake.complaints, []);
});
