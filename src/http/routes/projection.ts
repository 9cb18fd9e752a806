/** What a period under way comes to, and is expected to come to. */
import { formatAmount } from "../../domain/money/decimal.ts";
import { timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { closed, ID, named } from "../schema.ts";
import { commitmentView } from "../views/commitment-view.ts";

const readProjection = route<{ readonly customer: string }>({
  method: "GET",
  path: "/v1/customers/{customer}/projection",
  operationId: "readProjection",
  summary: "Read what the customer's period comes to so far, and its expected total.",
  scope: "read",
  params: closed({ customer: ID }),
  answers: { 200: json("The period under way.", named("Projection")) },
  errors: ["customer.not_found", "period.closed"],
  handle: async ({ engine }, { workspace, params }) => {
    const found = await engine.projection(workspace, params.customer);
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

/** Projections. */
export const PROJECTION_ROUTES = [readProjection];
