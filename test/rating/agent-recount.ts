/** Counts what recorded runs did, from their events as they were sent and by nothing else. */
import assert from "node:assert/strict";
import { Decimal } from "decimal.js";

/** An event on the wire, as far as it is counted. */
export interface Sent {
  readonly type?: string;
  readonly run: string;
  readonly id: string;
  readonly source?: string;
  readonly customer?: string;
  readonly occurredAt: string;
  readonly kind?: string;
  readonly status?: string;
  readonly tool?: string;
  readonly attempt?: number;
  readonly callId?: string;
  readonly outcome?: string;
  readonly ending?: string;
  readonly usage?: Readonly<Record<string, unknown>>;
}

/** What one customer did in one month. */
export interface CountedPeriod {
  runs: number;
  completedRuns: number;
  okTools: number;
  /** Successful calls by tool. */
  readonly tools: Map<string, number>;
  firstCalls: number;
  seconds: Decimal;
  outcomes: number;
  /** Outcomes of runs that completed. */
  keptOutcomes: number;
}

/** What all of them did. */
export interface Counted {
  readonly periods: readonly CountedPeriod[];
  failedTools: number;
  failedRuns: number;
}

/** Counts runs; no event may come twice, but a call may have several witnesses. */
export function countAgain(runs: readonly (readonly Sent[])[]): Counted {
  const periods = new Map<string, CountedPeriod>();
  const calls = new Set<string>();
  const counted = { failedTools: 0, failedRuns: 0 };
  for (const events of runs) {
    assert.equal(new Set(events.map(({ source, id }) => `${source} ${id}`)).size, events.length);
    const customer = events.find((event) => event.type === "run.opened")?.customer ?? "";
    const ending = events.find(({ type }) => type === "run.closed")?.ending;
    if (ending === "failed") counted.failedRuns += 1;
    for (const event of events) {
      const call = event.callId === undefined ? undefined : `${customer} ${event.callId}`;
      if (call !== undefined && calls.has(call)) continue;
      if (call !== undefined) calls.add(call);
      const month = `${customer} ${new Date(event.occurredAt).toISOString().slice(0, 7)}`;
      const period = periods.get(month) ?? nothing();
      periods.set(month, period);
      if (event.kind === "tool" && event.status !== "ok") counted.failedTools += 1;
      count(period, event, ending === "completed");
    }
  }
  return { periods: [...periods.values()], ...counted };
}

function nothing(): CountedPeriod {
  const counts = { runs: 0, completedRuns: 0, okTools: 0, firstCalls: 0, outcomes: 0 };
  return { ...counts, keptOutcomes: 0, tools: new Map(), seconds: new Decimal(0) };
}

function count(period: CountedPeriod, event: Sent, isCompleted: boolean): void {
  const { type = "step", kind, status = "ok", tool = "", attempt = 1, usage } = event;
  if (type === "run.opened") period.runs += 1;
  if (type === "run.opened" && isCompleted) period.completedRuns += 1;
  if (type === "outcome.recorded") period.outcomes += 1;
  if (type === "outcome.recorded" && isCompleted) period.keptOutcomes += 1;
  if (kind === "model" && attempt === 1) period.firstCalls += 1;
  if (kind === "compute") period.seconds = period.seconds.plus(String(usage?.seconds));
  if (kind !== "tool" || status !== "ok") return;
  period.okTools += 1;
  period.tools.set(tool, (period.tools.get(tool) ?? 0) + 1);
}
