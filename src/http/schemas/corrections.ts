/** Documents of what is put right after a close, or booked by hand. */
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  type JsonSchema,
  listOf,
  NEXT,
  named,
  nullable,
  oneOf,
  PERIOD,
  TIME,
} from "../schema.ts";

const booked = {
  id: ANY_TEXT,
  customer: ANY_TEXT,
  period: described(PERIOD, "Whose statement carries it."),
  currency: CURRENCY,
  amount: described(DECIMAL, "Positive: what is given, or held out."),
  reason: ANY_TEXT,
  by: ANY_TEXT,
};
const costPlace = { provider: ANY_TEXT, model: ANY_TEXT, day: PERIOD };
const sides = {
  ...{ recorded: DECIMAL, truedUp: DECIMAL, invoiced: DECIMAL },
  invoicedElsewhere: described(DECIMAL, "What other invoices bill of the same."),
  difference: described(DECIMAL, "Both invoiced amounts less what is recorded and trued up."),
};
const TEXT_OR_NULL = nullable(ANY_TEXT);

/** Components of corrections by name. */
export const CORRECTION_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Goodwill: closed(booked),
  Opening: closed({
    parts: listOf(
      closed({
        ...booked,
        amount: described(DECIMAL, "What its line books; a count takes off what it comes to."),
        "credits?": described(DECIMAL, "The same in the card's credits, of a charge in these."),
        "credit?": described(closed({ name: ANY_TEXT, price: DECIMAL }), "What these are of."),
        "correction?": described(
          DECIMAL,
          "Of a volume charge: what the close adds, so that its count was billed by its own tier.",
        ),
        "correctionCredits?": described(DECIMAL, "The same in credits."),
        counter: nullable(
          closed({
            card: ANY_TEXT,
            cardVersion: COUNT,
            charge: ANY_TEXT,
            cell: ANY_TEXT,
            quantity: ANY_TEXT,
            share: described(DECIMAL, "What it added to its counter."),
            "elsewhere?": described(ANY_TEXT, "All that was counted elsewhere with it."),
          }),
        ),
        description: ANY_TEXT,
      }),
    ),
  }),
  GoodwillList: closed({ goodwill: listOf(named("Goodwill")), next: NEXT }),
  Dispute: closed({
    ...booked,
    originPeriod: described(PERIOD, "Of what is disputed."),
    statement: TEXT_OR_NULL,
    line: nullable(COUNT),
    run: TEXT_OR_NULL,
    outcome: TEXT_OR_NULL,
    resolution: nullable(
      closed({
        favor: oneOf(["customer", "us"]),
        period: described(nullable(PERIOD), "Where it is billed again; null: it stays off."),
        reason: ANY_TEXT,
        by: ANY_TEXT,
      }),
    ),
  }),
  DisputeList: closed({ disputes: listOf(named("Dispute")), next: NEXT }),
  CreditNote: closed({
    format: { const: "tollgate.credit_note/1" },
    id: ANY_TEXT,
    statement: ANY_TEXT,
    "voids?": described(ANY_TEXT, "The note that it takes back; its amounts are the opposite."),
    "billedTo?": described(
      ANY_TEXT,
      "The parent that was billed, whose next statement gives back.",
    ),
    customer: ANY_TEXT,
    period: PERIOD,
    currency: CURRENCY,
    lines: listOf(closed({ line: COUNT, description: ANY_TEXT, amount: DECIMAL })),
    total: DECIMAL,
    reason: ANY_TEXT,
    by: ANY_TEXT,
    issuedAt: TIME,
    digest: described(ANY_TEXT, "SHA-256 of its canonical document, lower-case hex."),
  }),
  CreditNoteList: closed({ creditNotes: listOf(named("CreditNote")) }),
  Invoice: closed({
    id: ANY_TEXT,
    currency: CURRENCY,
    total: DECIMAL,
    rows: described(COUNT, "One a provider, model and day."),
    importedAt: TIME,
  }),
  InvoiceList: closed({ invoices: listOf(named("Invoice")), next: NEXT }),
  Reconciliation: closed({
    invoice: named("Invoice"),
    rows: listOf(closed({ ...costPlace, ...sides }), "By provider, day and model."),
    ...sides,
    trueUps: listOf(
      closed({
        invoice: ANY_TEXT,
        currency: CURRENCY,
        rows: listOf(
          closed({ ...costPlace, recorded: DECIMAL, invoiced: DECIMAL, difference: DECIMAL }),
        ),
        total: DECIMAL,
        reason: ANY_TEXT,
        by: ANY_TEXT,
        bookedAt: TIME,
      }),
    ),
  }),
};
