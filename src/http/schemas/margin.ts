/** Margin as it is told. */
import { MARGIN_DIMENSIONS } from "../../domain/margin/margin-entry.ts";
import { MARGIN_ROW_KINDS, PERCENT_ROUNDING } from "../../domain/margin/margin-table.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  FLAG,
  type JsonSchema,
  listOf,
  named,
  nullable,
  oneOf,
  TIME,
} from "../schema.ts";

const RATE = closed({ from: CURRENCY, to: CURRENCY, rate: DECIMAL, effectiveFrom: TIME });

/** Components by name. */
export const MARGIN_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  MarginRow: closed({
    row: oneOf(
      MARGIN_ROW_KINDS,
      "value: of the dimension. unattributed: has none. line: of bills, no run behind it.",
    ),
    name: described(ANY_TEXT, "The value, the dimension that it has none of, or the kind of line."),
    currency: described(CURRENCY, "Of the revenue and the margin."),
    revenue: DECIMAL,
    revenueOfLines: described(DECIMAL, "Of the revenue, what no run stands behind."),
    cost: described(DECIMAL, "What we pay, in costCurrency; a lower bound where incomplete."),
    costConverted: described(nullable(DECIMAL), "In the row's currency; null: unconverted."),
    unconverted: described(FLAG, "No rate is in force for some of the cost: no margin is told."),
    rates: listOf(RATE, "Rates that converted the cost."),
    margin: described(nullable(DECIMAL), "revenue - costConverted, exact."),
    marginPercent: described(
      nullable(DECIMAL),
      `Of the revenue, rounded to two places (${PERCENT_ROUNDING}); null without revenue.`,
    ),
    steps: COUNT,
    unpriced: described(COUNT, "Steps whose cost is unknown in whole or in part."),
    costIncomplete: FLAG,
    paidByCustomer: described(
      nullable(DECIMAL),
      "What customers paid providers themselves, no cost of ours; null: steps were not read.",
    ),
    isOpen: described(FLAG, "Some of it is of periods that are not closed."),
  }),
  MarginReport: closed({
    by: oneOf(MARGIN_DIMENSIONS),
    rows: listOf(named("MarginRow")),
    rowCount: described(COUNT, "Rows of all pages."),
    totals: listOf(named("MarginRow"), "Of all pages, one a currency."),
    costCurrency: CURRENCY,
    next: nullable(ANY_TEXT),
  }),
};
