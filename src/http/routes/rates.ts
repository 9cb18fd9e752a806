/** Rates between currencies. */
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { readRates } from "../../engine/cards/conversion-rates.ts";
import { optionalInstant } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { CURRENCY, closed, described, listOf, named, nullable, TIME_SENT } from "../schema.ts";
import { rateView } from "../views/rate-view.ts";

interface SentRate {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
  readonly effectiveFrom?: string | null;
}

const RATE_SENT = closed({
  from: CURRENCY,
  to: CURRENCY,
  rate: { type: "string", maxLength: 40, description: "Of `to` for one of `from`." },
  "effectiveFrom?": described(nullable(TIME_SENT), "Null: as soon as may be."),
});

const importRates = route<unknown, unknown, { readonly rates: readonly SentRate[] }>({
  method: "POST",
  path: "/v1/rates",
  operationId: "importRates",
  summary: "Record rates between currencies; those that are known already are passed over.",
  scope: "admin",
  body: {
    schema: closed({ rates: { ...listOf(RATE_SENT), minItems: 1, maxItems: PAGE_MAX_ROWS } }),
  },
  answers: { 200: json("Every rate there is now.", named("RateList")) },
  errors: ["rate.invalid", "rate.backdated"],
  handle: async ({ engine }, { workspace, body }) => {
    const rates = body.rates.map(({ from, to, rate, effectiveFrom }) => {
      return { from, to, rate, effectiveFromMs: optionalInstant(effectiveFrom, "effectiveFrom") };
    });
    return ok({ rates: (await engine.importRates(workspace, rates)).map(rateView) });
  },
});

const listRates = route({
  method: "GET",
  path: "/v1/rates",
  operationId: "listRates",
  summary: "List rates between currencies, in the order in which they were told.",
  scope: "read",
  answers: { 200: json("The rates.", named("RateList")) },
  handle: async ({ engine }, { workspace }) =>
    ok({ rates: (await readRates(engine.store, workspace)).map(rateView) }),
});

/** Rates. */
export const RATE_ROUTES = [listRates, importRates];
