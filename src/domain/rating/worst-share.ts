/**
 * The largest share that a quantity can come to under a charge, wherever the period's total stands
 * when it is counted: sup over x ≥ 0 of f(x + q) − f(x). A hold sets this aside, so no order in
 * which holds complete, and nothing that is metered or taken back in between, makes a step cost
 * more than was held for it. Fifty holds at the edge of a free tier do not all cost nothing.
 *
 * f is piecewise linear and steps up where a tier begins, so the largest difference begins or ends
 * at the end of a tier: those places are tried, and no others can be larger.
 */
import { present } from "../assert.ts";
import { type Amount, amountOfPrice, multiplyAmount } from "../money/decimal.ts";
import { FACTOR_ONE, priceFunction } from "./price-model.ts";
import type { Charge, Credit, Tier } from "./rate-card.ts";

/** The largest share of a quantity above 0, in money. The cell must be one that the meter gives. */
export function worstShare(
  charge: Pick<Charge, "price" | "inCredits">,
  { cell, quantity }: { readonly cell: string; readonly quantity: bigint },
  credit: Credit | null,
): Amount {
  const plain = worstOfModel(charge, cell, quantity);
  if (!charge.inCredits) return plain;
  return multiplyAmount(plain, present(credit, "credit of a card with a charge in credits").price);
}

function worstOfModel({ price }: Pick<Charge, "price">, cell: string, quantity: bigint): Amount {
  switch (price.model) {
    case "graduated":
    case "volume":
      return worstOfTiers(price.tiers, quantity);
    case "package":
      return (((quantity + price.size - 1n) / price.size) * amountOfPrice(price.amount)) as Amount;
    case "markup":
      // The running total is cut at the last place: a share may be one unit above its own product.
      return ((quantity * price.factor + FACTOR_ONE - 1n) / FACTOR_ONE) as Amount;
    default:
      return priceFunction(price, cell).amountAt(quantity);
  }
}

/** A place where a tier ends or the next one begins, and what a total there comes to. */
interface Edge {
  readonly total: bigint;
  readonly amount: Amount;
}

interface Edges {
  readonly amountAt: (total: bigint) => Amount;
  readonly edges: readonly Edge[];
}

/** Every hold asks for the worst share of the same few tiers. */
const edgesOfTiers = new WeakMap<readonly Tier[], Edges>();

function edgesOf(tiers: readonly Tier[]): Edges {
  const known = edgesOfTiers.get(tiers);
  if (known !== undefined) return known;
  const { amountAt } = priceFunction({ model: "graduated", tiers }, "");
  const totals = tiers.flatMap(({ upTo }) => (upTo === null ? [] : [upTo, upTo + 1n]));
  const edges = totals.map((total) => ({ total, amount: amountAt(total) }));
  const made = { amountAt, edges };
  edgesOfTiers.set(tiers, made);
  return made;
}

function worstOfTiers(tiers: readonly Tier[], quantity: bigint): Amount {
  const { amountAt, edges } = edgesOf(tiers);
  let worst = amountAt(quantity);
  for (const { total, amount } of edges) {
    const from = (amountAt(total + quantity) - amount) as Amount;
    if (from > worst) worst = from;
    if (total < quantity) continue;
    const to = (amount - amountAt(total - quantity)) as Amount;
    if (to > worst) worst = to;
  }
  return worst;
}
