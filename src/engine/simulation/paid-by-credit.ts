/**
 * What credit would pay of simulated bills. The grants that a customer was given are closed against
 * its statements, one period after the other, by the code that closes the ledger's. What each grant
 * paid at which moment of a period is not simulated: one is there from the start of the period in
 * which it was given, and what was taken from it is taken before that is billed.
 */
import type { Charged } from "../../domain/credit/charged.ts";
import { closeLanes } from "../../domain/credit/close-lanes.ts";
import { addGrant, endGrants, takeFrom } from "../../domain/credit/entry.ts";
import { balancesOf, emptyWallet, type Rollover, type Wallet } from "../../domain/credit/wallet.ts";
import { type Amount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { lanesInCredits, lanesInMoney, unitOf, worthOfCredits } from "../close-credit.ts";
import type { PostedEntry } from "../credit-desk.ts";

/** A grant's terms as its entry keeps them. */
interface GrantTerms {
  readonly priority: number;
  readonly expiresAtMs: number | null;
  readonly finalAtMs: number | null;
  readonly charges: readonly string[] | null;
  readonly rollover: { readonly upTo: string | null; readonly expiresAtMs: number | null } | null;
}

const GIVING: ReadonlySet<string> = new Set(["granted", "paid", "received"]);
const TAKING: ReadonlySet<string> = new Set(["refunded", "sent"]);
/** What people or payments do to a wallet; the rest follows from what is charged. */
const APPLIED: ReadonlySet<string> = new Set([...GIVING, ...TAKING, "expired"]);
const NOTHING = { kind: "grant", name: null, cost: null, costCurrency: null } as const;

/**
 * What the customer's own credit pays of each statement, in their order, which is that of their
 * periods. A parent's credit is not looked at.
 */
export function paidByCredit(
  entries: readonly PostedEntry[],
  statements: readonly Statement[],
  nowMs: number,
): Amount[] {
  const given = entries.filter(({ kind }) => APPLIED.has(kind));
  if (given.length === 0) return statements.map(() => ZERO_AMOUNT);
  const wallets = new Map<string, Played>();
  const walletIn = (currency: string): Played => {
    const known = wallets.get(currency) ?? new Played(currency, given);
    wallets.set(currency, known);
    return known;
  };
  return statements.map((statement) => {
    const at = { statement, nowMs };
    const { credit, currency } = statement;
    const inUnits =
      credit === null
        ? ZERO_AMOUNT
        : walletIn(credit.name).pay(lanesInCredits(statement), { ...at, unit: 1n });
    const worth = worthOfCredits(statement, inUnits);
    const unit = unitOf(currency);
    const inMoney = walletIn(currency).pay(lanesInMoney(statement, worth), { ...at, unit });
    return (worth + inMoney) as Amount;
  });
}

/** A wallet that is played through. */
class Played {
  #wallet: Wallet;
  readonly #waiting: PostedEntry[];

  constructor(currency: string, entries: readonly PostedEntry[]) {
    this.#wallet = emptyWallet(currency);
    this.#waiting = entries.filter((entry) => entry.currency === currency);
  }

  pay(
    billed: readonly Charged[],
    at: { readonly statement: Statement; readonly nowMs: number; readonly unit: bigint },
  ): Amount {
    const { period } = at.statement;
    this.#endUntil(period.startMs);
    while (this.#waiting[0] !== undefined && Date.parse(this.#waiting[0].at) < period.endMs) {
      this.#apply(this.#waiting.shift() as PostedEntry);
    }
    const { unit, nowMs } = at;
    const of = { customer: "", period: period.key, endMs: period.endMs, nowMs };
    const closed = closeLanes(this.#wallet, { ...of, billed, replaced: null, others: [], unit });
    this.#wallet = closed.wallet;
    return closed.paid;
  }

  /** Ends grants that are over for good, each at its own time. */
  #endUntil(atMs: number): void {
    const ends = this.#wallet.grants.flatMap(({ isExpired, finalAtMs }) =>
      !isExpired && finalAtMs !== null && finalAtMs <= atMs ? [finalAtMs] : [],
    );
    for (const endMs of [...new Set(ends)].sort((a, b) => a - b)) {
      const entry = { wallet: this.#wallet, postings: [] };
      const isOver = ({ finalAtMs }: { readonly finalAtMs: number | null }) =>
        finalAtMs !== null && finalAtMs <= endMs;
      this.#wallet = endGrants(entry, isOver, endMs).wallet;
    }
  }

  #apply({ kind, id, at, postings, terms }: PostedEntry): void {
    const entry = { wallet: this.#wallet, postings: [] };
    if (GIVING.has(kind)) {
      const gained = postings.find(([account]) => account === `grant:${id}`)?.[1];
      const amount = parseAmount(gained ?? "0") ?? ZERO_AMOUNT;
      if (amount <= 0n || terms === undefined) return;
      const { rollover, ...rest } = terms as GrantTerms;
      const grant = { ...NOTHING, ...rest, id, amount, grantedAtMs: Date.parse(at) };
      this.#wallet = addGrant(entry, { ...grant, rollover: rolloverOf(rollover) }, "issued").wallet;
      return;
    }
    if (kind === "expired") {
      // By hand it is told by the grant's id; what ends by itself ends here by itself.
      this.#wallet = endGrants(entry, (one) => one.id === id, Date.parse(at)).wallet;
      return;
    }
    // Behind what was burned until then stands what was taken, from one grant.
    const [account = "", text = "0"] = postings.at(-2) ?? [];
    const from = account.slice("grant:".length);
    const taken = -(parseAmount(text) ?? ZERO_AMOUNT);
    const left = balancesOf(this.#wallet).get(from) ?? 0n;
    const amount = (taken < left ? taken : left) as Amount;
    if (amount > 0n) this.#wallet = takeFrom(entry, { id: from, amount }, "refunded").wallet;
  }
}

function rolloverOf(rollover: GrantTerms["rollover"]): Rollover | null {
  if (rollover === null) return null;
  const { upTo, expiresAtMs } = rollover;
  return { upTo: upTo === null ? null : (parseAmount(upTo) ?? null), expiresAtMs };
}
