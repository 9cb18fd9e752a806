/** Arbitrary rows of every kind, to the edge of each type, to be sent there and back. */
import fc from "fast-check";
import { anyCodePoint } from "../domain/code-points-contract.ts";
import {
  COMPLETENESS,
  PAYERS,
  ROLES,
  RUN_ENDINGS,
  STEP_KINDS,
  STEP_STATUSES,
} from "../domain/event/event.ts";
import { JOURNAL_KINDS } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import { usageOf } from "../domain/event/usage.ts";
import type { Amount, Factor, Quantity } from "../domain/money/decimal.ts";
import { ADJUSTMENT_REASONS } from "../domain/period/records.ts";
import { counterOf } from "../domain/rating/counter.ts";
import { OUTCOME_STATUSES, type OutcomeState, type Run } from "../domain/run/run.ts";
import { sumOf } from "./sample-rows-contract.ts";

/** Ids that look like something else to a store, a driver or a language. */
const ODD_IDS = [
  ...["0", "-1", "1e3", "007", "NULL", "null", "true", "__proto__", "constructor", " ", " a ", '"'],
  ...["'", "''", "\\", "{}", "{a,b}", "a,b", "a=b", "a:b", "%", "_", "?", "$1", ":a", "--", "/*"],
  ...[
    "é",
    "e\u0301",
    "ß",
    "İ",
    "漢字",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "\uffff",
    "\ufeff",
    "\u202e",
    "\u0080",
  ],
  ...["550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"],
  ...["550e8400e29b41d4a716446655440000", "{550e8400-e29b-41d4-a716-446655440000}"],
];

/** Records as code writes them; fast-check also makes objects without a prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const isLegal = (text: string) =>
  text.isWellFormed() && [...text].every((at) => at >= " " && at !== "\u007f");

/** Whatever the reader of events lets through as an id. */
export const anyId: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_IDS),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter(isLegal),
  fc.string({ unit: anyCodePoint, minLength: 1, maxLength: 20 }).filter(isLegal),
  fc.constantFrom("x", "漢").map((letter) => letter.repeat(200)),
);

/** Texts that come back from JSON documents may hold what no id may. */
const anyText = fc
  .string({ unit: anyCodePoint, maxLength: 20 })
  .filter((text) => text.isWellFormed());
/** Documents are JSON text, which holds no control character as it is. */
const anyDocument = anyText.map((text) => JSON.stringify({ text }));
const optionalId = fc.option(anyId);
/** Sums may be far beyond a single product, and below zero. */
const anyFactor = fc.bigInt({ min: 1n, max: 10n ** 12n }) as fc.Arbitrary<Factor>;
export const anyAmount = fc.oneof(
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
  fc.bigInt({ min: -(10n ** 75n), max: 10n ** 75n }),
  fc.constantFrom(0n, 1n, -1n, 10n ** 33n, 10n ** 62n - 1n),
) as fc.Arbitrary<Amount>;
const anyQuantity = fc.bigInt({ min: 1n, max: 10n ** 24n }) as fc.Arbitrary<Quantity>;
export const anyCount = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const anyInstant = anyCount;
const anyPlace = fc.tuple(anyInstant, anyId, anyId).map((parts) => parts.join("\u001e"));
const anyLabels = fc.option(fc.dictionary(anyId, anyText, { maxKeys: 4, noNullPrototype: true }));
const anyPeriod = fc.constantFrom("2026-11-01", "2026-12-01", "2000-01-31");
const anyUsage = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_]{0,49}$/), anyQuantity), { maxLength: 5 })
  .map((entries) => usageOf(new Map(entries)));
const anyShares = fc.uniqueArray(
  record({ chargeKey: anyId, cell: fc.oneof(fc.constant(""), anyId), amount: anyAmount }),
  { maxLength: 3, selector: ({ chargeKey, cell }) => JSON.stringify([chargeKey, cell]) },
);
const anyTotals = record({
  steps: anyCount,
  unpriced: anyCount,
  cost: anyAmount,
  charge: anyAmount,
});

const anyEnding = fc.constantFrom(null, ...RUN_ENDINGS, "abandoned" as const);
const anyRating = fc.option(
  record({
    cardVersionId: anyCount,
    period: anyPeriod,
    agent: optionalId,
    labels: anyLabels,
    ending: anyEnding,
    inTrial: fc.boolean(),
    counted: fc.boolean(),
    shares: anyShares,
    left: fc.array(
      record({
        ...{ period: anyPeriod, cardVersionId: anyCount },
        ...{ chargeKey: anyId, cell: anyId, amount: anyAmount },
      }),
      { maxLength: 2 },
    ),
  }),
);

const anyCharges = fc.uniqueArray(record({ period: anyPeriod, charge: anyAmount }), {
  maxLength: 3,
  selector: ({ period }) => period,
});

/** A run bound to a customer, as its steps need it. */
export const anyRun: fc.Arbitrary<Run & { readonly customer: string }> = record({
  id: anyId,
  sinceSeq: anyCount,
  customer: anyId,
  agent: optionalId,
  parent: optionalId,
  height: fc.nat(31),
  standing: fc.boolean(),
  status: fc.constantFrom("open", "completed", "failed", "cancelled", "abandoned"),
  opened: fc.boolean(),
  openedAtMs: anyInstant,
  head: anyPlace,
  agentHead: fc.oneof(fc.constant(""), anyPlace),
  closedAtMs: fc.option(anyInstant),
  closedBy: fc.oneof(fc.constant(""), anyPlace),
  lastSeenAtMs: anyInstant,
  labels: anyLabels,
  authority: optionalId,
  endUser: optionalId,
  suspended: anyCount,
  own: anyTotals,
  tree: anyTotals,
  rating: anyRating,
  endedAtMs: fc.option(anyInstant),
  chargedIn: anyCharges,
  restating: fc.option(record({ opened: fc.boolean(), agent: optionalId })),
  corrections: fc.array(
    record({
      period: anyPeriod,
      cardVersionId: anyCount,
      agent: optionalId,
      cap: anyAmount,
      minimum: anyAmount,
    }),
    { maxLength: 3 },
  ),
});

/** A step of a run. */
export const anyStep = ({ id: run, customer }: Run & { readonly customer: string }) =>
  record({
    source: anyId,
    id: anyId,
    seq: anyCount,
    revision: anyCount,
    voided: fc.boolean(),
    amendedBy: fc.option(anyPlace),
    contentHash: anyId,
    agent: optionalId,
    namesAgent: fc.boolean(),
    overruled: fc.boolean(),
    parentStep: optionalId,
    callId: optionalId,
    hold: optionalId,
    occurredAtMs: anyInstant,
    receivedAtMs: anyInstant,
    ratedAtMs: anyInstant,
    period: anyPeriod,
    kind: fc.constantFrom(...STEP_KINDS),
    status: fc.constantFrom(...STEP_STATUSES),
    completeness: fc.constantFrom(...COMPLETENESS),
    attempt: anyCount,
    payer: fc.constantFrom(...PAYERS),
    role: fc.constantFrom(...ROLES),
    provider: optionalId,
    model: optionalId,
    tool: optionalId,
    tier: anyId,
    labels: anyLabels,
    held: fc.oneof(fc.constant("own"), anyLabels),
    usage: anyUsage,
    cardVersionId: fc.option(anyCount),
    priceVersionId: fc.option(anyCount),
    cost: anyAmount,
    costStatus: fc.constantFrom("priced", "partial", "unpriced", "none"),
    shares: anyShares,
  }).map(({ held, ...step }): Step => {
    const overruled = step.overruled && step.role === "shadow";
    const heldLabels = held === "own" ? step.labels : held;
    const made = { ...step, overruled, run, customer, charge: sumOf(step.shares) };
    return heldLabels === null ? made : { ...made, heldLabels };
  });

const identity = { run: anyId, source: anyId, id: anyId };
const arrival = { seq: anyCount, receivedAtMs: anyInstant, document: anyDocument };
const hashed = { contentHash: anyId, ...arrival };
const keyed = { customer: anyId, period: anyPeriod, cardKey: anyId, chargeKey: anyId, cell: anyId };

const anyCounter = record({
  segments: fc.array(
    record({ cardVersionId: anyCount, quantity: fc.bigInt({ min: 1n, max: 10n ** 70n }) }),
    { maxLength: 3 },
  ),
  amount: anyAmount,
}).map(({ segments, amount }) => counterOf(segments, amount));

/** One row of every kind that no other row of the unit has to fit. */
export const anyRows = record({
  customer: record({
    id: anyId,
    name: optionalId,
    timeZone: fc.constantFrom("UTC", "America/St_Johns"),
    anchorDay: fc.integer({ min: 1, max: 31 }),
    cardKey: optionalId,
    formerCards: fc.array(record({ cardKey: optionalId, untilMs: anyInstant }), { maxLength: 3 }),
    startedAtMs: anyInstant,
    createdAtMs: anyInstant,
    parent: fc.option(
      record({
        id: anyId,
        pays: fc.boolean(),
        credit: fc.constantFrom("own", "own_first", "parent_first"),
      }),
    ),
  }),
  counter: record({ ...keyed, counter: anyCounter }),
  rollup: record({
    customer: anyId,
    period: anyPeriod,
    agent: anyId,
    kind: anyId,
    provider: anyId,
    model: anyId,
    tool: anyId,
    steps: anyCount,
    unpriced: anyCount,
    cost: anyAmount,
    charge: anyAmount,
    inputTokens: anyQuantity,
    outputTokens: anyQuantity,
  }),
  call: record({ ...identity, customer: anyId, callId: anyId }),
  witness: record({ ...identity, ...arrival, customer: anyId, callId: anyId }),
  suspended: record({ ...identity, ...hashed }),
  conflict: record({
    ...identity,
    ...hashed,
    settled: fc.constantFrom("first", "second", null),
  }),
  adjustment: record({
    ...identity,
    seq: anyCount,
    customer: anyId,
    bookedPeriod: anyPeriod,
    originPeriod: anyPeriod,
    cardKey: anyId,
    chargeKey: anyId,
    cell: anyId,
    amount: anyAmount,
    credits: fc.option(record({ name: anyId, price: anyFactor, amount: anyAmount })),
    reason: fc.constantFrom(...ADJUSTMENT_REASONS),
  }),
  period: record({
    customer: anyId,
    period: anyPeriod,
    closedAtMs: anyInstant,
    statementId: anyId,
  }),
  statement: record({
    id: anyId,
    customer: anyId,
    period: anyPeriod,
    currency: fc.constantFrom("USD", "JPY"),
    closedAtMs: anyInstant,
    total: fc.constantFrom("0.00", "-12.50", "99999999999999999999.10"),
    document: anyId,
    digest: anyId,
  }),
  journal: record({ ...identity, ...hashed, kind: fc.constantFrom(...JOURNAL_KINDS) }),
});

/** An outcome of a run. */
export const anyOutcome = ({ id: run, customer }: Run & { readonly customer: string }) =>
  record({
    key: anyId,
    outcome: anyId,
    contentHash: anyId,
    status: fc.constantFrom(...OUTCOME_STATUSES),
    finalAtMs: fc.option(anyInstant),
    seq: anyCount,
    sinceSeq: anyCount,
    occurredAtMs: anyInstant,
    receivedAtMs: anyInstant,
    agent: optionalId,
    period: anyPeriod,
    cardVersionId: fc.option(anyCount),
    charge: anyAmount,
    shares: anyShares,
    ending: anyEnding,
  }).map((outcome): OutcomeState => ({ ...outcome, run, customer }));
