/** Documents of simulations. */
import { SIMULATED_CARDS_MAX_COUNT, SIMULATED_CUSTOMERS_MAX_COUNT } from "../../domain/limits.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  ID,
  listOf,
  named,
  nullable,
  oneOf,
} from "../schema.ts";

const PERIOD_SENT = {
  type: "string",
  pattern: "^\\d{4}(-\\d{2}(-\\d{2})?)?$",
  description: "A start date, or the beginning of one, such as 2026-11.",
};

const CARD = {
  anyOf: [
    oneOf(["current"], "The cards in force: comes to what was charged."),
    named("RateCard"),
    named("RateCardOverride"),
  ],
};

const BILL = {
  revenue: described(DECIMAL, "What is owed: the totals of the statements."),
  margin: described(nullable(DECIMAL), "Revenue less cost; null: they are in two currencies."),
  cappedRuns: described(COUNT, "Runs that cost more than their cap."),
  cap: described(DECIMAL, "What caps take off, negative."),
  raisedRuns: described(COUNT, "Runs that were filled up to their minimum."),
  minimum: described(DECIMAL, "What minimums of runs add."),
  credits: described(DECIMAL, "What is priced in credits, in credits."),
  paidByCredit: described(DECIMAL, "What credit would pay, that of customers above included."),
};

const CHANGED = { ...BILL, change: described(DECIMAL, "Revenue less what was charged.") };

/** Schemas by name. */
export const SIMULATION_SCHEMAS = {
  NewSimulation: closed({
    cards: { ...listOf(CARD), minItems: 1, maxItems: SIMULATED_CARDS_MAX_COUNT },
    "customers?": nullable({
      ...listOf(ID, "Whose history. (Default: everyone's.)"),
      minItems: 1,
      maxItems: SIMULATED_CUSTOMERS_MAX_COUNT,
    }),
    "from?": nullable(PERIOD_SENT),
    "to?": nullable(PERIOD_SENT),
  }),
  NewRunSimulation: closed({ card: CARD }),
  SimulationLine: {
    description: "One line of the answer; `type` says which. The last one is a total or a problem.",
    anyOf: [
      closed({ type: oneOf(["progress"]), done: COUNT, total: COUNT }),
      closed({
        type: oneOf(["customer"]),
        customer: ANY_TEXT,
        steps: COUNT,
        unpriced: described(COUNT, "Steps whose cost is not wholly known: a lower bound then."),
        cost: described(DECIMAL, "What providers charge us, in the currency of costs."),
        charged: closed(BILL, "By what the ledger holds."),
        cards: listOf(closed(CHANGED), "By each card, in the order asked for."),
      }),
      closed({
        type: oneOf(["total"]),
        currency: CURRENCY,
        costCurrency: CURRENCY,
        customers: COUNT,
        passedOver: described(COUNT, "Customers billed in another currency: in no sum."),
        steps: COUNT,
        unpriced: described(COUNT, "Steps whose cost is not wholly known: a lower bound then."),
        runs: COUNT,
        cost: DECIMAL,
        charged: closed(BILL),
        cards: listOf(
          closed({
            card: described(ANY_TEXT, "Key of the card, or `current`."),
            ...CHANGED,
            more: described(COUNT, "Customers that pay more than they were charged."),
            less: described(COUNT, "Customers that pay less."),
            same: described(COUNT, "Customers that pay the same."),
          }),
        ),
      }),
      closed({ type: oneOf(["problem"]), code: ANY_TEXT, detail: ANY_TEXT }),
    ],
  },
};
