/** Events as they are sent, for the OpenAPI document; the event reader is what judges them. */
import {
  COMPLETENESS,
  PAYERS,
  ROLES,
  RUN_ENDINGS,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import {
  BUCKETS_MAX_COUNT,
  EVENTS_PER_REQUEST_MAX_COUNT,
  LABELS_MAX_COUNT,
  METRIC_POINTS_MAX_COUNT,
} from "../../domain/limits.ts";
import {
  closed,
  described,
  FLAG,
  ID,
  type JsonSchema,
  listOf,
  named,
  nullable,
  oneOf,
  TEXT,
  TIME_SENT,
} from "../schema.ts";

const OPTIONAL_ID = nullable(ID);

/** Labels of a run or step. */
export const LABELS: JsonSchema = {
  type: ["object", "null"],
  maxProperties: LABELS_MAX_COUNT,
  additionalProperties: TEXT,
  description: "Free pairs that charges and reports can select by.",
};

const QUANTITY: JsonSchema = {
  anyOf: [
    { type: "number", minimum: 0, maximum: 1e15 },
    { type: "string", pattern: "^(0|[1-9][0-9]*)(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?$" },
  ],
  description: "A whole number, or a decimal with at most 9 places; text keeps every digit.",
};

const IDENTITY = {
  id: described(ID, "Identity with source and run: sending it again is always safe."),
  "source?": described(ID, "The capture path. (Default: api.)"),
  occurredAt: TIME_SENT,
};
const RUN = { run: described(ID, "The run's id.") };
const RUN_OR_NONE = described(OPTIONAL_ID, "Left out: the customer's standing run for that agent.");
const PLACE = { "customer?": OPTIONAL_ID, "agent?": OPTIONAL_ID, "parentRun?": OPTIONAL_ID };

function factsFor(usageFormats: readonly string[]): Record<string, JsonSchema> {
  return {
    kind: oneOf(STEP_KINDS),
    "provider?": OPTIONAL_ID,
    "model?": OPTIONAL_ID,
    "tool?": OPTIONAL_ID,
    "tier?": described(OPTIONAL_ID, "Service tier that the provider billed."),
    "status?": oneOf(STEP_STATUSES),
    "completeness?": oneOf(COMPLETENESS),
    "attempt?": { type: "integer", minimum: 1, maximum: 1000 },
    "payer?": oneOf(PAYERS, "Who pays the provider."),
    "role?": oneOf(ROLES),
    "usage?": {
      type: ["object", "null"],
      maxProperties: BUCKETS_MAX_COUNT,
      propertyNames: { pattern: "^[a-z][a-z0-9_]{0,49}$" },
      additionalProperties: QUANTITY,
      description: "Disjoint quantities by bucket or unit.",
    },
    "usageFormat?": oneOf(usageFormats, "Form of providerUsage."),
    "providerUsage?": { description: "The provider's usage object or whole response body." },
    "labels?": LABELS,
  };
}

const METRIC: JsonSchema = {
  type: "object",
  description:
    "A metric as OTLP writes it in JSON: a monotonic sum or a histogram, delta or cumulative, " +
    `of at most ${METRIC_POINTS_MAX_COUNT} points.`,
};

const typed = (type: string): { readonly type: JsonSchema } => ({ type: { const: type } });

/** Of the facts of a step it says those that follow from no point. */
function metricEvent(facts: Record<string, JsonSchema>): JsonSchema {
  const own = ["completeness?", "attempt?", "usage?", "usageFormat?", "providerUsage?"];
  const shared = Object.entries(facts).filter(([name]) => !own.includes(name));
  return closed({
    ...typed("metric"),
    id: described(ID, "Names the process that counts: its points have ids below it."),
    "source?": IDENTITY["source?"],
    "run?": RUN_OR_NONE,
    ...PLACE,
    "parentStep?": OPTIONAL_ID,
    ...Object.fromEntries(shared),
    metric: METRIC,
  });
}

const TARGET = closed({ "source?": ID, id: ID }, "The step that is corrected.");

/** Components of all event types; `usageFormats` are those that this server maps. */
export function eventSchemas(usageFormats: readonly string[]): Record<string, JsonSchema> {
  const facts = factsFor(usageFormats);
  const variants: Record<string, JsonSchema> = {
    StepEvent: closed({
      "type?": { const: "step" },
      ...IDENTITY,
      "run?": RUN_OR_NONE,
      ...PLACE,
      "parentStep?": OPTIONAL_ID,
      "callId?": described(OPTIONAL_ID, "Unique within the customer: one call counts once."),
      "hold?": OPTIONAL_ID,
      "arguments?": { description: "What was called with: made into a digest, and dropped." },
      "callHash?": described(OPTIONAL_ID, "Your own digest of the call and its arguments."),
      ...facts,
    }),
    MetricEvent: metricEvent(facts),
    RunOpenedEvent: closed({
      ...typed("run.opened"),
      ...IDENTITY,
      ...RUN,
      ...PLACE,
      "labels?": LABELS,
      "authority?": described(OPTIONAL_ID, "The one source whose steps bill."),
      "endUser?": described(OPTIONAL_ID, "Whom it works for. Nobody is billed by it."),
    }),
    RunClosedEvent: closed({
      ...typed("run.closed"),
      ...IDENTITY,
      ...RUN,
      "ending?": oneOf(RUN_ENDINGS),
    }),
    OutcomeRecordedEvent: closed({
      ...typed("outcome.recorded"),
      ...IDENTITY,
      ...RUN,
      outcome: ID,
      "key?": OPTIONAL_ID,
      "final?": described(FLAG, "Final now, whatever the window of its charge. (Default: false.)"),
    }),
    OutcomeReversedEvent: closed({
      ...typed("outcome.reversed"),
      ...IDENTITY,
      ...RUN,
      key: ID,
      "reason?": nullable(TEXT),
    }),
    StepAmendedEvent: closed({
      ...typed("step.amended"),
      ...IDENTITY,
      ...RUN,
      target: TARGET,
      "reason?": nullable(TEXT),
      ...facts,
    }),
    StepVoidedEvent: closed({
      ...typed("step.voided"),
      ...IDENTITY,
      ...RUN,
      target: TARGET,
      "reason?": nullable(TEXT),
    }),
  };
  return { ...variants, Event: { anyOf: Object.keys(variants).map(named) } };
}

/** A request of events. */
export const EVENT_LIST: JsonSchema = {
  ...listOf(named("Event")),
  maxItems: EVENTS_PER_REQUEST_MAX_COUNT,
};
