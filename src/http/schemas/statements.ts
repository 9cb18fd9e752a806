/** Statements, their lines and bills, as routes answer with them. */
import { LINE_KINDS } from "../../domain/period/statement-line.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  FLAG,
  type JsonSchema,
  listOf,
  named,
  nullable,
  oneOf,
  PERIOD,
  TIME,
} from "../schema.ts";
import { DRAWDOWNS } from "./commitments.ts";
import { STATEMENT_CREDIT } from "./credits.ts";

const TEXT_OR_NULL = nullable(ANY_TEXT);

const CREDIT = { name: ANY_TEXT, price: DECIMAL };

const statementLine = closed({
  kind: oneOf(LINE_KINDS),
  cardKey: ANY_TEXT,
  chargeKey: ANY_TEXT,
  cell: ANY_TEXT,
  description: ANY_TEXT,
  originPeriod: nullable(PERIOD),
  measure: TEXT_OR_NULL,
  quantity: nullable(DECIMAL),
  "credits?": described(DECIMAL, "The exact amount in the card's credits."),
  "credit?": described(closed(CREDIT), "What these are of, where not of the statement's own."),
  "conversions?": listOf(
    closed({ from: CURRENCY, to: CURRENCY, rate: DECIMAL, effectiveFrom: ANY_TEXT }),
  ),
  amountExact: DECIMAL,
  amountRounded: DECIMAL,
});

const statementFields = {
  id: ANY_TEXT,
  customer: ANY_TEXT,
  period: PERIOD,
  currency: CURRENCY,
  closedAt: TIME,
  total: DECIMAL,
  digest: described(ANY_TEXT, "SHA-256 of the canonical document, lower-case hex."),
  replaces: described(TEXT_OR_NULL, "The voided statement that this one stands for."),
  replacedBy: described(TEXT_OR_NULL, "Null: it is not voided."),
};

const statementDocument = closed({
  format: { const: "tollgate.statement/1" },
  customer: ANY_TEXT,
  period: PERIOD,
  startsAt: ANY_TEXT,
  endsAt: ANY_TEXT,
  currency: CURRENCY,
  rounding: ANY_TEXT,
  "credit?": closed(CREDIT),
  lines: listOf(statementLine),
  totalExact: DECIMAL,
  total: DECIMAL,
  "commitments?": DRAWDOWNS,
  ...STATEMENT_CREDIT,
  "replaces?": ANY_TEXT,
});

const lateLimits = listOf(
  closed({
    originPeriod: PERIOD,
    statement: described(ANY_TEXT, "The one in force of that period, which may be issued again."),
    terms: listOf(
      closed({
        kind: oneOf([
          ...["volume", "charge_minimum", "charge_maximum"],
          ...["discount", "minimum", "maximum", "credit_note", "dispute"],
        ]),
        name: described(
          TEXT_OR_NULL,
          "Of the charge, line, discount or outcome; null: it is of the whole bill.",
        ),
      }),
    ),
  }),
  "Terms of closed periods that adjustments are not held against; left out where there are none.",
);

/** Components of statements and bills by name. */
export const STATEMENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  StatementSummary: closed(statementFields),
  StatementPage: closed({
    statements: listOf(named("StatementSummary")),
    next: described(TEXT_OR_NULL, "Where to go on; null: that was all."),
  }),
  StatementLinePage: closed({
    statement: ANY_TEXT,
    line: COUNT,
    currency: CURRENCY,
    items: listOf(
      closed({
        kind: oneOf(["step", "run", "outcome", "booking"]),
        run: TEXT_OR_NULL,
        source: TEXT_OR_NULL,
        id: described(TEXT_OR_NULL, "Of the step or booking, or the outcome's key."),
        occurredAt: nullable(TIME),
        quantity: nullable(DECIMAL),
        amount: DECIMAL,
        changedAfterClose: described(
          FLAG,
          "Revised, voided or reversed after the statement was closed.",
        ),
        reason: described(TEXT_OR_NULL, "Why a booking was made."),
      }),
      "As the statement billed them.",
    ),
    next: TEXT_OR_NULL,
  }),
  ClosedPeriods: closed({
    statements: listOf(named("StatementSummary")),
    done: described(COUNT, "Periods looked at so far."),
    total: described(COUNT, "Periods that there are to close."),
    waiting: described(COUNT, "Passed over: they or their grace have not ended."),
    next: described(TEXT_OR_NULL, "Where to go on; null: that was all."),
  }),
  Statement: closed({
    ...statementFields,
    "lateLimits?": lateLimits,
    document: statementDocument,
  }),
  Bill: closed({
    customer: ANY_TEXT,
    period: PERIOD,
    now: described(TIME, "The instant that it is of."),
    statement: described(TEXT_OR_NULL, "The statement in force; null: the period is open."),
    "lateLimits?": lateLimits,
    document: described(statementDocument, "Of an open period: what closing it now would leave."),
  }),
};
