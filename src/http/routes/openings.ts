/** Openings of customers who move here in mid-period. */
import type { NewOpening, OpeningCount, OpeningPart } from "../../engine/periods/set-opening.ts";
import { json, ok, route } from "../route.ts";
import { ANY_TEXT, closed, described, ID, listOf, named, nullable, TEXT } from "../schema.ts";

type Body = Omit<NewOpening, "id" | "amount" | "counters" | "customer"> & {
  readonly id?: string;
  readonly amount?: string | null;
  readonly counters?: readonly (Omit<OpeningCount, "cell"> & { readonly cell?: string })[];
};

const NUMBER = { type: "string", maxLength: 40 } as const;
const COUNTS_MAX = 1_000;

const setOpening = route<{ readonly customer: string }, unknown, Body>({
  method: "POST",
  path: "/v1/customers/{customer}/opening",
  operationId: "setOpening",
  summary: "Take over what a customer counted and owed elsewhere, in the open period.",
  scope: "admin",
  params: closed({ customer: ID }),
  body: {
    schema: closed({
      "id?": described(ID, "Identity of this act. (Default: derived from the act.)"),
      "amount?": described(nullable(NUMBER), "What is owed; negative: what is in hand."),
      "counters?": {
        ...listOf(
          closed({
            charge: described(ID, "Key of a charge of the customer's card."),
            "cell?": described(ANY_TEXT, 'Of a matrix: the cell, or "*" for all others.'),
            quantity: described(NUMBER, "Counted so far in the period."),
          }),
        ),
        maxItems: COUNTS_MAX,
      },
      reason: { ...TEXT, minLength: 1 },
      by: described(ID, "Who decided it."),
    }),
  },
  answers: { 200: json("The opening, part by part.", named("Opening")) },
  errors: ["customer.not_found", "ratecard.not_found", "booking.conflict"],
  handle: async ({ engine }, { workspace, params: { customer }, body }) => {
    const { id = null, amount = null, counters = [], reason, by } = body;
    const counts = counters.map(({ charge, cell = "", quantity }) => ({ charge, cell, quantity }));
    const request = { id, customer, amount, counters: counts, reason, by };
    const parts = await engine.setOpening(workspace, request);
    return ok({ parts: parts.map(partView) });
  },
});

function partView({ key: _key, ...part }: OpeningPart): object {
  return part;
}

/** Openings. */
export const OPENING_ROUTES = [setOpening];
