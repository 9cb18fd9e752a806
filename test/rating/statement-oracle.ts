/**
 * A statement worked out slowly from the cards' documents with decimal.js: what is owed beside the
 * charges, and in which order. Written from docs/periods-and-statements.md.
 */
import type { Decimal } from "decimal.js";
import { type CommitmentText, commitmentLinesOf } from "./commitment-oracle.ts";
import { type Counted, Exact, finalCost, runningCost } from "./price-oracle.ts";
import { shareOut } from "./share-out.ts";
import { type CardText, termsOf } from "./terms-oracle.ts";

/** A stretch of the period with one card. */
export interface SpanText {
  readonly card: CardText;
  readonly startMs: number;
  readonly endMs: number;
}

/** What came to be in the period. */
export interface PeriodFacts {
  readonly period: { readonly key: string; readonly startMs: number; readonly endMs: number };
  readonly spans: readonly SpanText[];
  readonly startedAtMs: number | null;
  readonly decimals: number;
  readonly mode: string;
  /** Of the last card, in the order of its statement. */
  readonly counts: readonly Counted[];
  /** What runs came to, in whole currency units. */
  readonly runs: readonly { readonly before: string; readonly charge: string }[];
  /** (Default: none.) */
  readonly commitments?: readonly CommitmentText[];
}

/** `kind key exact rounded`. */
export interface LineText {
  readonly kind: string;
  /** Of the card and charge; "" for the whole. */
  readonly id: string;
  readonly key: string;
  readonly exact: Decimal;
  readonly rounded: Decimal;
}

const MODES: Readonly<Record<string, Decimal.Rounding>> = {
  half_even: 6,
  half_up: 4,
  up: 0,
  down: 1,
};

const WHOLE = { key: "" };

type Add = (
  kind: string,
  at: { readonly key: string; readonly id?: string },
  exact: Decimal,
) => void;

/** Lines up to the period's bounds, without rounding and adjustments. */
export function statementLines(facts: PeriodFacts): LineText[] {
  const lines: LineText[] = [];
  const add: Add = (kind, { key, id = "" }, exact) => {
    const rounded = exact.toDecimalPlaces(facts.decimals, MODES[facts.mode] ?? 6);
    lines.push({ kind, id, key, exact, rounded });
  };
  const addAny: Add = (kind, at, exact) => {
    if (!exact.isZero()) add(kind, at, exact);
  };
  const card = facts.spans.at(-1)?.card;
  for (const counted of facts.counts) {
    const { key } = counted.charge;
    const at = { key, id: `${card?.key} ${key}` };
    const running = runningCost(counted);
    add("charge", at, running);
    addAny("tier_correction", at, finalCost(counted).minus(running));
  }
  const terms = termsOf(facts);
  for (const at of terms.bounds) {
    const own = sum(lines.filter((line) => line.id === at.id));
    addAny("charge_minimum", at, missing(own, at.least));
    if (missing(own, at.least).isZero())
      addAny("charge_maximum", at, above(own, at.most).negated());
  }
  for (const fee of terms.fees) add("fee", fee, fee.amount);
  addAny("run_cap", WHOLE, cappedOff(facts, card?.runCap));
  const left = addDiscounts(facts, lines, add);
  for (const { key } of terms.fees) left.delete(key);
  for (const [kind, key, exact] of commitmentLinesOf(facts.commitments ?? [], left)) {
    add(kind, { key }, exact);
  }
  const owed = sum(lines.filter(({ kind }) => kind !== "commitment"));
  const used = owed.minus(sum(lines.filter(({ kind }) => kind === "true_up")));
  addAny("minimum", WHOLE, missing(owed, terms.least));
  if (missing(owed, terms.least).isZero()) {
    addAny("maximum", WHOLE, above(used, terms.most).negated());
  }
  return lines;
}

function sum(lines: readonly LineText[]): Decimal {
  return lines.reduce((all, { rounded }) => all.plus(rounded), new Exact(0));
}

const missing = (have: Decimal, least: Decimal | null) =>
  least === null ? new Exact(0) : Exact.max(0, least.minus(have));
const above = (have: Decimal, most: Decimal | null) =>
  most === null ? new Exact(0) : Exact.max(0, have.minus(most));

/** A run owes its total or the cap, and this period what that grew by. */
function cappedOff({ runs }: PeriodFacts, cap: string | undefined): Decimal {
  if (cap === undefined) return new Exact(0);
  return runs.reduce((all, { before, charge }) => {
    const owed = (total: Decimal) => Exact.min(total, cap);
    const grown = owed(new Exact(before).plus(charge)).minus(owed(new Exact(before)));
    return all.plus(grown.minus(charge));
  }, new Exact(0));
}

/** Returns what is left of each charge and fee. */
function addDiscounts(facts: PeriodFacts, lines: LineText[], add: Add): Map<string, Decimal> {
  const left = new Map<string, Decimal>();
  const put = (key: string, amount: Decimal) =>
    left.set(key, (left.get(key) ?? new Exact(0)).plus(amount));
  for (const { key, rounded } of lines) put(key, rounded);
  // What a run's cap takes off is of its card's charges, by what each comes to.
  const card = facts.spans.at(-1)?.card;
  const charged = lines.filter(({ kind, id }) => kind !== "fee" && id.startsWith(`${card?.key} `));
  const charges = [...new Set(charged.map(({ key }) => key))];
  const owed = charges.map((key) => Exact.max(0, sum(charged.filter((line) => line.key === key))));
  const capped = sum(lines.filter(({ kind }) => kind === "run_cap")).negated();
  const off = Exact.min(
    capped,
    owed.reduce((all, one) => all.plus(one), new Exact(0)),
  );
  if (off.greaterThan(0)) {
    const parts = shareOut(off, owed, facts.decimals);
    for (const [at, part] of parts.entries()) put(charges[at] ?? "", part.negated());
    put("", off);
  }
  for (const discount of facts.spans.at(-1)?.card.discounts ?? []) {
    const { from, until, charges } = discount;
    const { key: date } = facts.period;
    if ((from !== undefined && date < from) || (until !== undefined && date >= until)) continue;
    const total = sum(lines);
    const keys = [...left.keys()].filter((key) => charges === undefined || charges.includes(key));
    const shares = keys.map((key) => Exact.max(0, left.get(key) ?? 0));
    const items = shares.reduce((all, share) => all.plus(share), new Exact(0));
    const base = Exact.min(items, Exact.max(0, total));
    const taken =
      discount.percent === undefined
        ? Exact.min(base, discount.amount ?? 0)
        : base.times(discount.percent).dividedBy(100);
    if (taken.isZero()) continue;
    add("discount", discount, taken.negated());
    const rounded = sum(lines.slice(-1)).negated();
    for (const [at, part] of shareOut(rounded, shares, facts.decimals).entries()) {
      const key = keys[at] ?? "";
      left.set(key, (left.get(key) ?? new Exact(0)).minus(part));
    }
  }
  return left;
}
