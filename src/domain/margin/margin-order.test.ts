import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { byOrder, FirstRows, MARGIN_ORDERS, type RowPlace } from "./margin-order.ts";
import { type FineAmount, MARGIN_ROW_KINDS, type MarginRow } from "./margin-table.ts";

const NOTHING: MarginRow = {
  ...{ kind: "value", name: "a", currency: "USD", margin: 0n as FineAmount },
  ...{ revenue: 0n as Amount, ofLines: 0n as Amount, cost: 0n as Amount, paid: null },
  ...{ converted: 0n as FineAmount, rates: [], steps: 0, unpriced: 0, isOpen: false },
};
const row = (some: object): MarginRow => ({ ...NOTHING, ...some });

const few = fc.bigInt({ min: -3n, max: 3n });
const lists = fc
  .uniqueArray(
    fc.record({
      kind: fc.constantFrom(...MARGIN_ROW_KINDS),
      name: fc.constantFrom("a", "b", "c", "d"),
      currency: fc.constantFrom("EUR", "USD"),
      margin: fc.option(few),
      ...{ revenue: few, cost: few },
    }),
    { selector: ({ kind, name, currency }) => `${currency} ${kind} ${name}` },
  )
  .map((rows) => rows.map(row));

test("pages of any size tell all rows once, in their order", () => {
  const orders = fc.constantFrom(...MARGIN_ORDERS);
  fc.assert(
    fc.property(lists, orders, fc.integer({ min: 1, max: 5 }), (rows, order, limit) => {
      const told: MarginRow[] = [];
      let after: RowPlace | null = null;
      do {
        const first: FirstRows = new FirstRows(order, { limit, after });
        for (const row of rows) first.offer(row);
        const page = first.page();
        assert.ok(page.rows.length <= limit);
        assert.equal(page.offered, rows.length);
        told.push(...page.rows);
        after = page.next;
      } while (after !== null);
      assert.deepEqual(told, rows.toSorted(byOrder(order)));
    }),
  );
});

test("the greatest loss is first; of equals the greater cost, then by kind and name", () => {
  const wanted = [
    row({ currency: "EUR", margin: 5n }),
    row({ currency: "EUR", margin: null }),
    row({ margin: -9n }),
    row({ cost: 3n }),
    row({ name: "a" }),
    row({ name: "b" }),
    row({ kind: "unattributed", name: "a" }),
    row({ kind: "line", name: "a" }),
    row({ margin: 2n }),
    row({ margin: null, revenue: -100n }),
  ];
  assert.deepEqual(wanted.toReversed().sort(byOrder("margin")), wanted);
});
