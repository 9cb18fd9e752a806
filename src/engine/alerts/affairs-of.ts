/**
 * How states of affairs of a customer stand: credit, commitments, margin. Who asks says from where
 * it is read: inside the unit of work that moves the totals, or behind it.
 */
import {
  type Affair,
  believedFromMs,
  commitmentAffairs,
  creditAffairs,
  type MarginStanding,
  marginAffair,
} from "../../domain/alert/affairs.ts";
import { present } from "../../domain/assert.ts";
import type { CreditBook } from "../../domain/credit/book.ts";
import { CONVERSION_RATE_SCALE } from "../../domain/limits.ts";
import { entriesOfBill } from "../../domain/margin/bill-lines.ts";
import { entryOfRollup } from "../../domain/margin/margin-entry.ts";
import { marginRows } from "../../domain/margin/margin-table.ts";
import { smallestUnit } from "../../domain/money/allocate.ts";
import { COST_CURRENCY, currencyDecimals } from "../../domain/money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BillContext } from "../context.ts";
import type { WalletNow } from "../credit/read-credit.ts";
import { statusOf, type UnderWay } from "../periods/read-drawdown.ts";
import type { Customer } from "../ports.ts";
import type { MarginBill, MarginBills } from "../reports/margin-bills.ts";

const FINE_OF_AMOUNT = 10n ** BigInt(CONVERSION_RATE_SCALE);

/** Affairs of a customer, and until when a look at them holds where nothing moves. */
export interface Looked {
  readonly affairs: readonly Affair[];
  readonly untilMs: number;
}

/** How a customer's wallets stand. */
export function affairsOfCredit(
  customer: string,
  { wallets, book }: { readonly wallets: readonly WalletNow[]; readonly book: CreditBook },
): Affair[] {
  return wallets.flatMap(({ currency, balance, owed, grants }) => {
    if (grants.length === 0) return [];
    const live = grants.filter(({ grant }) => !grant.isExpired);
    const granted = live.reduce((sum, { grant }) => sum + grant.amount, 0n) as Amount;
    const rule = book.rules.find((one) => one.currency === currency);
    const threshold = rule?.threshold ?? null;
    return creditAffairs({ customer, currency, balance, owed, granted, threshold });
  });
}

/** How a customer's commitments stand; null: there are none. */
export async function affairsOfCommitments(
  reads: BillContext,
  workspace: string,
  at: UnderWay,
): Promise<Looked | null> {
  const drawn = await statusOf(reads, workspace, at);
  if (drawn.length === 0) return null;
  const { customer, tariff, nowMs } = at;
  let untilMs = tariff.periodOf(customer, nowMs).endMs;
  const affairs = drawn.flatMap(({ commitment, soFar }) => {
    if (soFar === null) return [];
    const believedMs = believedFromMs(soFar);
    if (believedMs > nowMs) untilMs = Math.min(untilMs, believedMs);
    return commitmentAffairs(customer.id, commitment, { soFar, nowMs });
  });
  return { affairs, untilMs };
}

/** How the margin of a customer's period stands. */
export interface LookedMargin {
  readonly affair: Affair;
  readonly standing: Omit<MarginStanding, "isOn">;
  /** What a cost of 1 comes to in the currency of the bill, in fine units. */
  readonly rate: bigint;
}

/** Null where nobody can say what it is: a rate between currencies is missing. */
export async function marginOf(
  { bills, tariff }: { readonly bills: MarginBills; readonly tariff: Tariff },
  customer: Customer,
  nowMs: number,
): Promise<LookedMargin | null> {
  const period = tariff.periodOf(customer, nowMs);
  const bill = await bills.read({ customer: customer.id, period: period.key });
  const { at, rollups, parts } = bill;
  const { currency } = at;
  const lines = entriesOfBill(at, parts);
  const entries = [...lines, ...rollups.map((row) => entryOfRollup(at, row))];
  const [row] = marginRows("all", entries);
  // Nothing was used, and nothing is owed.
  const { revenue: charge, margin } = row ?? { revenue: ZERO_AMOUNT, margin: 0n };
  if (margin === null) return null;
  const cost = (charge - margin / FINE_OF_AMOUNT) as Amount;
  const cards = tariff.spansOf(customer, period).map(({ card }) => card);
  const rounding = isLinear(bill, cards) ? mostRounded(currency, cards) : null;
  const watched = { period: period.key, charge, cost };
  return {
    affair: marginAffair({ customer: customer.id, currency, ...watched }),
    standing: { ...watched, rounding },
    rate: currency === COST_CURRENCY ? FINE_OF_AMOUNT : (at.rate?.rate ?? 0n),
  };
}

/** What is spent in the currency of a bill. */
export function inBillCurrency(cost: bigint, rate: bigint): bigint {
  return rate === FINE_OF_AMOUNT ? cost : (cost * rate) / FINE_OF_AMOUNT;
}

type Card = ReturnType<Tariff["spansOf"]>[number]["card"];

/** Whether a bill comes to what runs were charged, and will, but for the rounding of its lines. */
function isLinear({ at, parts, isCommitted }: MarginBill, cards: readonly Card[]): boolean {
  const lines = parts.lines.filter(({ kind }) => kind !== "rounding");
  const isOfRuns = entriesOfBill(at, { ...parts, lines }).length === 0;
  return isOfRuns && !isCommitted && cards.every(bringsWhatIsCharged);
}

function bringsWhatIsCharged({ maximum, discounts, charges }: Card): boolean {
  if (maximum !== null || discounts.length > 0) return false;
  // The lines of a matrix may be many, and prices by volume are corrected in a line of their own.
  const isPlain = ({ model }: Card["charges"][number]["price"]) =>
    model !== "matrix" && model !== "volume";
  return charges.every((charge) => charge.maximum === null && isPlain(charge.price));
}

/** Lines of a card beside those of its charges: what caps and minimums of runs come to. */
const LINES_OF_RUNS = 2;

/** How far rounding may move a bill: each of its lines by one smallest unit. */
function mostRounded(currency: string, cards: readonly Card[]): Amount {
  const decimals = present(currencyDecimals(currency), `decimals of ${currency}`);
  const lines = cards.reduce((sum, { charges }) => sum + charges.length + LINES_OF_RUNS, 0);
  return (BigInt(lines) * smallestUnit(decimals)) as Amount;
}
