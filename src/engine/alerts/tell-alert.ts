/**
 * Alerts that no other entry of the journal tells: written by the unit of work that caused them.
 * A state of affairs is told when it begins and noted when it is over, so it is told once until
 * then; what has no end, such as a missing price, is told once a day.
 */
import type { AlertType } from "../../domain/alert/alert.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { Store } from "../ports.ts";

/** What is told. */
export interface TellingAlert {
  readonly type: AlertType;
  readonly customer: string | null;
  /** What it is about, beside its type: two of one subject are the same state of affairs. */
  readonly about: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}

/** How an `alert.told` says it. */
export interface ToldDocument extends Readonly<Record<string, unknown>> {
  readonly type: AlertType;
  readonly customer: string | null;
  readonly state: "raised" | "cleared";
}

/** The subject that acts about a state of affairs are found by. */
export function alertSubject(about: readonly string[]): string {
  return JSON.stringify(about);
}

/** Puts an alert on record, or that its cause is gone. */
export function tellAlert(
  state: Pick<BatchState, "record">,
  { type, customer, about, facts }: TellingAlert,
  now: ToldDocument["state"] = "raised",
): void {
  const document: ToldDocument = { type, customer, state: now, ...facts };
  const id = alertSubject(about);
  const identity = { run: "", source: "alert.told", id, contentHash: "" };
  state.record("alert.told", identity, JSON.stringify(document));
}

const DAY_CHARS = "2026-11-26".length;
/** Workspaces' days and subjects that are known to be told, before the memory starts afresh. */
const REMEMBERED_MAX_COUNT = 10_000;
const told = new WeakMap<Store, Set<string>>();

/** Tells of usage without a price: each provider and model or tool once a day (UTC). */
export async function tellUnknownPrices(
  store: Store,
  workspace: string,
  state: BatchState,
): Promise<void> {
  if (state.unpriced.size === 0) return;
  const day = new Date(state.receivedAtMs).toISOString().slice(0, DAY_CHARS);
  const known = told.get(store) ?? new Set<string>();
  told.set(store, known);
  for (const { customer, run, kind, provider, subject } of state.unpriced.values()) {
    const about = ["price.unknown", provider, subject];
    const key = JSON.stringify([workspace, day, ...about]);
    if (known.has(key)) continue;
    const last = await store.lastAct(workspace, "alert.told", alertSubject(about));
    const lastDay = last === undefined ? "" : (JSON.parse(last.document) as { day: string }).day;
    if (lastDay === day) {
      // Only what is on disk is remembered: this unit may yet fail.
      if (known.size >= REMEMBERED_MAX_COUNT) known.clear();
      known.add(key);
      continue;
    }
    const facts = { day, provider, subject, kind, run };
    tellAlert(state, { type: "price.unknown", customer, about, facts });
  }
}
