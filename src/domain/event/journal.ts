/**
 * The journal: everything accepted that is not a step. Entries are never changed; rows that
 * change (a run's status, a customer's settings) can be rebuilt from them.
 */
export const JOURNAL_KINDS = [
  "run.opened",
  "run.closed",
  "run.abandoned",
  "run.condensed",
  "outcome.recorded",
  "outcome.reversed",
  "outcome.settled",
  "step.amended",
  "step.voided",
  "customer.saved",
  "card.applied",
  "prices.imported",
  "period.closed",
  "conflict.settled",
  "workspace.saved",
  "clock.advanced",
  "goodwill.given",
  "dispute.opened",
  "dispute.resolved",
  "credit_note.issued",
  "statement.voided",
  "statement.reissued",
  "opening.set",
  "invoice.imported",
  "cost.trued_up",
  "commitments.saved",
  "usage.rerated",
  "run.restated",
  "rates.imported",
  "budget.saved",
  "budget.retired",
  "budget.limit_set",
  "budget.recounted",
  "budget.stage_reached",
  "entitlements.saved",
  "policy.saved",
  "policy.reached",
  "work.stopped",
  "work.resumed",
  "credit.granted",
  "credit.refunded",
  "credit.transferred",
  "credit.ruled",
  "topup.requested",
  "topup.confirmed",
  "topup.refused",
  "credit.posted",
  "alert.told",
  "alert.look_due",
  "alert.looked",
  "alert.route_saved",
  "alert.route_removed",
  "budget.stages_armed",
  "key.created",
  "key.revoked",
  "act.signed",
  "change.proposed",
  "change.decided",
  "target.saved",
  "export.retried",
  "export.skipped",
  "retention.begun",
  "steps.removed",
  "parent.left",
  "parent.credited",
] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** One accepted event or act, never changed after. */
export interface JournalEntry {
  readonly seq: number;
  readonly kind: JournalKind;
  /** Identity of the event that made the entry; empty for administrative acts. */
  readonly run: string;
  readonly source: string;
  readonly id: string;
  readonly contentHash: string;
  readonly receivedAtMs: number;
  /** What was accepted, as JSON text. */
  readonly document: string;
}
