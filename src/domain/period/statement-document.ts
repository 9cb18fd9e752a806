/**
 * Writes a statement as canonical JSON: the bytes that are stored, shown, exported and hashed.
 * Amounts and quantities are the shortest decimal text, in whole currency units and whole units.
 */
import { canonicalJson } from "../canonical-json.ts";
import { creditDocument as creditPart, type StatementCredit } from "../credit/statement-credit.ts";
import { CONVERSION_RATE_SCALE, FACTOR_SCALE } from "../limits.ts";
import type { ConversionRate } from "../money/conversion.ts";
import type { Amount, Quantity } from "../money/decimal.ts";
import { formatAmount, formatQuantity, formatScaled } from "../money/decimal.ts";
import { COST_MEASURE } from "../rating/meter-fields.ts";
import type { Credit } from "../rating/rate-card.ts";
import { type Commitment, percentText } from "./commitment.ts";
import type { Drawdown } from "./commitment-draw.ts";
import type { Statement } from "./statement.ts";
import type { StatementLine } from "./statement-line.ts";

const FORMAT = "tollgate.statement/1";

/** What stands in a document beside the bill. */
export interface DocumentParts {
  /** The voided statement that this one was issued for again. (Default: null, there is none.) */
  readonly replaces?: string | null;
  /** What credit paid. (Default: null, the customer has none.) */
  readonly credit?: StatementCredit | null;
}

/**
 * The text of a statement. The same statement and parts always give the same text.
 */
export function statementDocument(
  statement: Statement,
  { replaces = null, credit: paidBy = null }: DocumentParts = {},
): string {
  const { customer, period, currency, rounding, credit, lines, totalExact, total } = statement;
  const { drawdowns } = statement;
  return canonicalJson({
    format: FORMAT,
    customer,
    period: period.key,
    startsAt: timeText(period.startMs),
    endsAt: timeText(period.endMs),
    currency,
    rounding,
    ...(credit === null ? {} : { credit: creditDocument(credit) }),
    lines: lines.map((line) => lineDocument(line, credit)),
    totalExact: formatAmount(totalExact),
    total: formatAmount(total),
    ...(drawdowns.length === 0 ? {} : { commitments: drawdowns.map(drawdownDocument) }),
    ...(paidBy === null ? {} : creditPart(total, paidBy)),
    ...(replaces === null ? {} : { replaces }),
  });
}

function timeText(instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs).toString();
}

function creditDocument({ name, price }: Credit): object {
  return { name, price: formatScaled(price, FACTOR_SCALE) };
}

/** A statement's part in a commitment, as its document keeps it. */
export interface DrawdownDocument extends Pick<Commitment, "key" | "name" | "kind" | "per"> {
  /** Of a commitment per period: which one; null: of a contract. */
  readonly period: string | null;
  readonly amount: string;
  readonly overagePercent: string | null;
  readonly usage: string;
  readonly drawn: string;
  readonly overage: string;
  readonly trueUp: string;
  readonly drawnTotal: string;
  readonly left: string;
}

function drawdownDocument(drawdown: Drawdown): DrawdownDocument {
  const { commitment, period, usage, drawn, overage, trueUp, drawnTotal, left } = drawdown;
  const { key, name, kind, per, amount } = commitment;
  return {
    ...{ key, name, kind, per, period, amount: formatAmount(amount) },
    overagePercent: commitment.overage === null ? null : percentText(commitment.overage),
    usage: formatAmount(usage),
    drawn: formatAmount(drawn),
    overage: formatAmount(overage),
    trueUp: formatAmount(trueUp),
    drawnTotal: formatAmount(drawnTotal),
    left: formatAmount(left),
  };
}

/** Credits and rates stand where a line has them: what a document says does not change its form. */
function lineDocument(line: StatementLine, own: Credit | null): object {
  const { quantity, measure, credits, credit, conversions, ...others } = line;
  const { amountExact, amountRounded, ...rest } = others;
  const isOther = credit !== null && credit.name !== own?.name;
  return {
    ...rest,
    measure,
    quantity: quantity === null ? null : quantityText(quantity, measure),
    ...(credits === null ? {} : { credits: formatAmount(credits) }),
    ...(isOther ? { credit: creditDocument(credit) } : {}),
    ...(conversions.length === 0 ? {} : { conversions: conversions.map(rateDocument) }),
    amountExact: formatAmount(amountExact),
    amountRounded: formatAmount(amountRounded),
  };
}

function rateDocument({ from, to, rate, effectiveFromMs }: ConversionRate): object {
  const effectiveFrom = timeText(effectiveFromMs);
  return { from, to, rate: formatScaled(rate, CONVERSION_RATE_SCALE), effectiveFrom };
}

function quantityText(quantity: bigint, measure: string | null): string {
  const isCost = measure === COST_MEASURE;
  return isCost ? formatAmount(quantity as Amount) : formatQuantity(quantity as Quantity);
}
