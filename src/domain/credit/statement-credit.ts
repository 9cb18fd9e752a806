/**
 * What a statement tells of credit: how much of its total credit paid, what is due after that, and
 * what happened to the customer's wallets since the statement before. It reports, it does not
 * decide: the entries that it tells of are in the wallets already.
 */
import type { Amount } from "../money/decimal.ts";
import { formatAmount } from "../money/decimal.ts";
import { BOOKING_KINDS } from "../period/booking.ts";
import type { StatementLine } from "../period/statement-line.ts";
import { type Charged, sumLanes } from "./charged.ts";
import type { Posting } from "./posting.ts";

/** A wallet's movements since the customer's statement before. */
export interface WalletReport {
  readonly currency: string;
  readonly opening: Amount;
  /** What accounts other than grants gained: what was `used`, and so on. */
  readonly moved: readonly Posting[];
  readonly balance: Amount;
}

/** A child's statement that this one carries. */
export interface CarriedStatement {
  readonly customer: string;
  readonly period: string;
  readonly statement: string;
  readonly total: Amount;
  /** What is due of it after all credit. */
  readonly due: Amount;
  /** What credit notes have given back of it; what is due is less that. */
  readonly credited: Amount;
  /** Of what is due: what statements before this one carried. */
  readonly carriedBefore: Amount;
}

/** The part of a statement that is about credit. Amounts are in its currency. */
export interface StatementCredit {
  /** Paid by credit, the parent's included; negative: credit was given back. */
  readonly paid: Amount;
  /** Of it: by credit of customers above. */
  readonly paidByParent: Amount;
  /** Who is billed for what is due; null: the customer. */
  readonly billedTo: string | null;
  readonly wallets: readonly WalletReport[];
  readonly children: readonly CarriedStatement[];
}

/** Lines whose `chargeKey` is no charge. What was billed already is of the charge that it names. */
const BY_HAND: ReadonlySet<string> = new Set(
  BOOKING_KINDS.filter((kind) => kind !== "already_billed"),
);

/** The charges of a statement's lines, rounded as it bills them: their sum is its total. */
export function billedLanes(
  lines: readonly Pick<StatementLine, "kind" | "chargeKey" | "amountRounded">[],
  at: { readonly period: string; readonly startMs: number },
): Charged[] {
  return sumLanes(
    lines.map(({ kind, chargeKey, amountRounded }) => {
      const charge = BY_HAND.has(kind) ? "" : chargeKey;
      return { customer: "", ...at, charge, amount: amountRounded };
    }),
  );
}

/** What the customer, or the parent that is billed for it, is to pay in money. */
function amountDue(total: Amount, credit: StatementCredit): Amount {
  const carried = credit.children.reduce((sum, one) => sum + one.due - one.carriedBefore, 0n);
  return (total - credit.paid + carried) as Amount;
}

/** A statement's total, and what of it credit paid. */
interface PaidTotal extends Pick<StatementCredit, "paid" | "paidByParent"> {
  readonly total: Amount;
}

/**
 * What notes give back to the parent that a statement is billed to: all of them, but for what the
 * customer's own credit paid, which is given back last, to the customer. So nobody is given more
 * than it paid, and it does not matter in how many notes it was.
 */
export function givenToParent({ total, paid, paidByParent }: PaidTotal, credited: Amount): Amount {
  const paidByOwn = paid > paidByParent ? paid - paidByParent : 0n;
  const beyond = credited - (total - paidByOwn);
  // Of statements from before credit may have paid more than the total: all may be its then.
  const own = [beyond, paidByOwn, credited].reduce((least, one) => (one < least ? one : least));
  return (own > 0n ? credited - own : credited) as Amount;
}

/** The part about credit as a document keeps it. */
export function creditDocument(total: Amount, credit: StatementCredit): object {
  const { paid, paidByParent, billedTo, wallets, children } = credit;
  return {
    paidByCredit: formatAmount(paid),
    ...(paidByParent === 0n ? {} : { paidByParentsCredit: formatAmount(paidByParent) }),
    amountDue: formatAmount(amountDue(total, credit)),
    ...(billedTo === null ? {} : { billedTo }),
    wallets: wallets.map(({ currency, opening, moved, balance }) => ({
      currency,
      opening: formatAmount(opening),
      moved: Object.fromEntries(
        moved.map(({ account, amount }) => [account, formatAmount(-amount as Amount)]),
      ),
      balance: formatAmount(balance),
    })),
    ...(children.length === 0 ? {} : { children: children.map(childDocument) }),
  };
}

function childDocument({ total, due, credited, ...rest }: CarriedStatement): object {
  const { carriedBefore, ...child } = rest;
  return {
    ...child,
    ...{ total: formatAmount(total), due: formatAmount(due) },
    ...(credited === 0n ? {} : { credited: formatAmount(credited) }),
    carriedBefore: formatAmount(carriedBefore),
  };
}
