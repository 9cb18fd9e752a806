/**
 * A hold: what is set aside before a step starts, for that step's identity.
 *
 *   open ──► settled     the step was recorded, by whatever route
 *    └─────► released    the step will not be made
 *
 * Expiry moves no hold out of `open`: a call whose caller fell silent may still be running and
 * cost money. An expired hold is in quarantine and goes on counting until the quarantine ends;
 * then its step is taken to have used it all, as an estimate that the real record supersedes, or,
 * where the caller said so, it is released.
 */
import type { Identity } from "../event/event.ts";
import type { Amount } from "../money/decimal.ts";
import type { BalanceKey } from "./budget.ts";

/** Every state of a hold. */
export const HOLD_STATES = ["open", "settled", "released"] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** What becomes of a hold whose step nobody records: it is taken as used, or let go. */
export const EXPIRIES = ["estimate", "release"] as const;
export type Expiry = (typeof EXPIRIES)[number];

/** A part of a hold: what it sets aside of one balance, in the measure's scale. */
export interface Reserve extends BalanceKey {
  readonly amount: bigint;
}

/** A hold as it is kept. */
export interface Hold extends Identity {
  readonly holdId: string;
  readonly state: HoldState;
  readonly customer: string;
  /** The call that will settle it, where it was known before. */
  readonly callId: string | null;
  /** Digest of what was asked: the same again is answered the same. */
  readonly contentHash: string;
  readonly grantedAtMs: number;
  readonly expiresAtMs: number;
  readonly onExpiry: Expiry;
  /** Worst case of the step. */
  readonly cost: Amount;
  readonly charge: Amount;
  readonly currency: string | null;
  /** Most output tokens that it allows; null: the step has none. */
  readonly maxOutputTokens: number | null;
  readonly isClamped: boolean;
  /** Fixed when it was granted: later budgets and windows do not move it. */
  readonly reserves: readonly Reserve[];
  /** The step as it is taken to be should nobody record it, as text of event/codec.ts. */
  readonly document: string;
  readonly endedAtMs: number | null;
  /** The step that settled it: its own, or another witness of its call. Null: none has. */
  readonly settledBy: Identity | null;
}

/** What a hold sets aside of a budget's balances by their scope; 0 of those that it is not in. */
export function reservedBy({ reserves }: Hold): (budgetId: number, scope: string) => bigint {
  const byBudget = new Map<number, Map<string, bigint>>();
  for (const { budgetId, scope, amount } of reserves) {
    const known = byBudget.get(budgetId);
    if (known === undefined) byBudget.set(budgetId, new Map([[scope, amount]]));
    // What is held of credit for single charges stands behind the whole.
    else if (!known.has(scope)) known.set(scope, amount);
  }
  return (budgetId, scope) => byBudget.get(budgetId)?.get(scope) ?? 0n;
}

/** Whether a hold counts. */
export function isCounting({ state }: Pick<Hold, "state">): boolean {
  return state === "open";
}

/** Whether a hold has expired and counts until its quarantine ends. */
export function isQuarantined(hold: Pick<Hold, "state" | "expiresAtMs">, nowMs: number): boolean {
  return isCounting(hold) && nowMs >= hold.expiresAtMs;
}

/** A hold after its step was recorded. */
export function settleHold(hold: Hold, by: Identity, atMs: number): Hold {
  const { run, source, id } = by;
  return { ...hold, state: "settled", settledBy: { run, source, id }, endedAtMs: atMs };
}

/** A hold after its caller let it go. Of one that has ended nothing changes. */
export function releaseHold(hold: Hold, atMs: number): Hold {
  return isCounting(hold) ? { ...hold, state: "released", endedAtMs: atMs } : hold;
}

/** A hold whose call goes on: it is open for longer, and never for less than before. */
export function renewHold(hold: Hold, expiresAtMs: number): Hold {
  if (!isCounting(hold) || expiresAtMs <= hold.expiresAtMs) return hold;
  return { ...hold, expiresAtMs };
}
