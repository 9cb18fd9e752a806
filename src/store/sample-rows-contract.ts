/** Plain rows that the contract writes: each says only what its test is about. */

import type { ChargeShare, Step } from "../domain/event/step.ts";
import type { Amount, Quantity } from "../domain/money/decimal.ts";
import { counterOf } from "../domain/rating/counter.ts";
import type { RollupDelta } from "../domain/run/rollup.ts";
import { NO_TOTALS, newRun, type OutcomeState, type Run } from "../domain/run/run.ts";
import { CHAIN_START } from "../engine/commit/seal.ts";
import type {
  Call,
  Conflict,
  Customer,
  StoredCounter,
  Suspended,
  Witness,
  Writes,
} from "../engine/ports.ts";

export const amount = (units: bigint | number) => (BigInt(units) * 10n ** 33n) as Amount;
export const NOW_MS = Date.parse("2026-11-23T10:00:00Z");

const NOTHING: Writes = {
  steps: [],
  formerSteps: [],
  runs: [],
  formerRuns: [],
  formerOutcomes: [],
  customers: [],
  outcomes: [],
  counters: [],
  rollups: [],
  calls: [],
  freedCalls: [],
  witnesses: [],
  promoted: [],
  suspended: [],
  released: [],
  conflicts: [],
  adjustments: [],
  periods: [],
  statements: [],
  creditBooks: [],
  cards: [],
  prices: [],
  journal: [],
  balances: [],
  holds: [],
  overruns: [],
  limits: [],
  freedLimits: [],
  stops: [],
  lifted: [],
  budgets: [],
  link: null,
  sealedSteps: { texts: [], bytes: null },
  head: { lastSeq: 0, digest: CHAIN_START, committedAtMs: 0 },
};

/** A unit's writes, of which only what is given is not empty. */
export function writesOf(some: Partial<Writes>): Writes {
  return { ...NOTHING, ...some };
}

export function runRow(some: Partial<Run> & { readonly id: string }): Run {
  return { ...newRun(some.id, NOW_MS), customer: "acme", ...some };
}

export function stepRow(some: Partial<Step> & { readonly id: string }): Step {
  const shares = some.shares ?? [];
  return {
    run: "r1",
    source: "sdk",
    seq: 1,
    revision: 1,
    voided: false,
    amendedBy: null,
    contentHash: "1hash",
    customer: "acme",
    agent: null,
    namesAgent: false,
    overruled: false,
    parentStep: null,
    callId: null,
    hold: null,
    occurredAtMs: NOW_MS,
    receivedAtMs: NOW_MS,
    ratedAtMs: NOW_MS,
    period: "2026-11-01",
    kind: "model",
    status: "ok",
    completeness: "exact",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: null,
    model: null,
    tool: null,
    tier: "standard",
    labels: null,
    usage: new Map(),
    cardVersionId: null,
    priceVersionId: null,
    cost: amount(0),
    costStatus: "none",
    charge: sumOf(shares),
    shares,
    ...some,
  };
}

/** What shares come to: the charge of the step that has them. */
export function sumOf(shares: readonly ChargeShare[]): Amount {
  return shares.reduce((sum, share) => sum + share.amount, 0n) as Amount;
}

export function customerRow(some: Partial<Customer> & { readonly id: string }): Customer {
  const defaults = { name: null, timeZone: "UTC", anchorDay: 1, cardKey: null, formerCards: [] };
  return { ...defaults, startedAtMs: NOW_MS, createdAtMs: NOW_MS, parent: null, ...some };
}

export function outcomeRow(some: Partial<OutcomeState> & { readonly key: string }): OutcomeState {
  return {
    run: "r1",
    outcome: some.key,
    contentHash: "1hash",
    status: "recorded",
    seq: 1,
    sinceSeq: 1,
    occurredAtMs: NOW_MS,
    receivedAtMs: NOW_MS,
    customer: "acme",
    agent: null,
    period: "2026-11-01",
    cardVersionId: null,
    finalAtMs: null,
    charge: amount(0),
    shares: [],
    ending: null,
    ...some,
  };
}

export function counterRow(some: Partial<StoredCounter>): StoredCounter {
  return {
    customer: "acme",
    period: "2026-11-01",
    cardKey: "card",
    chargeKey: "tools",
    cell: "",
    counter: counterOf([], amount(0)),
    ...some,
  };
}

export function rollupRow(some: Partial<RollupDelta>): RollupDelta {
  return {
    ...NO_TOTALS,
    customer: "acme",
    period: "2026-11-01",
    agent: "",
    kind: "model",
    provider: "",
    model: "",
    tool: "",
    inputTokens: 0n as Quantity,
    outputTokens: 0n as Quantity,
    ...some,
  };
}

const KEPT = { run: "r1", source: "sdk", contentHash: "1hash", receivedAtMs: NOW_MS };

export function suspendedRow(some: Partial<Suspended> & { readonly id: string }): Suspended {
  return { ...KEPT, seq: 1, document: "{}", ...some };
}

export function conflictRow(some: Partial<Conflict> & { readonly seq: number }): Conflict {
  return { ...KEPT, id: "e1", document: "{}", settled: null, ...some };
}

export function journalRow(
  some: Partial<Writes["journal"][number]> & { readonly seq: number },
): Writes["journal"][number] {
  return { ...KEPT, kind: "run.closed", id: `e${some.seq}`, document: "{}", ...some };
}

export function callRow(some: Partial<Call> & { readonly callId: string }): Call {
  return { customer: "acme", run: "r1", source: "sdk", id: "e1", ...some };
}

export function witnessRow(some: Partial<Witness> & { readonly id: string }): Witness {
  const { run, source, receivedAtMs } = KEPT;
  const call = { customer: "acme", callId: "call" };
  return { ...call, run, source, seq: 1, receivedAtMs, document: "{}", ...some };
}

export function adjustmentRow(
  some: Partial<Writes["adjustments"][number]> & { readonly seq: number },
): Writes["adjustments"][number] {
  return {
    customer: "acme",
    bookedPeriod: "2026-11-01",
    originPeriod: "2026-10-01",
    cardKey: "card",
    chargeKey: "tools",
    cell: "",
    amount: amount(1),
    credits: null,
    reason: "late_event",
    run: "r1",
    source: "sdk",
    id: "e1",
    ...some,
  };
}

export function statementRow(
  some: Partial<Writes["statements"][number]> & { readonly id: string },
): Writes["statements"][number] {
  return {
    customer: "acme",
    period: "2026-10-01",
    currency: "USD",
    closedAtMs: NOW_MS,
    total: "12.50",
    document: '{"total":"12.50"}',
    digest: "ab",
    ...some,
  };
}
