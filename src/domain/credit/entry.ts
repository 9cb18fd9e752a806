/**
 * What may happen to a wallet. Each entry first brings the wallet to what is charged now, then does
 * what it is for; everything that moved is posted.
 */
import { assert } from "../assert.ts";
import type { Amount } from "../money/decimal.ts";
import { ZERO_AMOUNT } from "../money/decimal.ts";
import { burn } from "./burn.ts";
import type { Charged } from "./charged.ts";
import {
  type Account,
  burnPostings,
  type Entry,
  grantAccount,
  move,
  type Posting,
} from "./posting.ts";
import { balancesOf, type Grant, inBurnOrder, type Wallet } from "./wallet.ts";

/** Brings a wallet to what is charged now. What came back to an ended grant expires again. */
export function bringUp(wallet: Wallet, charged: readonly Charged[]): Entry {
  const burned = burn(wallet, charged);
  return tidy(expireAgain({ wallet: burned, postings: burnPostings(wallet, burned) }));
}

/** What came back to ended grants expires again: nobody can use it. */
export function expireAgain({ wallet, postings }: Entry): Entry {
  const ended = wallet.grants.filter(({ isExpired }) => isExpired).map(({ id }) => id);
  const expired = takeAll(wallet, ended, "expired");
  return { wallet: expired.wallet, postings: [...postings, ...expired.postings] };
}

/** End of the ids of what rolled over: nobody may choose one. */
export const ROLLED_SUFFIX = "~";

/** What a new grant is made of. */
export type NewGrant = Omit<Grant, "order" | "taken" | "settled" | "isExpired">;

/** Adds a grant, paid from an account. It pays for what is charged from now on. */
export function addGrant(entry: Entry, grant: NewGrant, from: Account | string): Entry {
  assert(grant.amount > 0n, "a grant holds something");
  const { wallet } = entry;
  const added: Grant = {
    ...grant,
    order: wallet.grantCount + 1,
    taken: ZERO_AMOUNT,
    settled: ZERO_AMOUNT,
    isExpired: false,
  };
  return {
    wallet: {
      ...wallet,
      grants: inBurnOrder([...wallet.grants, added]),
      grantCount: wallet.grantCount + 1,
    },
    postings: [...entry.postings, ...move(from, grantAccount(grant.id), grant.amount)],
  };
}

/** Takes an amount from a grant, not more than is left of it. */
export function takeFrom(
  entry: Entry,
  { id, amount }: { readonly id: string; readonly amount: Amount },
  to: Account | string,
): Entry {
  const left = balancesOf(entry.wallet).get(id) ?? 0n;
  assert(amount >= 0n && amount <= left, `no more than is left is taken from grant "${id}"`);
  const grants = entry.wallet.grants.map((grant) =>
    grant.id === id ? { ...grant, taken: (grant.taken + amount) as Amount } : grant,
  );
  const postings = [...entry.postings, ...move(grantAccount(id), to, amount)];
  return { wallet: { ...entry.wallet, grants }, postings };
}

/** Takes what is left of grants. */
function takeAll(wallet: Wallet, ids: readonly string[], to: Account): Entry {
  let entry: Entry = { wallet, postings: [] };
  for (const id of ids) {
    const amount = balancesOf(entry.wallet).get(id) ?? ZERO_AMOUNT;
    if (amount > 0n) entry = takeFrom(entry, { id, amount }, to);
  }
  return entry;
}

/**
 * Ends grants: what is left of them rolls over as far as they say, and the rest expires. `atMs` is
 * when they end for good, however late that is carried out.
 */
export function endGrants(entry: Entry, isEnding: (grant: Grant) => boolean, atMs: number): Entry {
  const ending = entry.wallet.grants.filter((grant) => !grant.isExpired && isEnding(grant));
  let ended = entry;
  for (const grant of ending) {
    const grants = ended.wallet.grants.map((one) =>
      one.id === grant.id ? { ...one, isExpired: true } : one,
    );
    ended = rollOver({ ...ended, wallet: { ...ended.wallet, grants } }, grant, atMs);
    const rest = takeAll(ended.wallet, [grant.id], "expired");
    ended = { wallet: rest.wallet, postings: [...ended.postings, ...rest.postings] };
  }
  return tidy(ended);
}

function rollOver(entry: Entry, grant: Grant, atMs: number): Entry {
  const { rollover } = grant;
  const left = balancesOf(entry.wallet).get(grant.id) ?? ZERO_AMOUNT;
  if (rollover === null || left === 0n) return entry;
  const { upTo, expiresAtMs } = rollover;
  const amount = upTo === null || left < upTo ? left : upTo;
  if (amount === 0n || (expiresAtMs !== null && expiresAtMs <= atMs)) return entry;
  const id = `${grant.id}${ROLLED_SUFFIX}`;
  const grace = (grant.finalAtMs ?? 0) - (grant.expiresAtMs ?? 0);
  const added = addGrant(
    { wallet: entry.wallet, postings: [] },
    {
      ...{ id, kind: "rollover", name: grant.name, amount, priority: grant.priority },
      ...{ grantedAtMs: atMs, expiresAtMs, charges: grant.charges, rollover: null },
      finalAtMs: expiresAtMs === null ? null : expiresAtMs + grace,
      cost: partOfCost(grant, amount),
      costCurrency: grant.costCurrency,
    },
    grantAccount(grant.id),
  );
  const grants = added.wallet.grants.map((one) =>
    one.id === grant.id ? { ...one, taken: (one.taken + amount) as Amount } : one,
  );
  return { wallet: { ...added.wallet, grants }, postings: [...entry.postings, ...added.postings] };
}

/** What was paid for a part of a grant; the last digit of 33 is cut. */
export function partOfCost({ cost, amount }: Grant, part: Amount): Amount | null {
  return cost === null ? null : (((cost * part) / amount) as Amount);
}

/** When the next grant ends for good; null: none does. */
export function nextEndMs(wallets: readonly Wallet[]): number | null {
  const ends = wallets
    .flatMap(({ grants }) => grants)
    .flatMap(({ isExpired, finalAtMs }) => (isExpired ? [] : (finalAtMs ?? [])));
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Forgets grants that hold nothing and pay for nothing that may still be taken back. */
export function tidy({
  wallet,
  postings,
}: {
  wallet: Wallet;
  postings: readonly Posting[];
}): Entry {
  const paying = new Set(
    wallet.lanes.flatMap(({ stretches }) => stretches.map(({ source }) => source)),
  );
  const left = balancesOf(wallet);
  const grants = wallet.grants.filter(({ id }) => (left.get(id) ?? 0n) > 0n || paying.has(id));
  return { wallet: { ...wallet, grants }, postings };
}
