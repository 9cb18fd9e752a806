/** Revenue, cost and margin. */
import { isDateBeginning } from "../../domain/calendar-date.ts";
import { TollgateError } from "../../domain/errors.ts";
import { PAGE_MAX_ROWS, REPORT_ROWS_MAX_COUNT } from "../../domain/limits.ts";
import { MARGIN_DIMENSIONS, type MarginDimension } from "../../domain/margin/margin-entry.ts";
import { MARGIN_ORDERS, type MarginOrder } from "../../domain/margin/margin-order.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type PeriodRange, tooLarge } from "../../engine/reports/report-periods.ts";
import { ok, route } from "../route.ts";
import { ANY_TEXT, CURRENCY, closed, described, FLAG, ID, named, oneOf } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { marginCsv, marginCursor, marginPlaceOf, marginRowView } from "../views/margin-view.ts";

const START = { type: "string", pattern: FORMS.dateOrMonth.pattern };

interface MarginParameters {
  readonly by: MarginDimension;
  readonly customer?: string;
  readonly currency?: string;
  readonly period?: string;
  readonly from?: string;
  readonly to?: string;
  readonly order: MarginOrder;
  readonly steps: boolean;
  readonly format: "json" | "csv";
  readonly limit?: number;
  readonly cursor?: string;
}

const PAGE_ROWS_DEFAULT = 100;
const CSV = "text/csv; charset=utf-8; header=present";

const readMargin = route<unknown, MarginParameters>({
  method: "GET",
  path: "/v1/margin",
  operationId: "readMargin",
  isReport: true,
  summary: "Read revenue, cost and margin by a dimension; the greatest loss comes first.",
  scope: "read",
  query: closed({
    "by?": { ...oneOf(MARGIN_DIMENSIONS), default: "customer" },
    "customer?": described(ID, "Only this customer's. (Default: all.)"),
    "currency?": described(CURRENCY, "Only what is charged in this one. (Default: all.)"),
    "period?": described(
      START,
      "Periods that start on this date or in this month. (Default: those under way.)",
    ),
    "from?": described(START, "Periods that start on this date or in this month, or later."),
    "to?": described(START, "The last such date or month. (Default: that of now.)"),
    "order?": { ...oneOf(MARGIN_ORDERS, "`-`: the greatest first."), default: "margin" },
    "steps?": described(
      { ...FLAG, default: false },
      "Read steps though roll-ups would do, to tell what customers paid themselves.",
    ),
    "format?": { ...oneOf(["json", "csv"]), default: "json" },
    "limit?": {
      type: "integer",
      minimum: 1,
      maximum: PAGE_MAX_ROWS,
      description: `Most rows. (Default: ${PAGE_ROWS_DEFAULT}; of CSV all.)`,
    },
    "cursor?": described(ANY_TEXT, "`next` of the page before."),
  }),
  answers: {
    200: {
      description: "The report.",
      content: { "application/json": named("MarginReport"), "text/csv": ANY_TEXT },
    },
  },
  errors: [
    ...(["field.invalid", "field.missing", "field.out_of_range"] as const),
    ...(["customer.not_found", "report.too_large", "steps.removed"] as const),
  ],
  handle: async ({ engine }, { workspace, query }) => {
    const { by, order, format, limit, cursor } = query;
    const most = limit ?? (format === "csv" ? REPORT_ROWS_MAX_COUNT : PAGE_ROWS_DEFAULT);
    const report = await engine.margin(workspace, {
      ...{ by, order, limit: most, readsSteps: query.steps },
      customer: query.customer ?? null,
      currency: query.currency ?? null,
      periods: rangeOf(query, await engine.nowMs(workspace)),
      after: cursor === undefined ? null : marginPlaceOf(cursor),
    });
    if (format === "csv") {
      if (limit === undefined && report.next !== null) throw tooLarge("rows", most);
      return { status: 200, body: marginCsv(by, report.rows), type: CSV };
    }
    return ok({
      by,
      rows: report.rows.map(marginRowView),
      rowCount: report.rowCount,
      totals: report.totals.map(marginRowView),
      costCurrency: COST_CURRENCY,
      next: report.next === null ? null : marginCursor(report.next),
    });
  },
});

/** Throws `field.invalid`, `field.missing`, `field.out_of_range` for what is no range. */
function rangeOf(
  { period, from, to }: Pick<MarginParameters, "period" | "from" | "to">,
  nowMs: number,
): PeriodRange | null {
  for (const [field, start] of Object.entries({ period, from, to })) {
    if (start === undefined || isDateBeginning(start)) continue;
    throw new TollgateError("field.invalid", `"${start}" is no day of the calendar.`, field);
  }
  if (period !== undefined) {
    if (from === undefined && to === undefined) return { from: period, to: period };
    const detail = "Give a period, or from and to, not both.";
    throw new TollgateError("field.invalid", detail, "period");
  }
  if (from === undefined) {
    if (to === undefined) return null;
    throw new TollgateError("field.missing", "A range has a `from`.", "from");
  }
  const last = to ?? new Date(nowMs).toISOString().slice(0, "2026-11-01".length);
  if (from <= last || from.startsWith(last)) return { from, to: last };
  throw new TollgateError("field.out_of_range", `"from" must not lie after ${last}.`, "from");
}

/** Margin. */
export const MARGIN_ROUTES = [readMargin];
