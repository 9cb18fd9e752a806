/** Lines and sessions for tests of single requests. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, OutgoingAnswer } from "../../engine/export/connector-port.ts";
import { type Answering, recordedSession } from "../recorded-session-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";

export const SITE = "acme-test";
export const KEY = "test_example";
export const LINE_KEY = "0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a9b";
export const START_MS = Date.UTC(2026, 10, 20);
export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const ONE = 10n ** 33n;
/** Their names of what a line is about. */
export const THEIRS = {
  customer: { id: "sub 1é", customer: "cb_acme" },
  item: { id: "runs-USD-Monthly", taxProfile: "tp_1" },
};

/** A target with names as they are here. */
export function targetOf(
  mode: ExportTarget["mode"],
  settings: Readonly<Record<string, string>>,
): ExportTarget {
  return {
    ...{ id: "billing", connector: "chargebee", account: "live", mode, window: "day" },
    ...{ timeZone: "UTC", since: "2026-01-01", settings: { site: SITE, ...settings } },
    customers: { names: { acme: THEIRS.customer }, others: "refuse" },
    items: { names: { runs: THEIRS.item }, others: "refuse" },
  };
}

export const USAGES = targetOf("usage", { closesAfterHours: "48" });
export const EVENTS = targetOf("usage", { api: "events" });
export const CHARGES = targetOf("rated", { currency: "USD" });
export const STATEMENTS = targetOf("statement", { currency: "USD" });

/** A line of 12.5 that was sent once; `some`: what differs. */
export function lineOf(target: ExportTarget, some: Partial<Freezing> = {}): ExportLine {
  const freezing: Freezing = {
    ...{ customer: "acme", item: "runs", period: "2026-11-01", revision: 0, mode: target.mode },
    window: { startMs: START_MS, endMs: START_MS + DAY_MS },
    ...{ value: (25n * ONE) / 2n, windowTotal: (25n * ONE) / 2n, unit: "USD" },
    ...{ description: "Runs & more: 100% (it's *new*!)", parts: [], earlier: [], takesBack: null },
    evidence: { source: "st_1", ledger: "12.5" },
    ...{ key: LINE_KEY, workspace: "w", plannedAtMs: START_MS, ...some },
  };
  const body = chargebeeConnector.freeze(freezing, THEIRS, target);
  return {
    ...freezing,
    ...{ target: "billing", no: 1, periodTotal: 0n, body, bodyHash: "", state: "in_flight" },
    ...{ version: 2, claim: "c", dueAtMs: 0, firstSentAtMs: START_MS, lastSentAtMs: START_MS },
    ...{ attempts: 1, attemptIds: [], isUnclear: false, outcome: null, note: "" },
  };
}

/** A session at Chargebee. (Default: an hour after the lines' day.) */
export function recording(
  target: ExportTarget,
  answers: Answering = () => ({ list: [] }),
  nowMs = START_MS + DAY_MS + HOUR_MS,
) {
  return recordedSession(target, { answers, nowMs, key: KEY });
}

/** An answer of an error. */
export function errorAnswer(status: number, code: string, message = ""): OutgoingAnswer {
  return { status, headers: {}, body: JSON.stringify({ message, api_error_code: code }) };
}
