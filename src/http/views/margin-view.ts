/** Margin as it is told: documents, CSV, and the cursor from page to page. */

import { csvOf, csvText } from "../../domain/csv.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { RowPlace } from "../../domain/margin/margin-order.ts";
import {
  type FineAmount,
  formatFine,
  MARGIN_ROW_KINDS,
  type MarginRow,
  marginPercent,
} from "../../domain/margin/margin-table.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { rateView } from "./rate-view.ts";

/** A row as a document. */
export function marginRowView(row: MarginRow): object {
  const { kind, name, currency, steps, unpriced, isOpen, paid } = row;
  return {
    ...{ row: kind, name, currency },
    revenue: formatAmount(row.revenue),
    revenueOfLines: formatAmount(row.ofLines),
    cost: formatAmount(row.cost),
    costConverted: fineOrNull(row.converted),
    unconverted: row.converted === null,
    rates: row.rates.map(rateView),
    margin: fineOrNull(row.margin),
    marginPercent: marginPercent(row),
    ...{ steps, unpriced, costIncomplete: unpriced > 0 },
    paidByCustomer: paid === null ? null : formatAmount(paid),
    isOpen,
  };
}

function fineOrNull(amount: FineAmount | null): string | null {
  return amount === null ? null : formatFine(amount);
}

const HEAD = [
  ...["by", "row", "name", "currency", "revenue", "revenue_of_lines", "cost_currency", "cost"],
  ...["cost_converted", "unconverted", "rates", "margin", "margin_percent", "steps", "unpriced"],
  ...["cost_incomplete", "paid_by_customer", "open"],
];

/** One row a value, with a header; no totals, so that a column may be summed. */
export function marginCsv(by: string, rows: readonly MarginRow[]): string {
  const cells = rows.map((row) => [
    ...[by, row.kind, csvText(row.name), row.currency],
    ...[formatAmount(row.revenue), formatAmount(row.ofLines)],
    ...[COST_CURRENCY, formatAmount(row.cost), fineOrNull(row.converted) ?? ""],
    String(row.converted === null),
    row.rates.map(rateView).map(rateText).join("; "),
    ...[fineOrNull(row.margin) ?? "", marginPercent(row) ?? ""],
    ...[String(row.steps), String(row.unpriced), String(row.unpriced > 0)],
    ...[row.paid === null ? "" : formatAmount(row.paid), String(row.isOpen)],
  ]);
  return csvOf([HEAD, ...cells]);
}

function rateText({ rate, effectiveFrom }: ReturnType<typeof rateView>): string {
  return `${rate} from ${effectiveFrom}`;
}

/** Where a page ended, as an opaque text. */
export function marginCursor(place: RowPlace): string {
  const { currency, kind, name, margin, revenue, cost } = place;
  const numbers = [margin, revenue, cost].map((amount) => amount?.toString() ?? null);
  return Buffer.from(JSON.stringify([currency, kind, name, ...numbers])).toString("base64url");
}

const INTEGER = /^-?\d{1,120}$/;

/** Reads a cursor. Throws `field.invalid` for what is no `next` of ours. */
export function marginPlaceOf(cursor: string): RowPlace {
  const [currency, kind, name, margin, revenue, cost] = listIn(cursor);
  const found = MARGIN_ROW_KINDS.find((one) => one === kind);
  const isPlace =
    typeof currency === "string" &&
    typeof name === "string" &&
    found !== undefined &&
    (margin === null || isInteger(margin)) &&
    isInteger(revenue) &&
    isInteger(cost);
  if (!isPlace)
    throw new TollgateError("field.invalid", "The cursor is no `next` of ours.", "cursor");
  return {
    ...{ currency, kind: found, name },
    margin: margin === null ? null : (BigInt(margin) as FineAmount),
    revenue: BigInt(revenue) as Amount,
    cost: BigInt(cost) as Amount,
  };
}

function isInteger(value: unknown): value is string {
  return typeof value === "string" && INTEGER.test(value);
}

function listIn(cursor: string): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}
