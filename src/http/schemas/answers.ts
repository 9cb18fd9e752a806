/** Documents that routes answer with. All fields are always there; what is absent is null. */
import { ERRORS } from "../../domain/errors.ts";
import {
  COMPLETENESS,
  EVENT_TYPES,
  PAYERS,
  ROLES,
  RUN_ENDINGS,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import { OUTCOME_STATUSES } from "../../domain/run/run.ts";
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
  mapOf,
  NEXT,
  named,
  nullable,
  oneOf,
  PERIOD,
  TIME,
} from "../schema.ts";
import { BUDGET_SCHEMAS } from "./budgets.ts";
import { CORRECTION_SCHEMAS } from "./corrections.ts";
import { PARENT } from "./credits.ts";
import { MARGIN_SCHEMAS } from "./margin.ts";
import { POLICY_SCHEMAS } from "./policies.ts";
import { STATEMENT_SCHEMAS } from "./statements.ts";

const TEXT_OR_NULL = nullable(ANY_TEXT);
const LABELS_OUT = nullable(mapOf(ANY_TEXT));
const NUMBER_OR_NULL = nullable(COUNT);
const CODE = oneOf(Object.keys(ERRORS));
const COST_STATUSES = ["priced", "partial", "unpriced", "none"];

/** Statuses of an event's result. */
const EVENT_STATUSES = [
  ...["accepted", "superseded", "shadow", "duplicate", "stale"],
  ...["duplicate_call", "conflict", "suspended", "rejected"],
];

const problems = {
  EventProblem: closed({ code: CODE, detail: ANY_TEXT, "field?": ANY_TEXT }),
  Problem: closed(
    {
      type: ANY_TEXT,
      title: ANY_TEXT,
      status: { type: "integer" },
      detail: ANY_TEXT,
      code: CODE,
      "field?": ANY_TEXT,
      remedy: ANY_TEXT,
      requestId: ANY_TEXT,
      "problems?": listOf(named("EventProblem"), "Every problem of the document."),
      "undecided?": described({ const: true }, "Nobody decided on the holds."),
      "onUndecided?": described(
        oneOf(["closed", "open"]),
        "What the budgets want then: closed, make no calls; open, make and record them.",
      ),
    },
    "RFC 9457. `code` is stable; the catalogue of errors lists all of them.",
  ),
};

const resultFields: Record<string, JsonSchema> = {
  status: oneOf(EVENT_STATUSES),
  "run?": ANY_TEXT,
  "seq?": described(
    COUNT,
    "Place in the workspace's commit order. Alerts and acts have places too, behind those of the " +
      "events that were committed with them: the same events may be numbered otherwise elsewhere.",
  ),
  "cost?": DECIMAL,
  "costStatus?": oneOf(COST_STATUSES),
  "charge?": DECIMAL,
  "linkedTo?": closed({ run: ANY_TEXT, source: ANY_TEXT, id: ANY_TEXT }),
  "timeDiffers?": described(FLAG, "A retry stated another time; the first one stands."),
  "ratedAtReceipt?": described(FLAG, "Dated too far ahead: rated at its receipt."),
  "error?": named("EventProblem"),
};

const sums = { steps: COUNT, unpriced: COUNT, cost: DECIMAL, charge: DECIMAL };
const totals = closed(sums);
const runTotals = closed({
  ...sums,
  "policies?": described(
    listOf(named("PolicyHit")),
    "Rules that the run, or one above it, was found beyond since it was let go on.",
  ),
});

const ingest = {
  EventResult: closed({
    index: COUNT,
    id: TEXT_OR_NULL,
    ...resultFields,
    "extra?": listOf(
      closed({ id: ANY_TEXT, ...resultFields }),
      "Further steps that one provider usage block stood for.",
    ),
    "unreadUsage?": listOf(
      ANY_TEXT,
      "Counts of `providerUsage` above zero that no rule reads: they are in no bucket, and cost " +
        "nothing. At most 20 are named.",
    ),
  }),
  Totals: totals,
  IngestAnswer: closed({
    results: listOf(named("EventResult")),
    runs: mapOf(runTotals, "Totals of each run with its children, after the commit."),
  }),
};

const charges = listOf(
  closed({
    charge: ANY_TEXT,
    cell: ANY_TEXT,
    amount: DECIMAL,
    inTrial: described(FLAG, "Free: the amount tells what it would have cost."),
  }),
);
const ownAndTree = closed({ own: named("Totals"), tree: named("Totals") });

const runFields: Record<string, JsonSchema> = {
  run: ANY_TEXT,
  customer: TEXT_OR_NULL,
  agent: TEXT_OR_NULL,
  status: oneOf(["open", ...RUN_ENDINGS, "abandoned"]),
  openedAt: TIME,
  closedAt: nullable(TIME),
  parentRun: TEXT_OR_NULL,
  labels: LABELS_OUT,
  authority: TEXT_OR_NULL,
  endUser: TEXT_OR_NULL,
  suspended: described(COUNT, "Events that wait for the run's customer."),
  "restating?": described(
    { const: true },
    "Its opening came behind its steps, and these take over what it states, part by part.",
  ),
  totals: ownAndTree,
  costCurrency: CURRENCY,
  chargeCurrency: nullable(CURRENCY),
  charges: described(charges, "What charges on runs took for this one."),
  corrections: listOf(
    closed({
      period: PERIOD,
      cap: described(DECIMAL, "Taken off above the run cap."),
      minimum: described(DECIMAL, "Missing to the run minimum."),
    }),
  ),
};

const runs = {
  RunSummary: closed(runFields),
  Outcome: closed({
    key: ANY_TEXT,
    outcome: ANY_TEXT,
    status: described(
      oneOf(OUTCOME_STATUSES),
      "provisional: not final, and charged nothing so far; recorded: final.",
    ),
    occurredAt: TIME,
    finalAt: described(nullable(TIME), "When it is final. Null: it was so at once."),
    charge: DECIMAL,
    charges,
  }),
  Step: closed({
    source: ANY_TEXT,
    id: ANY_TEXT,
    seq: COUNT,
    revision: COUNT,
    kind: oneOf(STEP_KINDS),
    provider: TEXT_OR_NULL,
    model: TEXT_OR_NULL,
    tool: TEXT_OR_NULL,
    tier: ANY_TEXT,
    status: oneOf(STEP_STATUSES),
    attempt: COUNT,
    completeness: oneOf(COMPLETENESS),
    role: oneOf(ROLES),
    payer: oneOf(PAYERS),
    voided: FLAG,
    callId: TEXT_OR_NULL,
    occurredAt: TIME,
    receivedAt: TIME,
    parentStep: TEXT_OR_NULL,
    usage: mapOf(DECIMAL),
    cost: DECIMAL,
    costStatus: oneOf(COST_STATUSES),
    charge: DECIMAL,
    charges,
    cardVersion: described(NUMBER_OR_NULL, "Id of the rate card version."),
    priceVersion: described(NUMBER_OR_NULL, "Id of the price version."),
    labels: LABELS_OUT,
  }),
  RunTree: closed({
    ...runFields,
    accrued: described(
      DECIMAL,
      "What its own charges and outcomes wait for, were it completed now.",
    ),
    "stepsRemoved?": described({ const: true }, "Its steps were removed; its totals stand."),
    outcomes: listOf(named("Outcome")),
    "steps?": described(listOf(named("Step")), "Left out where `steps` was false."),
    children: listOf(named("RunTree")),
  }),
  StepPage: closed({ run: ANY_TEXT, steps: listOf(named("Step")), next: TEXT_OR_NULL }),
  RunPage: closed({ runs: listOf(named("RunSummary")), next: TEXT_OR_NULL }),
  RunEventAnswer: closed({ result: closed(resultFields), run: nullable(named("RunSummary")) }),
};

const usage = {
  UsageReport: closed({
    groupBy: listOf(ANY_TEXT),
    rows: listOf(
      closed({
        group: mapOf(ANY_TEXT),
        steps: COUNT,
        unpriced: COUNT,
        inputTokens: DECIMAL,
        outputTokens: DECIMAL,
        cost: DECIMAL,
        charge: DECIMAL,
        accrued: described(DECIMAL, "Waits for runs to end or outcomes to be final; not charged."),
        chargeCurrency: described(nullable(CURRENCY), "Null: cards differ, and no one customer's."),
      }),
    ),
    costCurrency: CURRENCY,
    chargeCurrency: described(nullable(CURRENCY), "Null where cards differ in theirs."),
  }),
};

const heldEvent = closed({
  type: oneOf(EVENT_TYPES),
  occurredAt: TIME,
  kind: TEXT_OR_NULL,
  provider: TEXT_OR_NULL,
  model: TEXT_OR_NULL,
  tool: TEXT_OR_NULL,
  outcome: TEXT_OR_NULL,
  usage: nullable(mapOf(DECIMAL)),
});

const heldFields = { run: ANY_TEXT, source: ANY_TEXT, id: ANY_TEXT, receivedAt: TIME };
const conflictFields = {
  conflict: described(ANY_TEXT, "Its id in /v1/conflicts."),
  ...heldFields,
  settled: nullable(oneOf(["first", "second"])),
  second: described(heldEvent, "The record that is not counted."),
};

const held = {
  SuspendedPage: closed({
    events: listOf(closed({ ...heldFields, seq: COUNT, event: heldEvent })),
    next: NEXT,
  }),
  Conflict: closed(conflictFields),
  ConflictPage: closed({ conflicts: listOf(named("Conflict")), next: NEXT }),
};

const customers = {
  Customer: closed({
    customer: ANY_TEXT,
    name: TEXT_OR_NULL,
    timeZone: ANY_TEXT,
    anchorDay: COUNT,
    cardKey: described(TEXT_OR_NULL, "The card assigned last; null: the default card."),
    formerCards: listOf(closed({ cardKey: TEXT_OR_NULL, until: TIME }), "The cards before it."),
    startedAt: described(TIME, "From when trials and the first period count."),
    createdAt: TIME,
    parent: nullable(PARENT),
  }),
  Projection: closed({
    customer: ANY_TEXT,
    period: PERIOD,
    startsAt: TIME,
    endsAt: TIME,
    now: TIME,
    currency: CURRENCY,
    currentExact: described(DECIMAL, "Charged and booked so far, without the minimum."),
    accruedExact: described(DECIMAL, "Waits for runs to end or outcomes to be final; in no total."),
    elapsedShare: described(DECIMAL, "Of the period, cut to six places."),
    method: described({ const: "linear" }, "Charges so far × length / elapsed."),
    projectedCharges: nullable(DECIMAL),
    projectedTotal: described(
      nullable(DECIMAL),
      "With bookings as they are, filled up to the minimum, rounded; null where nothing elapsed.",
    ),
    commitments: listOf(named("Commitment"), "Where the customer's commitments stand."),
  }),
  CustomerPage: closed({ customers: listOf(named("Customer")), next: TEXT_OR_NULL }),
};

const workspaces = {
  Workspace: closed({
    workspace: ANY_TEXT,
    kind: described(oneOf(["production", "sandbox"]), "A sandbox has a clock of its own."),
    graceHours: described(COUNT, "Hours after its end before a period may be closed."),
    now: TIME,
  }),
  NewWorkspace: closed({
    workspace: named("Workspace"),
    key: named("ApiKey"),
    secret: described(ANY_TEXT, "Of an admin key of the new workspace; shown this once."),
  }),
  Clock: closed({ now: TIME, isTest: FLAG }),
  AdvancedClock: closed({ now: TIME, isTest: FLAG, abandonedRuns: COUNT, settledOutcomes: COUNT }),
};

const keys = {
  ApiKey: closed({
    id: ANY_TEXT,
    label: ANY_TEXT,
    scopes: listOf(oneOf(["ingest", "read", "admin"])),
    createdAt: TIME,
    revokedAt: nullable(TIME),
  }),
  ApiKeyList: closed({ keys: listOf(named("ApiKey")) }),
  NewApiKey: closed({
    key: named("ApiKey"),
    secret: described(ANY_TEXT, "Shown this once; only its digest is kept."),
  }),
};

const health = {
  Health: closed({
    status: oneOf(["ok", "draining", "store_unknown", "store_refused", "store_failed"]),
    version: ANY_TEXT,
    "detail?": described(ANY_TEXT, "What to do about it, where somebody must."),
  }),
};

/** Components of answers by name. */
export const ANSWER_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...problems,
  ...ingest,
  ...runs,
  ...usage,
  ...held,
  ...customers,
  ...workspaces,
  ...keys,
  ReceiptKey: closed({
    id: ANY_TEXT,
    algorithm: oneOf(["Ed25519"]),
    publicKey: described(ANY_TEXT, "SPKI in base64."),
    createdAt: TIME,
    retiredAt: nullable(TIME),
  }),
  ReceiptKeys: closed({ keys: listOf(named("ReceiptKey")) }),
  ...BUDGET_SCHEMAS,
  ...POLICY_SCHEMAS,
  ...STATEMENT_SCHEMAS,
  ...CORRECTION_SCHEMAS,
  ...MARGIN_SCHEMAS,
  ...health,
};
