/**
 * What commitments make of one statement, with decimal.js, from docs/periods-and-statements.md:
 * usage goes from one to the next, and each has drawn the smaller of its usage and its amount.
 */
import type { Decimal } from "decimal.js";
import { Exact } from "./price-oracle.ts";

/** A commitment, and what came before the statement. */
export interface CommitmentText {
  readonly key: string;
  readonly kind: string;
  readonly amount: string;
  readonly charges: readonly string[] | null;
  readonly overagePercent: string | null;
  /** Whether what is missing is owed with this statement. */
  readonly isLast: boolean;
  readonly usedBefore: string;
}

/** Kind, commitment and exact amount of a line. */
export type CommitmentLineText = readonly [kind: string, key: string, exact: Decimal];

/** Usage that no commitment has been offered yet, or that an earlier one had nothing left for. */
interface Waiting {
  readonly charges: readonly string[] | null;
  readonly amount: Decimal;
}

/** The lines, from what is left of each charge. Every commitment is of all charges or of some. */
export function commitmentLinesOf(
  commitments: readonly CommitmentText[],
  left: ReadonlyMap<string, Decimal>,
): CommitmentLineText[] {
  const waiting: Waiting[] = [...left].map(([charge, amount]) => ({ charges: [charge], amount }));
  const last: { readonly of: CommitmentText; readonly amount: Decimal }[] = [];
  const lines: CommitmentLineText[] = [];
  for (const [at, one] of commitments.entries()) {
    const isIts = ({ charges }: Waiting) =>
      one.charges === null || charges?.every((charge) => one.charges?.includes(charge));
    const own = waiting.filter(isIts);
    const usage = own.reduce((all, { amount }) => all.plus(amount), new Exact(0));
    for (const taken of own) waiting.splice(waiting.indexOf(taken), 1);
    const total = usage.plus(one.usedBefore);
    const drawn = covered(one, total).minus(covered(one, new Exact(one.usedBefore)));
    if (one.kind === "prepaid") lines.push(["commitment", one.key, drawn.negated()]);
    const beyond = usage.minus(drawn);
    const isPassedOn = commitments
      .slice(at + 1)
      .some(
        ({ charges }) => charges === null || one.charges?.every((key) => charges.includes(key)),
      );
    if (isPassedOn) waiting.push({ charges: one.charges, amount: beyond });
    else last.push({ of: one, amount: beyond });
    if (one.kind === "minimum" && one.isLast) {
      lines.push(["true_up", one.key, new Exact(one.amount).minus(covered(one, total))]);
    }
  }
  for (const { of, amount } of last) {
    const percent = new Exact(of.overagePercent ?? 100).minus(100);
    lines.push(["overage", of.key, amount.times(percent).dividedBy(100)]);
  }
  const order = ["commitment", "overage", "true_up"];
  const place = ([kind, key]: CommitmentLineText) =>
    10 * commitments.findIndex((one) => one.key === key) + order.indexOf(kind);
  return lines.filter(([, , exact]) => !exact.isZero()).sort((a, b) => place(a) - place(b));
}

function covered({ amount }: CommitmentText, usage: Decimal): Decimal {
  return Exact.max(0, Exact.min(usage, amount));
}
