/** Lines and sessions for tests of single requests. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing } from "../../engine/export/connector-port.ts";
import { type Answering, recordedSession } from "../recorded-session-contract.ts";
import { DAY_MS, START_MS, sentLine } from "../sample-line-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

export const KEY = "rk_test_51example";
export const EVENT = "agent runs (é)";

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
  return sentLine({ connector: stripeConnector, target, theirs: THEIRS }, some);
}

/** A session at Stripe, two days after the start. */
export function recording(target: ExportTarget, answers: Answering = () => ({})) {
  return recordedSession(target, { answers, nowMs: START_MS + 2 * DAY_MS, key: KEY });
}
