/** What a period under way comes to, and is expected to come to. */
import { formatAmount } from "../../domain/money/decimal.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { AS_OF, closed, ID, named } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { commitmentView } from "../views/commitment-view.ts";
import { lateLimitsField } from "../views/late-limits-view.ts";

interface AsOfQuery {
  readonly asOf?: string;
}

const readProjection = route<{ readonly customer: string }, AsOfQuery>({
  method: "GET",
  path: "/v1/customers/{customer}/projection",
  operationId: "readProjection",
  summary: "Read what the customer's period comes to so far, and its expected total.",
  scope: "read",
  params: closed({ customer: ID }),
  query: closed({ "asOf?": AS_OF }),
  answers: { 200: json("The period under way.", named("Projection")) },
  errors: ["customer.not_found", "period.closed", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params, query }) => {
    const reads = await engine.readsAt(workspace, asOfMs(query.asOf));
    const found = await engine.projection(workspace, params.customer, reads);
    const { customer, period, currency, nowMs, chargesExact, total } = found;
    return ok({
      customer,
      period: period.key,
      startsAt: timeText(period.startMs),
      endsAt: timeText(period.endMs),
      now: timeText(nowMs),
      currency,
      currentExact: formatAmount(found.currentExact),
      accruedExact: formatAmount(found.accruedExact),
      elapsedShare: formatAmount(found.elapsedShare),
      method: "linear",
      projectedCharges: chargesExact === null ? null : formatAmount(chargesExact),
      projectedTotal: total === null ? null : formatAmount(total),
      commitments: found.commitments.map(commitmentView),
    });
  },
});

interface BillQuery extends AsOfQuery {
  readonly period?: string;
}

const readBill = route<{ readonly customer: string }, BillQuery>({
  method: "GET",
  path: "/v1/customers/{customer}/bill",
  operationId: "readBill",
  summary: "Read the bill of a period: its statement, or what closing it now would leave.",
  scope: "read",
  params: closed({ customer: ID }),
  query: closed({
    "period?": {
      type: "string",
      pattern: FORMS.dateOrMonth.pattern,
      description: "Start date, or the month. (Default: the period that lasts now, or then.)",
    },
    "asOf?": AS_OF,
  }),
  answers: { 200: json("The bill.", named("Bill")) },
  errors: ["customer.not_found", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params: { customer }, query }) => {
    const reads = await engine.readsAt(workspace, asOfMs(query.asOf));
    const period = query.period ?? null;
    const bill = await engine.bill(workspace, { customer, period }, reads);
    const { nowMs, statement, document, lateLimits } = bill;
    const about = { customer, period: bill.period.key, now: timeText(nowMs) };
    const late = lateLimitsField(lateLimits);
    const head = { ...about, statement: statement?.id ?? null, ...late };
    // The document goes out as it is written: an open period's is canonical JSON as well.
    return { status: 200, body: `${JSON.stringify(head).slice(0, -1)},"document":${document}}` };
  },
});

/** Projections and bills of periods. */
export const PROJECTION_ROUTES = [readProjection, readBill];
