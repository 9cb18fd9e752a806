import assert from "node:assert/strict";
import { test } from "node:test";
import type { Customer } from "../../engine/ports.ts";
import { type Currencies, readCurrencies } from "./currencies.ts";

type CurrencyStore = ConstructorParameters<typeof Currencies>[0];

/** Cards in two currencies, and customers who have them; `asked` holds what was asked at once. */
function storeOf(cardKeys: Readonly<Record<string, string>>) {
  const asked: (readonly string[])[] = [];
  const card = (id: number, key: string, currency: string) =>
    ({ id, card: { key, currency, charges: [] } }) as never;
  const store: CurrencyStore = {
    cards: () => [card(1, "here", "USD"), card(2, "there", "EUR")],
    customers: (_workspace, ids) => {
      asked.push(ids);
      return ids.flatMap((id) =>
        cardKeys[id] === undefined ? [] : ({ id, cardKey: cardKeys[id] } as Customer),
      );
    },
  };
  return { store, asked };
}

test("the currencies of all customers of a report are asked for at once", async () => {
  const { store, asked } = storeOf({ acme: "here", zeta: "there" });
  const currencies = await readCurrencies(store, "w");
  const of = ["acme", "zeta", "nobody", "acme", null];
  assert.deepEqual(await currencies.ofSums(of), ["USD", "EUR", "USD", "USD", null]);
  assert.deepEqual(asked, [["acme", "zeta", "nobody"]]);
  assert.deepEqual(await currencies.ofSums(["zeta", "nobody"]), ["EUR", "USD"]);
  assert.equal(asked.length, 1, "and not asked for again");
});
