/** Rating again what a version that was recorded late concerns. */
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { RerateResult } from "../../engine/cards/rerate.ts";
import { optionalInstant } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { ANY_TEXT, COUNT, closed, described, named, nullable, TIME_SENT } from "../schema.ts";

/** Units of work make small parts; a request may hold many of them. */
const LOOKED_MAX_COUNT = 100 * PAGE_MAX_ROWS;

/** Most steps and runs that one request looks at. */
export const RERATE_LIMIT = {
  ...COUNT,
  minimum: 1,
  maximum: LOOKED_MAX_COUNT,
  description: "Most steps and runs to look at; go on with cursor. (Default: all.)",
};

interface RerateBody {
  readonly since?: string | null;
  readonly cursor?: string | null;
  readonly limit?: number;
}

const rerateUsage = route<unknown, unknown, RerateBody>({
  method: "POST",
  path: "/v1/rerate",
  operationId: "rerate",
  summary: "Rate again what occurred since an instant, by the versions in force at its time.",
  scope: "admin",
  body: {
    schema: closed({
      "since?": described(nullable(TIME_SENT), "Null: since ever."),
      "cursor?": described(nullable(ANY_TEXT), "`next` of the answer before."),
      "limit?": RERATE_LIMIT,
    }),
  },
  answers: { 200: json("What has another version or amount now.", named("Rerated")) },
  errors: ["field.invalid", "field.out_of_range", "steps.removed"],
  handle: async ({ engine }, { workspace, body }) => {
    const { cursor = null, limit } = body;
    const sinceMs = optionalInstant(body.since, "since");
    const request = { sinceMs, cursor, ...(limit === undefined ? {} : { limit }) };
    return ok(reratedView(await engine.rerate(workspace, request)));
  },
});

/** A pass, or a part of it, as answers tell it. */
export function reratedView(result: RerateResult): object {
  const { cost, charge, ...counts } = result;
  return { ...counts, cost: formatAmount(cost), charge: formatAmount(charge) };
}

/** Re-rating. */
export const RERATE_ROUTES = [rerateUsage];
