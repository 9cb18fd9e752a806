import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatValue } from "../../domain/export/export-line.ts";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";
import { ONE } from "../sample-line-contract.ts";
import { lineOf, recording, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const TARGET = targetOf("statement", { currency: "usd" });
const CENT = ONE / 100n;

function itemsOf(body: string): URLSearchParams[] {
  return JSON.parse(body).items.map((form: string) => new URLSearchParams(form));
}

test("parts in cents add up to the line, whatever they are exactly", () => {
  const anyAmount = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });
  const anyLine = fc.tuple(fc.array(anyAmount, { maxLength: 300 }), fc.bigInt(-9n, 9n));
  fc.assert(
    fc.property(anyLine, ([amounts, carried]) => {
      const sum = amounts.reduce((total, amount) => total + amount, 0n);
      const value = (sum / CENT + carried) * CENT;
      const parts = amounts.map((amount, at) => {
        return {
          item: `i${at}`,
          description: `${at}`,
          quantity: null,
          amount: formatValue(amount),
        };
      });
      const items = itemsOf(lineOf(TARGET, { parts, value }).body);
      const cents = items.reduce((total, item) => total + BigInt(item.get("amount") ?? ""), 0n);
      assert.equal(cents * CENT, value);
      assert.ok(items.length <= 250);
      assert.ok(items.every((item) => item.get("amount") !== "0"));
    }),
    { numRuns: 50 },
  );
});

test("parts of a currency have no digits that Stripe does not take of it", () => {
  for (const [currency, least] of [
    ["isk", 100n],
    ["kwd", 10n],
    ["jpy", 1n],
  ] as const) {
    const target = targetOf("statement", { currency });
    const parts = [1, 2, 3].map((at) => {
      return { item: `i${at}`, description: `${at}`, quantity: null, amount: "33.3333" };
    });
    const line = lineOf(target, { parts, value: 100n * ONE, unit: currency.toUpperCase() });
    const amounts = itemsOf(line.body).map((item) => BigInt(item.get("amount") ?? ""));
    assert.ok(
      amounts.every((amount) => amount % least === 0n),
      `${currency}: ${amounts}`,
    );
    const units = { isk: 10_000n, kwd: 100_000n, jpy: 100n }[currency];
    assert.equal(
      amounts.reduce((sum, amount) => sum + amount, 0n),
      units,
    );
  }
});

const PART = { item: "runs", description: "Runs", quantity: null };
const PARTS = [
  { ...PART, amount: "10" },
  { ...PART, amount: "2.5" },
];

function refused(status: number, code: string) {
  return { status, headers: {}, body: JSON.stringify({ error: { code, message: code } }) };
}

/** An account that has one item of the line already, if it was asked for before. */
function begun(line: { readonly key: string }, parts: readonly string[], status = "draft") {
  return ({ method, url }: OutgoingRequest) => {
    const metadata = { tollgate_line: line.key };
    if (method !== "GET") return { id: "in_1", status: "draft" };
    if (url.includes("/v1/invoices?")) return { data: [{ id: "in_1", status, metadata }] };
    const items = parts.map((part) => ({ id: part, metadata: { tollgate_part: part } }));
    return { data: items, has_more: false };
  };
}

test("an invoice that was begun is gone on with: nothing is made twice", async () => {
  const line = { ...lineOf(TARGET, { parts: PARTS }), attempts: 2 };
  const { session, requests } = recording(TARGET, begun(line, ["0"]));
  const [became] = await stripeConnector.send([line], session);
  assert.equal(became?.class, "accepted");
  const posted = requests.filter(({ method }) => method === "POST");
  assert.deepEqual(
    posted.map(({ url, body }) => [new URL(url).pathname, String(body).slice(-13)]),
    [["/v1/invoiceitems", "&invoice=in_1"]],
  );
  assert.match(String(posted[0]?.body), /tollgate_part\]=1/);
});

test("an invoice is there once all of its parts are, and refused once it is voided", async () => {
  const line = lineOf(TARGET, { parts: PARTS });
  const found = async (parts: readonly string[], status?: string) => {
    const { session } = recording(TARGET, begun(line, parts, status));
    return (await stripeConnector.lookUp?.(line, session))?.found;
  };
  assert.equal(await found(["0"]), "absent");
  assert.equal(await found(["0", "1"]), "present");
  assert.equal(await found(["0", "1"], "open"), "present");
  assert.equal(await found(["0", "1"], "void"), "refused");
});

test("a draft of which a part is refused for good goes away before it is told", async () => {
  const line = lineOf(TARGET, { parts: PARTS });
  const { session, requests } = recording(TARGET, ({ url, body }) => {
    const isSecond = url.endsWith("/v1/invoiceitems") && String(body).includes("part]=1");
    return isSecond ? refused(400, "resource_missing") : { id: "in_1", status: "draft" };
  });
  const [became] = await stripeConnector.send([line], session);
  assert.equal(became?.class, "permanent_config");
  const { method, url } = requests.at(-1) ?? {};
  assert.deepEqual([method, url], ["DELETE", "https://api.stripe.com/v1/invoices/in_1"]);
});

test("where the draft cannot be deleted either, nobody knows what there is", async () => {
  const line = lineOf(TARGET, { parts: PARTS });
  const { session } = recording(TARGET, ({ method, url }) => {
    if (method === "DELETE") return refused(500, "api_error");
    return url.endsWith("items") ? refused(400, "resource_missing") : { id: "in_1" };
  });
  const [became] = await stripeConnector.send([line], session);
  assert.equal(became?.class, "unknown_outcome");
});
