/**
 * Names that charges, budgets and policies select by are compared whole. Entitlements alone know
 * patterns, so who writes `gpt-5*` here means one, and would have a charge or a limit of nothing.
 * Of what is sent; on record it stays as it is. (Rejected: patterns everywhere. They would give
 * what is on record another meaning, and two charges that share no name could share an outcome.)
 */
import type { ErrorCode, Problem } from "../errors.ts";
import type { ItemAt } from "./card-contradictions.ts";
import { PAIR_SEPARATOR } from "./price-model.ts";
import type { Charge, RateCard } from "./rate-card.ts";

/** Selected values by field; those of labels by name. */
type Selected = Readonly<
  Record<string, readonly unknown[] | Readonly<Record<string, readonly unknown[]>> | undefined>
>;

/** Values of a `where` that are written as patterns. `path` is that of the `where`. */
export function patternsIn(where: object, path: string, code: ErrorCode): Problem[] {
  return Object.entries(where as Selected).flatMap(([field, values = []]) => {
    const at = `${path}.${field}`;
    if (isList(values)) return patternsAmong(values, at, code);
    return Object.entries(values).flatMap(([name, of]) => patternsAmong(of, `${at}.${name}`, code));
  });
}

/** Of a list of names: those that are written as patterns. */
export function patternsAmong(names: readonly unknown[], path: string, code: ErrorCode): Problem[] {
  const [pattern] = names.filter((name) => typeof name === "string" && name.includes("*"));
  if (pattern === undefined) return [];
  const detail = `"${pattern}" would match nothing: names are compared whole here; list each one`;
  return [{ code, detail, field: path }];
}

/** Of a card: what its charges select by, and values that have a price of their own. */
export function patternsOfCard({ charges }: Pick<RateCard, "charges">, itemAt: ItemAt): Problem[] {
  return charges.flatMap(({ key, meter, price }, at) => {
    const item = itemAt("charges", { key, at });
    return [
      ...patternsIn(meter.where, `${item}.meter.where`, "ratecard.invalid"),
      ...patternsAmong(valuesOf(price), `${item}.price.cells`, "ratecard.invalid"),
    ];
  });
}

function valuesOf(price: Charge["price"]): readonly string[] {
  if (price.model !== "matrix") return [];
  const cells = Object.keys(price.cells);
  return typeof price.by === "string" ? cells : cells.flatMap((pair) => pair.split(PAIR_SEPARATOR));
}

function isList(values: object): values is readonly unknown[] {
  return Array.isArray(values);
}
