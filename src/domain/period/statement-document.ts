/**
 * Writes a statement as canonical JSON: the bytes that are stored, shown, exported and hashed.
 * Amounts and quantities are the shortest decimal text, in whole currency units and whole units.
 */
import { canonicalJson } from "../canonical-json.ts";
import type { Amount, Quantity } from "../money/decimal.ts";
import { formatAmount, formatQuantity } from "../money/decimal.ts";
import { COST_MEASURE } from "../rating/meter-fields.ts";
import type { Statement, StatementLine } from "./statement.ts";

const FORMAT = "tollgate.statement/1";

/**
 * The text of a statement. The same statement always gives the same text. `replaces` is the voided
 * statement that this one was issued for again; null where there is none.
 */
export function statementDocument(statement: Statement, replaces: string | null = null): string {
  const { customer, period, currency, rounding, lines, totalExact, total } = statement;
  return canonicalJson({
    format: FORMAT,
    customer,
    period: period.key,
    startsAt: timeText(period.startMs),
    endsAt: timeText(period.endMs),
    currency,
    rounding,
    lines: lines.map(lineDocument),
    totalExact: formatAmount(totalExact),
    total: formatAmount(total),
    ...(replaces === null ? {} : { replaces }),
  });
}

function timeText(instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs).toString();
}

function lineDocument(line: StatementLine): object {
  const { quantity, measure, amountExact, amountRounded, ...rest } = line;
  return {
    ...rest,
    measure,
    quantity: quantity === null ? null : quantityText(quantity, measure),
    amountExact: formatAmount(amountExact),
    amountRounded: formatAmount(amountRounded),
  };
}

function quantityText(quantity: bigint, measure: string | null): string {
  const isCost = measure === COST_MEASURE;
  return isCost ? formatAmount(quantity as Amount) : formatQuantity(quantity as Quantity);
}
