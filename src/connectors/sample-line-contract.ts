/** A line that was sent once: for tests of a connector's single requests. */
import type { ExportLine } from "../domain/export/export-line.ts";
import type { ExportTarget } from "../domain/export/target.ts";
import type { Connector, Freezing, Theirs } from "../engine/export/connector-port.ts";

export const LINE_KEY = "0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a9b";
export const START_MS = Date.UTC(2026, 10, 20);
export const DAY_MS = 86_400_000;
export const ONE = 10n ** 33n;

/** Whose line it is, and what that is called there. */
export interface LineOwner {
  readonly connector: Connector;
  readonly target: ExportTarget;
  readonly theirs: Theirs;
}

/** A line of 12.5 of a day; `some`: what differs. */
export function sentLine(
  { connector, target, theirs }: LineOwner,
  some: Partial<Freezing> = {},
): ExportLine {
  const freezing: Freezing = {
    ...{ customer: "acme", item: "runs", period: "2026-11-01", revision: 0, mode: target.mode },
    window: { startMs: START_MS, endMs: START_MS + DAY_MS },
    ...{ value: (25n * ONE) / 2n, windowTotal: (25n * ONE) / 2n, unit: "USD" },
    ...{ description: "Runs & more: 100% (it's *new*!)", parts: [], earlier: [], takesBack: null },
    evidence: { source: "st_1", ledger: "12.5" },
    ...{ key: LINE_KEY, workspace: "w", plannedAtMs: START_MS, ...some },
  };
  const body = connector.freeze(freezing, theirs, target);
  return {
    ...freezing,
    ...{ target: "billing", no: 1, periodTotal: 0n, body, bodyHash: "", state: "in_flight" },
    ...{ version: 2, claim: "c", dueAtMs: 0, firstSentAtMs: START_MS, lastSentAtMs: START_MS },
    ...{ attempts: 1, attemptIds: [], isUnclear: false, outcome: null, note: "" },
  };
}
