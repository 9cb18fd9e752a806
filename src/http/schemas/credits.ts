/** Prepaid credit: as it is given and as it is told. */
import { GRANT_PRIORITY_MAX } from "../../domain/limits.ts";
import {
  ANY_TEXT,
  COUNT,
  closed,
  DECIMAL,
  described,
  FLAG,
  ID,
  type JsonSchema,
  listOf,
  mapOf,
  nullable,
  oneOf,
  PERIOD,
  TIME,
  TIME_SENT,
} from "../schema.ts";

/** A decimal as it is sent. */
export const SENT_AMOUNT: JsonSchema = {
  type: "string",
  maxLength: 40,
  description: "Positive decimal.",
};
const CREDIT_CURRENCY = described(ID, "ISO 4217 code, or the name of a card's credit.");
/** What every credit may say. */
export const CREDIT_TERMS = {
  "currency?": described(nullable(ID), "(Default: that of the customer's card.)"),
  "priority?": {
    type: "integer",
    minimum: 0,
    maximum: GRANT_PRIORITY_MAX,
    description: "Less is burned first. (Default: 100.)",
  },
  "charges?": described(
    nullable({ ...listOf(ID), minItems: 1, maxItems: 200 }),
    "Keys of charges that it may pay. (Default: null, everything.)",
  ),
};
/** What a grant may say besides. */
export const GRANT_TERMS = {
  ...CREDIT_TERMS,
  "name?": nullable(ID),
  "expiresAt?": described(nullable(TIME_SENT), "(Default: null, it does not end.)"),
  "cost?": described(nullable(SENT_AMOUNT), 'What was paid for it; "0" for a gift.'),
  "costCurrency?": nullable(ID),
  "rollover?": nullable(
    closed({ "upTo?": nullable(SENT_AMOUNT), "expiresAt?": nullable(TIME_SENT) }),
  ),
};

const GRANT = closed({
  grant: ANY_TEXT,
  kind: oneOf(["grant", "topup", "transfer", "rollover"]),
  name: nullable(ANY_TEXT),
  amount: DECIMAL,
  used: DECIMAL,
  taken: described(DECIMAL, "Refunded, transferred, rolled over or expired."),
  left: DECIMAL,
  priority: COUNT,
  charges: nullable(listOf(ANY_TEXT)),
  grantedAt: TIME,
  expiresAt: nullable(TIME),
  isExpired: FLAG,
  cost: nullable(DECIMAL),
  costCurrency: nullable(ANY_TEXT),
});
const RULE = closed({
  currency: CREDIT_CURRENCY,
  threshold: DECIMAL,
  amount: DECIMAL,
  cap: nullable(DECIMAL),
  priority: COUNT,
  expiresAfterDays: nullable(COUNT),
  charges: nullable(listOf(ANY_TEXT)),
});
const ENTRY = closed({
  seq: COUNT,
  currency: CREDIT_CURRENCY,
  kind: ANY_TEXT,
  id: ANY_TEXT,
  at: described(TIME, "From when it holds."),
  postedAt: TIME,
  postings: listOf(
    closed({ account: ANY_TEXT, amount: DECIMAL }),
    "What each account gained; they add up to 0.",
  ),
  balance: DECIMAL,
});

/** Who stands above a customer. */
export const PARENT = closed({
  id: ID,
  pays: described(FLAG, "Whether it is billed for what the customer's own credit leaves."),
  credit: oneOf(
    ["own", "own_first", "parent_first"],
    "Whose credit pays first, where it pays; own: never the parent's.",
  ),
});

/** What a statement tells of credit, where its customer has any. */
export const STATEMENT_CREDIT = {
  "paidByCredit?": described(DECIMAL, "Of the total; negative: given back."),
  "paidByParentsCredit?": DECIMAL,
  "amountDue?": described(DECIMAL, "The total less what credit paid, with children's."),
  "billedTo?": described(ANY_TEXT, "The parent that is billed for what is due."),
  "wallets?": listOf(
    closed({
      currency: CREDIT_CURRENCY,
      opening: DECIMAL,
      moved: mapOf(DECIMAL, "What came in and what left since the statement before."),
      balance: DECIMAL,
    }),
  ),
  "children?": listOf(
    closed({
      customer: ANY_TEXT,
      period: PERIOD,
      statement: ANY_TEXT,
      total: DECIMAL,
      due: described(DECIMAL, "What is due of it now, after credit notes."),
      "credited?": described(DECIMAL, "What credit notes gave back of it."),
      carriedBefore: described(DECIMAL, "Of what is due: what statements before carried."),
    }),
  ),
};

/** Components of credit by name. */
export const CREDIT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Credits: closed({
    customer: ANY_TEXT,
    now: TIME,
    wallets: listOf(
      closed({
        currency: CREDIT_CURRENCY,
        balance: DECIMAL,
        owed: described(
          DECIMAL,
          "What of open periods it does not pay; the credit of a parent or a child may.",
        ),
        grants: listOf(GRANT, "In the order in which they are burned."),
      }),
    ),
    rules: listOf(RULE),
    requests: listOf(ANY_TEXT, "Ids of payments that are awaited."),
  }),
  CreditHistory: closed({ entries: listOf(ENTRY), next: nullable(ANY_TEXT) }),
  CreditMoved: closed({
    id: ANY_TEXT,
    customer: ANY_TEXT,
    currency: CREDIT_CURRENCY,
    amount: DECIMAL,
    "grant?": ANY_TEXT,
    "to?": ANY_TEXT,
    "toCurrency?": ANY_TEXT,
    "toAmount?": DECIMAL,
    reason: ANY_TEXT,
    by: ANY_TEXT,
  }),
  Topup: closed({
    id: ANY_TEXT,
    customer: ANY_TEXT,
    currency: CREDIT_CURRENCY,
    amount: DECIMAL,
    status: oneOf(["requested", "confirmed", "refused"]),
    isAutomatic: FLAG,
    requestedAt: TIME,
    reference: nullable(ANY_TEXT),
    reason: ANY_TEXT,
    by: ANY_TEXT,
  }),
  PaymentEndpoint: closed({
    url: nullable(ANY_TEXT),
    secret: described(nullable(ANY_TEXT), "What signatures are checked with: whsec_…"),
  }),
};
