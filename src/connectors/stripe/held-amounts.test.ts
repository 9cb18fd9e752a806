/** Which invoice items and invoices of an account are lines of a target, and what they say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { HeldLine } from "../../engine/export/connector-port.ts";
import { ONE } from "../sample-line-contract.ts";
import { recording, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const keyOf = (no: number) => `0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a${no}`;
const BOOKS = '["w","live"]';
const NAMED: Pick<ExportTarget, "customers" | "items"> = {
  customers: { names: { acme: { id: "cus_1" } }, others: "refuse" },
  items: { names: { runs: { id: "agent runs" } }, others: "refuse" },
};

async function heldOf(target: ExportTarget, pages: readonly object[][]): Promise<HeldLine[]> {
  let page = -1;
  const { session } = recording(target, () => {
    page += 1;
    return { data: pages[page], has_more: page + 1 < pages.length };
  });
  const found: HeldLine[] = [];
  for await (const some of stripeConnector.held?.(session, null) ?? []) found.push(...some);
  return found;
}

const item = (no: number, metadata: object, some: object = {}) => ({
  ...{ id: `ii_${no}`, customer: "cus_1", currency: "usd", amount: 250 },
  metadata: { tollgate_line: keyOf(no), tollgate_item: "agent runs", ...metadata },
  ...some,
});

test("items of these books are told on all pages, those of others are not", async () => {
  const target = { ...targetOf("rated", { currency: "usd" }), ...NAMED };
  const found = await heldOf(target, [
    [
      item(10, { tollgate_books: BOOKS }),
      item(11, { tollgate_books: '["other","live"]' }),
      item(12, { tollgate_books: BOOKS, tollgate_part: "0" }),
      item(13, {}, { metadata: {} }),
      item(14, {}, { metadata: null }),
    ],
    [
      item(15, { tollgate_books: BOOKS }, { customer: "cus_new", amount: -50 }),
      // Of an older version: names tell whose they are.
      item(16, {}),
      item(17, {}, { customer: "cus_of_others" }),
      item(18, { tollgate_item: "another product" }),
    ],
  ]);
  assert.deepEqual(
    found.map(({ key, place, said }) => [key, place, said?.customer, said?.item, said?.value]),
    [
      [keyOf(10), "ii_10", "acme", "runs", (5n * ONE) / 2n],
      [keyOf(15), "ii_15", "cus_new", "runs", -ONE / 2n],
      [keyOf(16), "ii_16", "acme", "runs", (5n * ONE) / 2n],
    ],
  );
});

test("invoices say what they come to before taxes; what is void bills nothing", async () => {
  const target = { ...targetOf("statement", { currency: "isk" }), ...NAMED };
  const invoice = (no: number, some: object) =>
    item(no, { tollgate_books: BOOKS }, { amount: undefined, currency: "isk", ...some });
  const found = await heldOf(target, [
    [invoice(10, { subtotal: 500, status: "draft" }), invoice(11, { subtotal: 9, status: "void" })],
  ]);
  assert.deepEqual(
    found.map(({ key, said }) => [key, said?.value, said?.unit]),
    [[keyOf(10), 5n * ONE, "ISK"]],
  );
});

test("a list that cannot be read is no empty list", async () => {
  const target = targetOf("rated", { currency: "usd" });
  const { session } = recording(target, () => ({ status: 429, headers: {}, body: "{}" }));
  const pages = stripeConnector.held?.(session, null)[Symbol.asyncIterator]();
  await assert.rejects(async () => pages?.next(), { code: "export.unlisted" });
});
