/** Usage summed by what one wants to know it by. */

import { isDateBeginning } from "../../domain/calendar-date.ts";
import { TollgateError } from "../../domain/errors.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { formatAmount, formatQuantity } from "../../domain/money/decimal.ts";
import {
  USAGE_DIMENSIONS,
  type UsageDimension,
  type UsageRow,
} from "../../engine/reports/read-usage.ts";
import type { EndUserFilter } from "../../engine/reports/usage-of-end-users.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, route } from "../route.ts";
import { AS_OF, closed, described, ID, named, oneOf } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { readCurrencies } from "../views/currencies.ts";

interface UsageQuery extends EndUserFilter {
  readonly asOf?: string;
  readonly groupBy?: readonly UsageDimension[];
}

const readUsage = route<unknown, UsageQuery>({
  method: "GET",
  path: "/v1/usage",
  operationId: "readUsage",
  isReport: true,
  summary: "Sum usage, cost and charge by any dimensions; the largest cost comes first.",
  scope: "read",
  query: closed({
    "groupBy?": {
      type: "array",
      items: oneOf(USAGE_DIMENSIONS),
      uniqueItems: true,
      maxItems: USAGE_DIMENSIONS.length,
      description: "Separated by commas. (Default: one row for all.)",
    },
    "customer?": ID,
    "agent?": ID,
    "endUser?": described(ID, "Only what runs for this end user came to."),
    "period?": {
      type: "string",
      pattern: FORMS.dateOrMonth.pattern,
      description: "Only periods that start on this date or in this month. (Default: all.)",
    },
    "asOf?": AS_OF,
  }),
  answers: { 200: json("One row a group.", named("UsageReport")) },
  errors: ["report.too_large", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, query: { groupBy = [], asOf, ...filter } }) => {
    requireDay(filter.period);
    const reads = await engine.readsAt(workspace, asOfMs(asOf));
    const rows = await engine.usage(workspace, { groupBy, filter }, reads);
    const currencies = await readCurrencies(reads.store, workspace);
    const customers = rows.map(({ group }) => filter.customer ?? (group.customer || null));
    const [ofReport = null, ...ofRows] = await currencies.ofSums([
      filter.customer ?? null,
      ...customers,
    ]);
    return ok({
      groupBy,
      rows: rows.map((row, at) => ({ ...rowView(row), chargeCurrency: ofRows[at] })),
      costCurrency: COST_CURRENCY,
      chargeCurrency: ofReport,
    });
  },
});

/** Of a day that no month has, no usage at all would read like an answer. */
function requireDay(period: string | undefined): void {
  if (period === undefined || isDateBeginning(period)) return;
  throw new TollgateError("field.invalid", `"${period}" is no day of the calendar.`, "period");
}

function rowView({ group, steps, unpriced, ...sums }: UsageRow): object {
  return {
    ...{ group, steps, unpriced },
    inputTokens: formatQuantity(sums.inputTokens),
    outputTokens: formatQuantity(sums.outputTokens),
    cost: formatAmount(sums.cost),
    charge: formatAmount(sums.charge),
    accrued: formatAmount(sums.accrued),
  };
}

/** Usage reports. */
export const USAGE_ROUTES = [readUsage];
