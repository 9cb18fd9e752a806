/** Lines and sessions for tests of single requests. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing } from "../../engine/export/connector-port.ts";
import { type Answering, recordedSession } from "../recorded-session-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

export const KEY = "rk_test_51example";
export const LINE_KEY = "0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a9b";
export const EVENT = "agent runs (é)";
export const START_MS = Date.UTC(2026, 10, 20);
export const DAY_MS = 86_400_000;
export const ONE = 10n ** 33n;

/** A target with names as they are here. */
export function targetOf(
  mode: ExportTarget["mode"],
  settings: Record<string, string>,
): ExportTarget {
  return {
    ...{ id: "billing", connector: "stripe", account: "live", mode, window: "day" },
    ...{ timeZone: "UTC", since: "2026-01-01", customers: { names: {}, others: "same" } },
    items: { names: {}, others: "same" },
    settings: { connectAccount: "acct_1", ...settings },
  };
}

/** Their names of what a line is about. */
export const THEIRS = { customer: { id: "cus_1" }, item: { id: EVENT } };

/** A line of 12.5 that was sent once; `some`: what differs. */
export function lineOf(target: ExportTarget, some: Partial<Freezing> = {}): ExportLine {
  const freezing: Freezing = {
    ...{ customer: "acme", item: "runs", period: "2026-11-01", revision: 0, mode: target.mode },
    window: { startMs: START_MS, endMs: START_MS + DAY_MS },
    ...{ value: (25n * ONE) / 2n, windowTotal: (25n * ONE) / 2n, unit: "USD" },
    ...{ description: "Runs & more: 100% (it's *new*!)", parts: [], earlier: [], takesBack: null },
    evidence: { source: "st_1", ledger: "12.5" },
    ...{ key: LINE_KEY, workspace: "w", plannedAtMs: 0, ...some },
  };
  const body = stripeConnector.freeze(freezing, THEIRS, target);
  return {
    ...freezing,
    ...{ target: "billing", no: 1, periodTotal: 0n, body, bodyHash: "", state: "in_flight" },
    ...{ version: 2, claim: "c", dueAtMs: 0, firstSentAtMs: START_MS, lastSentAtMs: START_MS },
    ...{ attempts: 1, attemptIds: [], isUnclear: false, plannedAtMs: 0, outcome: null, note: "" },
  };
}

/** A session at Stripe, two days after the start. */
export function recording(target: ExportTarget, answers: Answering = () => ({})) {
  return recordedSession(target, { answers, nowMs: START_MS + 2 * DAY_MS, key: KEY });
}
