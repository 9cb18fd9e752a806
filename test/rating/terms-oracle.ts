/** What a period owes beside its charges, from the documents of the cards in force. */
import type { Decimal } from "decimal.js";
import { type ChargeText, Exact } from "./price-oracle.ts";
import { shareOut } from "./share-out.ts";

export interface FeeText {
  readonly key: string;
  readonly amount: string;
  readonly prorate?: boolean;
}

/** A card's document. */
export interface CardText {
  readonly key: string;
  readonly charges: readonly ChargeText[];
  readonly fees?: readonly FeeText[];
  readonly discounts?: readonly {
    readonly key: string;
    readonly percent?: string;
    readonly amount?: string;
    readonly charges?: readonly string[];
    readonly from?: string;
    readonly until?: string;
  }[];
  readonly minimum: string | null;
  readonly maximum?: string;
  readonly runCap?: string;
  readonly credit?: { readonly price: string };
  readonly trial?: { readonly days: string };
}

interface Facts {
  readonly period: { readonly startMs: number; readonly endMs: number };
  readonly spans: readonly {
    readonly card: CardText;
    readonly startMs: number;
    readonly endMs: number;
  }[];
  readonly startedAtMs: number | null;
  readonly decimals: number;
}

/** One stretch of an item with an amount. */
interface Stretch {
  readonly id: string;
  readonly key: string;
  readonly amount: string;
  readonly isWhole: boolean;
  startMs: number;
  endMs: number;
}

/** The bounds and fees of a period; the trials of these cards are of everything. */
export function termsOf(facts: Facts) {
  const last = facts.spans.at(-1)?.card;
  const cards = new Map(facts.spans.map(({ card }) => [card.key, card]));
  const bounds = [...cards.values()].flatMap((card) =>
    card.charges.map(({ key, maximum }) => ({
      id: `${card.key} ${key}`,
      key,
      least: leastOf(facts, (one) =>
        one.key === card.key
          ? one.charges.find((charge) => charge.key === key)?.minimum
          : undefined,
      ),
      most: maximum === undefined ? null : new Exact(maximum),
    })),
  );
  /** Fees that the last version of their card has no more stand behind its others, by key. */
  const placeOf = ({ id, key }: { readonly id: string; readonly key: string }) => {
    const all = [...cards.values()];
    const at = all.findIndex((card) => id === `${card.key} ${key}`);
    const place = (all[at]?.fees ?? []).findIndex((fee) => fee.key === key);
    return at * 1_000 + (place === -1 ? 999 : place);
  };
  return {
    fees: feesOf(facts).toSorted((a, b) => placeOf(a) - placeOf(b) || byText(a.key, b.key)),
    bounds,
    least: leastOf(facts, ({ minimum }) => minimum ?? undefined),
    most: last?.maximum === undefined ? null : new Exact(last.maximum),
  };
}

/** A trial takes the beginning off a stretch. */
function paidFrom({ spans: _, startedAtMs }: Facts, span: Facts["spans"][number]): number {
  const days = span.card.trial?.days;
  if (days === undefined || startedAtMs === null) return span.startMs;
  const endMs = startedAtMs + Number(days) * 24 * 3_600_000;
  return Math.max(span.startMs, Math.min(endMs, span.endMs));
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

interface OwedFee {
  readonly id: string;
  readonly key: string;
  readonly amount: Decimal;
}

function feesOf(facts: Facts): OwedFee[] {
  const stretches: Stretch[] = [];
  for (const span of facts.spans) {
    for (const { key, amount, prorate } of span.card.fees ?? []) {
      const startMs = paidFrom(facts, span);
      if (startMs >= span.endMs) continue;
      const id = `${span.card.key} ${key}`;
      const before = stretches.findLast((one) => one.id === id);
      if (before?.endMs === startMs && before.amount === amount) before.endMs = span.endMs;
      else {
        const isWhole = prorate === false;
        stretches.push({ id, key, amount, isWhole, startMs, endMs: span.endMs });
      }
    }
  }
  const groups = Map.groupBy(stretches, ({ key, amount }) => `${key} ${amount}`);
  return [...groups.values()].flatMap((group) => {
    const [{ amount = "0" } = {}] = group;
    const last = group.slice(-1);
    if (group.some(({ isWhole }) => isWhole)) {
      return last.map(({ id, key }) => ({ id, key, amount: new Exact(amount) }));
    }
    const parts = prorated(facts, amount, group);
    return group.map(({ id, key }, at) => ({ id, key, amount: parts[at] ?? new Exact(0) }));
  });
}

/** Parts of an amount for stretches of the period: whole units of the currency, if it is whole. */
function prorated(
  { period, decimals }: Facts,
  text: string,
  stretches: readonly { readonly startMs: number; readonly endMs: number }[],
): Decimal[] {
  const amount = new Exact(text);
  const lengths = stretches.map(({ startMs, endMs }) => new Exact(endMs - startMs));
  const used = lengths.reduce((all, one) => all.plus(one), new Exact(0));
  const weights = [...lengths, new Exact(period.endMs - period.startMs).minus(used)];
  const isWhole = amount.decimalPlaces() <= decimals;
  return shareOut(amount, weights, isWhole ? decimals : 33).slice(0, -1);
}

/** The minimums of all cards, each for its time; null where none has one. */
function leastOf(facts: Facts, minimumIn: (card: CardText) => string | undefined): Decimal | null {
  const times = new Map<string, number>();
  for (const span of facts.spans) {
    const minimum = minimumIn(span.card);
    if (minimum === undefined) continue;
    times.set(minimum, (times.get(minimum) ?? 0) + span.endMs - paidFrom(facts, span));
  }
  if (times.size === 0) return null;
  const parts = [...times].flatMap(([text, ms]) =>
    prorated(facts, text, [{ startMs: 0, endMs: ms }]),
  );
  return parts.reduce((all, part) => all.plus(part), new Exact(0));
}
