/**
 * A step as the store keeps it: the facts that count now, what they cost and what they charge.
 * Earlier revisions stay in the store; the difference between two revisions is booked, the
 * current one is what every total selects.
 */
import type { Amount } from "../money/decimal.ts";
import type { Completeness, Identity, Labels, StepEvent, StepFacts } from "./event.ts";
import { COMPLETENESS } from "./event.ts";
import { maximumUsage, usageEquals } from "./usage.ts";

/**
 * `priced`: every quantity has a price. `partial`: some have. `unpriced`: none has.
 * `none`: there is nothing to price. A step before its customer's first card has no charge lines.
 */
export type CostStatus = "priced" | "partial" | "unpriced" | "none";

/** One charge's share of a step: f(n+q) − f(n) in commit order. */
export interface ChargeShare {
  readonly chargeKey: string;
  /** Matrix cell, or "". */
  readonly cell: string;
  readonly amount: Amount;
}

/** One revision of a step, with what it costs and charges. */
export interface Step extends Identity, StepFacts {
  /** Place in the workspace's commit order of the write that made this revision. */
  readonly seq: number;
  readonly revision: number;
  readonly voided: boolean;
  /** Identity key of the amendment in force, ordered by (occurredAt, id); null: none. */
  readonly amendedBy: string | null;
  readonly contentHash: string;
  readonly customer: string;
  readonly agent: string | null;
  /** Whether it named its agent itself: what it inherits follows the opening of its run. */
  readonly namesAgent: boolean;
  /** A shadow that said that it bills: another source does in its run, or another step its call. */
  readonly overruled: boolean;
  readonly parentStep: string | null;
  readonly callId: string | null;
  readonly hold: string | null;
  /** See `StepEvent`; left out where nobody sent it. */
  readonly callHash?: string;
  /** Labels that its hold was asked for: `labels` has those of each name that it left out. */
  readonly heldLabels?: Labels;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  /** The instant that selects prices, card version and period. */
  readonly ratedAtMs: number;
  /** Key of the billing period, its start date. */
  readonly period: string;
  readonly cardVersionId: number | null;
  readonly priceVersionId: number | null;
  readonly cost: Amount;
  readonly costStatus: CostStatus;
  readonly charge: Amount;
  readonly shares: readonly ChargeShare[];
}

/**
 * The labels of a step: those that it states, and of each name that it leaves out what its hold
 * states. `heldLabels` is the same object as `labels` where the step adds nothing to it.
 */
export function labelsWithHeld(
  stated: Labels | null,
  held: Labels | undefined,
): Pick<Step, "labels" | "heldLabels"> {
  if (held === undefined) return { labels: stated };
  const all = { ...held, ...stated };
  const isHeld = Object.entries(all).every(([name, value]) => {
    return Object.hasOwn(held, name) && held[name] === value;
  });
  if (isHeld) return { labels: held, heldLabels: held };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  return { labels: Object.fromEntries(sorted), heldLabels: held };
}

/** What the arrival of a record means for the record of the same identity that is stored. */
export type Arrival =
  | { readonly kind: "duplicate" }
  /** Less complete than what is stored: kept out. */
  | { readonly kind: "stale" }
  | { readonly kind: "supersede"; readonly facts: StepFacts; readonly contentHash: string }
  | { readonly kind: "conflict" };

/** What the decision needs to know of the record that is kept: counted or in suspense. */
export type Kept = StepFacts & Pick<Step, "contentHash" | "voided" | "amendedBy">;

function rank(completeness: Completeness): number {
  return COMPLETENESS.indexOf(completeness);
}

/**
 * Decides between two records of one identity, by an order that arrival cannot change: the more
 * complete one stands; two equally incomplete ones join by the larger quantity of each bucket,
 * their other facts coming from the record with the larger content hash; of two exact ones the
 * first stays and the other is a conflict.
 */
export function decideArrival(stored: Kept, arrived: StepEvent): Arrival {
  if (stored.contentHash === arrived.contentHash) return { kind: "duplicate" };
  // A voided or amended step keeps what a person decided, whatever arrives late.
  if (stored.voided || stored.amendedBy !== null) return { kind: "stale" };
  const order = rank(arrived.completeness) - rank(stored.completeness);
  if (order < 0) return { kind: "stale" };
  if (order > 0) return { kind: "supersede", facts: arrived, contentHash: arrived.contentHash };
  if (stored.completeness === "exact") return { kind: "conflict" };
  const usage = maximumUsage(stored.usage, arrived.usage);
  const arrivedLeads = arrived.contentHash > stored.contentHash;
  const leader: StepFacts = arrivedLeads ? arrived : stored;
  if (!arrivedLeads && usageEquals(usage, stored.usage)) return { kind: "stale" };
  const contentHash = arrivedLeads ? arrived.contentHash : stored.contentHash;
  return { kind: "supersede", facts: { ...leader, usage }, contentHash };
}
