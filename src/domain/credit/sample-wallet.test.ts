/** Small wallets for the tests of this folder; amounts are whole units of nothing in particular. */
import type { Amount } from "../money/decimal.ts";
import type { Charged } from "./charged.ts";
import { addGrant, type NewGrant } from "./entry.ts";
import { balancesOf, emptyWallet, type Wallet } from "./wallet.ts";

export const amount = (units: number) => BigInt(units) as Amount;

/** A grant of ten that pays everything and does not end. */
export function grantOf(id: string, some: Partial<NewGrant> = {}): NewGrant {
  const dates = { grantedAtMs: 0, expiresAtMs: null, finalAtMs: null };
  const none = { name: null, charges: null, cost: null, costCurrency: null, rollover: null };
  return { id, kind: "grant", amount: amount(10), priority: 1, ...dates, ...none, ...some };
}

/** A wallet that holds these grants. */
export function walletWith(...grants: readonly NewGrant[]): Wallet {
  let entry = { wallet: emptyWallet("USD"), postings: [] as readonly never[] } as Parameters<
    typeof addGrant
  >[0];
  for (const grant of grants) entry = addGrant(entry, grant, "issued");
  return entry.wallet;
}

/** What the charge `calls` comes to in the period `p`, unless told otherwise. */
export function charged(units: number, some: Partial<Charged> = {}): Charged {
  const lane = { customer: "", period: "p", charge: "calls", startMs: 100 };
  return { ...lane, ...some, amount: amount(units) };
}

/** Balances as numbers. */
export function left(wallet: Wallet): Record<string, number> {
  return Object.fromEntries([...balancesOf(wallet)].map(([id, units]) => [id, Number(units)]));
}

/** Who pays the parts of each lane. */
export function payers({ lanes }: Wallet): string[] {
  return lanes.map(({ period, charge, stretches }) =>
    [
      `${period}/${charge}`,
      ...stretches.map(({ source, amount: units }) => `${source ?? "owed"} ${units}`),
    ].join(" "),
  );
}
