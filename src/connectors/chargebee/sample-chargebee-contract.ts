/** Lines and sessions for tests of single requests. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, OutgoingAnswer } from "../../engine/export/connector-port.ts";
import { type Answering, recordedSession } from "../recorded-session-contract.ts";
import { DAY_MS, START_MS, sentLine } from "../sample-line-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";

export const SITE = "acme-test";
export const KEY = "test_example";
export const HOUR_MS = 3_600_000;
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
  return sentLine({ connector: chargebeeConnector, target, theirs: THEIRS }, some);
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
