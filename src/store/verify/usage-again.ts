/** What charges came to after discounts, from the lines of a statement and the cards' documents. */

import { amountOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { leftAgain } from "./caps-again.ts";
import { unitOf } from "./terms-again.ts";

/** A line, as far as it tells what was used. */
export interface UsedLine {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly originPeriod: string | null;
  readonly amountExact: string;
  readonly amountRounded: string;
}

/** Charges by key, in the order of their lines. */
export type Used = Map<string, bigint>;

/** A statement whose usage is worked out again. */
export interface UsedStatement {
  readonly ws: number;
  readonly currency: string;
  /** First instant at which a card that takes effect comes too late for it. */
  readonly beforeMs: number;
  /** Of the act that closed it: what was recorded later did not make it. */
  readonly seq: number;
  /** Of its lines. */
  readonly form: number;
  readonly lines: readonly UsedLine[];
}

const BEFORE_DISCOUNTS: ReadonlySet<string> = new Set([
  ...["charge", "included", "tier_correction", "trial", "charge_minimum", "charge_maximum"],
  ...["fee", "run_cap", "run_minimum"],
]);

/** Undefined where a discount is on no card, so that what it was divided over is not known. */
export function usedInPeriod(acts: Acts, statement: UsedStatement): Used | undefined {
  const { currency, lines, form } = statement;
  const unit = unitOf(currency);
  const before = lines.filter(({ kind }) => BEFORE_DISCOUNTS.has(kind));
  const left: Used = leftAgain(before, { form, unit });
  for (const line of lines.filter(({ kind }) => kind === "discount")) {
    const charges = chargesOfDiscount(acts, statement, line.chargeKey);
    if (charges === undefined) return undefined;
    takeOff(left, { units: -amountOf(line.amountRounded) / unit, unit, charges });
  }
  for (const { kind, chargeKey } of lines) if (kind === "fee") left.delete(chargeKey);
  return left;
}

/** What adjustments of closed periods came to, by the period that they are of. */
export function usedInOthers(
  { lines, form, currency }: Pick<UsedStatement, "lines" | "form" | "currency">,
  period: string,
): [string, Used][] {
  const late = lines.filter(({ kind }) => kind === "adjustment" || kind === "already_billed");
  const others = Map.groupBy(late, ({ originPeriod }) => originPeriod ?? period);
  const unit = unitOf(currency);
  return [...others]
    .map(([origin, own]): [string, Used] => [origin, leftAgain(own, { form, unit })])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Taking {
  readonly units: bigint;
  readonly unit: bigint;
  readonly charges: readonly string[] | null;
}

/** Largest remainder: whole units by share, then one more each for who lost most, first come. */
function takeOff(left: Used, { units, unit, charges }: Taking): void {
  const items = [...left]
    .filter(([key, amount]) => amount > 0n && (charges === null || charges.includes(key)))
    .map(([key, amount]) => ({ key, amount, part: 0n, lost: 0n }));
  const all = items.reduce((sum, { amount }) => sum + amount, 0n);
  if (all === 0n) return;
  let rest = units;
  for (const item of items) {
    item.part = (units * item.amount) / all;
    item.lost = (units * item.amount) % all;
    rest -= item.part;
  }
  const byLoss = [...items].sort((a, b) => (a.lost === b.lost ? 0 : a.lost > b.lost ? -1 : 1));
  for (const item of byLoss) {
    const part = item.part + (rest > 0n ? 1n : 0n);
    if (rest > 0n) rest -= 1n;
    left.set(item.key, item.amount - part * unit);
  }
}

interface CardDocument {
  readonly discounts?: readonly {
    readonly key: string;
    readonly charges?: readonly string[] | null;
  }[];
}

/** The discount is that of the version of a card on the statement which was in force at its end. */
function chargesOfDiscount(
  acts: Acts,
  { ws, lines, beforeMs, seq }: UsedStatement,
  key: string,
): readonly string[] | null | undefined {
  const cards = new Set(lines.map(({ cardKey }) => cardKey).filter((card) => card !== ""));
  const effectOf = ({ document }: RecordedAct) => document.effectiveFromMs as number;
  const isKnown = (act: RecordedAct) => act.seq < seq && effectOf(act) < beforeMs;
  for (const card of cards) {
    const known = acts.of("card.applied", ws, card).filter(isKnown);
    const act = known.toSorted((a, b) => effectOf(a) - effectOf(b) || a.seq - b.seq).at(-1);
    const document = act?.document.card as CardDocument | undefined;
    const found = document?.discounts?.find((one) => one.key === key);
    if (found !== undefined) return found.charges ?? null;
  }
  return undefined;
}
