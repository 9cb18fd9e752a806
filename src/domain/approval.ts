/** How large a change is: what two people must agree on is decided by the amounts that it moves. */
import { type Amount, parseAmount } from "./money/decimal.ts";

const CELLS = "cells";

/** Fields of cards and budgets that hold amounts of money, wherever they stand. */
const AMOUNTS: ReadonlySet<string> = new Set([
  ...(["unit", "flat", "fixed", "amount", "price", "otherwise"] as const),
  ...(["minimum", "maximum", "runCap", "runMinimum", "limit"] as const),
  CELLS,
]);

/** The largest amount that differs between two documents; null: none does. */
export function changedAmount(before: unknown, after: unknown): Amount | null {
  const [was, is] = [amountsOf(before), amountsOf(after)];
  let largest: Amount | null = null;
  for (const path of new Set([...was.keys(), ...is.keys()])) {
    if (was.get(path) === is.get(path)) continue;
    for (const amount of [was.get(path), is.get(path)]) {
      if (amount !== undefined && (largest === null || amount > largest)) largest = amount;
    }
  }
  return largest;
}

/** Amounts by their place in a document; all values of a matrix are. */
function amountsOf(document: unknown): ReadonlyMap<string, Amount> {
  const found = new Map<string, Amount>();
  const add = (path: string, value: unknown, name: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [inner, one] of Object.entries(value)) {
        add(`${path}/${inner}`, one, name === CELLS ? CELLS : inner);
      }
    } else if (typeof value === "string" && AMOUNTS.has(name)) {
      const amount = parseAmount(value);
      if (amount !== undefined) found.set(path, amount);
    }
  };
  add("", document, "");
  return found;
}
