/** Costs that responses state about themselves: where they stand and in which unit. */
import type { Amount } from "../../domain/money/decimal.ts";
import { formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import { numberText, valueAt } from "./block.ts";

/** A cost that the response states. It is evidence: the price book, not this, gives the cost. */
export interface ReportedCost {
  /** Decimal text, exact, without exponent. */
  readonly amount: string;
  /** ISO 4217 code. */
  readonly currency: string;
}

interface CostField {
  readonly path: string;
  /** Units of the figure in one US dollar, as a power of ten. */
  readonly perDollarExponent: number;
}

/** In order of precedence. All of them are US dollars. */
const COST_FIELDS: readonly CostField[] = [
  { path: "cost", perDollarExponent: 0 },
  { path: "costUSD", perDollarExponent: 0 },
  { path: "cost.total_cost", perDollarExponent: 0 },
  { path: "cost_in_usd_ticks", perDollarExponent: 10 },
  { path: "estimated_cost", perDollarExponent: 0 },
  { path: "pydantic_ai_gateway.cost_estimate", perDollarExponent: 0 },
];

/** With one's own key the router charges its fee, and the provider charges that key beside it. */
const OWN_KEY = "is_byok";
const UPSTREAM = "cost_details.upstream_inference_cost";

const KNOWN = ["cost", "cost_details", ...COST_FIELDS.map((field) => field.path)];

/** The cost that the response states for the whole call, or null. */
export function reportedCostOf(usage: Block): ReportedCost | null {
  usage.ignore(KNOWN);
  for (const { path, perDollarExponent } of COST_FIELDS) {
    const stated = amountAt(usage, path, perDollarExponent);
    if (stated === undefined) continue;
    const upstream = usage.value[OWN_KEY] === true ? (amountAt(usage, UPSTREAM, 0) ?? 0n) : 0n;
    return { amount: formatAmount((stated + upstream) as Amount), currency: "USD" };
  }
  return null;
}

function amountAt(usage: Block, path: string, exponent: number): Amount | undefined {
  const figure = numberText(valueAt(usage.value, path));
  if (figure === undefined) return undefined;
  const text = decimalText(figure, exponent);
  const amount = text === undefined ? undefined : parseAmount(text);
  if (amount === undefined || amount < 0n) {
    usage.refuse("field.invalid", `expected an amount, got ${figure.slice(0, 40)}`, path);
    return undefined;
  }
  return amount;
}

/** A figure in ten-to-the-minus-n dollars, as text in dollars. */
function decimalText(figure: string, exponent: number): string | undefined {
  if (exponent === 0) return figure;
  return /^[0-9]+$/.test(figure) ? `${figure}e-${exponent}` : undefined;
}
