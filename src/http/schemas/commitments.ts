/** Commitments: as they are sent (their own parser judges them) and as they are told. */
import { COMMITMENTS_PER_CUSTOMER_MAX_COUNT } from "../../domain/limits.ts";
import { COMMITMENT_KINDS, COMMITMENT_SPANS } from "../../domain/period/commitment.ts";
import {
  ANY_TEXT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  ID,
  type JsonSchema,
  listOf,
  named,
  nullable,
  oneOf,
  PERIOD,
  TIME,
} from "../schema.ts";

const DATE = { ...ANY_TEXT, format: "date" };
const KIND = oneOf(
  COMMITMENT_KINDS,
  "prepaid: usage is taken off the bill. minimum: what is missing at the end is billed.",
);
const CHARGES = described(
  nullable(listOf(ID)),
  "Keys of charges that draw it; null: all usage. Fees never do.",
);

const BUCKET = described(nullable(PERIOD), "Of one per period: which one; null: of a contract.");

/** What a closed statement did to one commitment. */
const DRAWDOWN = closed({
  key: ANY_TEXT,
  name: ANY_TEXT,
  kind: KIND,
  per: oneOf(COMMITMENT_SPANS),
  period: BUCKET,
  amount: DECIMAL,
  overagePercent: nullable(DECIMAL),
  usage: described(DECIMAL, "What usage came to that was offered to it."),
  drawn: described(DECIMAL, "Of it: what it covered."),
  overage: described(DECIMAL, "Of it: what no commitment was left for."),
  trueUp: described(DECIMAL, "Billed because it was missing."),
  drawnTotal: described(DECIMAL, "Drawn by all statements in force, with this one."),
  left: DECIMAL,
});

/** A statement's list of what it did to commitments. */
export const DRAWDOWNS: JsonSchema = listOf(DRAWDOWN, "Where the customer has commitments.");

const PROJECTED = closed({
  usage: described(DECIMAL, "At its end, if usage goes on at the pace so far."),
  overage: described(DECIMAL, "Of it: beyond the amount, at the card's price."),
  trueUp: described(DECIMAL, "What will be billed because it is missing."),
});

const SO_FAR = closed({
  period: BUCKET,
  startsAt: TIME,
  endsAt: TIME,
  usage: described(DECIMAL, "By closed statements, and by open periods as they are now."),
  drawn: DECIMAL,
  drawnPercent: described(DECIMAL, "Cut to two places."),
  left: DECIMAL,
  exhaustedAt: described(
    nullable(TIME),
    "At the pace so far, also where nothing is left; null: not before its end.",
  ),
  projected: described(nullable(PROJECTED), "Linear; null where nothing has elapsed."),
});

const SENT_DECIMAL: JsonSchema = { anyOf: [ANY_TEXT, { type: "integer", minimum: 0 }] };

/** Components of commitments by name. */
export const COMMITMENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  NewCommitments: closed({
    commitments: {
      ...listOf(
        closed({
          key: ID,
          "name?": described(nullable(ID), "What statements call it. (Default: its key.)"),
          kind: KIND,
          per: oneOf(COMMITMENT_SPANS),
          amount: SENT_DECIMAL,
          "currency?": described(nullable(CURRENCY), "(Default: that of the customer's card.)"),
          "charges?": CHARGES,
          "overagePercent?": described(
            nullable(SENT_DECIMAL),
            "What usage beyond the amount costs, in percent of the card's price. (Default: 100.)",
          ),
          from: described(DATE, "It holds for periods that start on this date or later."),
          "until?": described(nullable(DATE), "And before this one; a contract has one."),
        }),
        "In the order in which usage draws them.",
      ),
      maxItems: COMMITMENTS_PER_CUSTOMER_MAX_COUNT,
    },
  }),
  Commitment: closed({
    key: ANY_TEXT,
    name: ANY_TEXT,
    kind: KIND,
    per: oneOf(COMMITMENT_SPANS),
    amount: DECIMAL,
    currency: CURRENCY,
    charges: CHARGES,
    overagePercent: nullable(DECIMAL),
    from: DATE,
    until: nullable(DATE),
    lastPeriod: described(nullable(PERIOD), "The last period that it holds for."),
    soFar: described(
      nullable(SO_FAR),
      "Null: its time has not begun, or (of one per period) it has ended.",
    ),
  }),
  Commitments: closed({
    customer: ANY_TEXT,
    now: TIME,
    method: described({ const: "linear" }, "How dates and ends are projected."),
    commitments: listOf(named("Commitment")),
  }),
};
