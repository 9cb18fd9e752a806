/**
 * Double entry. Whatever moves in a wallet is told by postings that add up to zero: what a grant
 * gains another account loses. A grant's balance is the sum of what was posted to it.
 */
import type { Amount } from "../money/decimal.ts";
import { usedOf, type Wallet } from "./wallet.ts";

/** Accounts besides those of grants: where credit comes from, and where it goes. */
export type Account =
  | ("issued" | "paid" | "used" | "expired")
  | ("refunded" | "transferred" | "exchanged");

/** A movement on one account. */
export interface Posting {
  /** An `Account`, or `grant:` and the id of a grant. */
  readonly account: string;
  /** Positive: the account gains. Never zero. */
  readonly amount: Amount;
}

/** A wallet after something happened, and what moved. */
export interface Entry {
  readonly wallet: Wallet;
  readonly postings: readonly Posting[];
}

/** The account of a grant. */
export function grantAccount(id: string): string {
  return `grant:${id}`;
}

/** Both sides of a movement; nothing where nothing moves. */
export function move(from: string, to: string, amount: bigint): Posting[] {
  if (amount === 0n) return [];
  return [
    { account: from, amount: -amount as Amount },
    { account: to, amount: amount as Amount },
  ];
}

/** What was burned, or given back, from one state of a wallet to the next. */
export function burnPostings(before: Wallet, after: Wallet): Posting[] {
  const [was, is] = [usedOf(before), usedOf(after)];
  return after.grants.flatMap(({ id }) =>
    move(grantAccount(id), "used", (is.get(id) ?? 0n) - (was.get(id) ?? 0n)),
  );
}
