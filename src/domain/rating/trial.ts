/** Trials: which charges and fees are free at a customer's start, and until when. */
import { trialCell } from "../event/trial-cell.ts";
import type { MeteredQuantity } from "./meter.ts";
import type { Trial } from "./rate-card.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The instant at which a trial ends: whole days of 24 hours after the customer's start. */
export function trialEndMs({ days }: Trial, startedAtMs: number): number {
  return startedAtMs + days * DAY_MS;
}

/** An instant, and the start of the customer whose instant it is. */
export interface TrialInstant {
  readonly atMs: number;
  readonly startedAtMs: number;
}

/** Whether an instant is before the end of a card's trial: what is before the start is, too. */
export function isBeforeTrialEnd(
  trial: Trial | null,
  { atMs, startedAtMs }: TrialInstant,
): boolean {
  return trial !== null && atMs < trialEndMs(trial, startedAtMs);
}

/** Whether a trial frees a charge or fee (null: the whole card). */
export function coversKey({ charges }: Trial, key: string | null): boolean {
  return charges === null || (key !== null && charges.includes(key));
}

/** What was metered in a trial: what is free then stands in cells of its own. */
export function meteredInTrial(
  metered: readonly MeteredQuantity[],
  trial: Trial | null,
): readonly MeteredQuantity[] {
  if (trial === null) return metered;
  return metered.map((item) =>
    coversKey(trial, item.chargeKey) ? { ...item, cell: trialCell(item.cell) } : item,
  );
}
